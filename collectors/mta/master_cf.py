"""Postfix's master.cf: which transport sends through which IP.

Manual: https://www.postfix.org/master.5.html
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from collectors.addresses import ip_or_empty
from collectors.mta.postfix import transport_of

_COLUMNS = 8
_CLIENTS = frozenset({"smtp", "lmtp"})
_OPTION = re.compile(r"-[cDdlSuvVz]*o(.*)", re.DOTALL)  # flags that take no value may stand before it: -vo
_VARIABLE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\}|\((\w+)\))")
_BRACED = re.compile(r"\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}", re.DOTALL)
_DEEPEST = 10


class Transports(msgspec.Struct, frozen=True):
    """The outbound IPs by the name that a transport's log lines carry; and by service, why its IP cannot be told."""

    ips: dict[str, str]
    unresolved: dict[str, str]


def read(text: str) -> Transports:
    """Return what a master.cf tells. ValueError where it has no SMTP client at all, so is hardly a master.cf.

    A transport without `syslog_name` of its own logs as all others of its daemon do, so its lines tell its IP only if
    all have the same. One without an address of its own is left out. Of two addresses, the IPv4 one counts.
    """
    named: dict[str, dict[str, str]] = {}
    unresolved: dict[str, str] = {}
    for fields in _clients(text):
        try:
            name, ip = _logged(fields)
        except ValueError as error:
            unresolved[fields[0]] = str(error)
        else:
            named.setdefault(name, {})[fields[0]] = ip
    if not named and not unresolved:
        raise ValueError("no smtp or lmtp service in it, so hardly a master.cf")
    ips: dict[str, str] = {}
    for name, services in named.items():
        if len(set(services.values())) == 1:
            ips[name] = next(iter(services.values()))
            continue
        why = f"{', '.join(services)} all log as {name!r}: it needs a syslog_name of its own"
        unresolved |= {service: why for service, ip in services.items() if ip}
    return Transports({name: ip for name, ip in ips.items() if ip}, unresolved)


def _logged(fields: list[str]) -> tuple[str, str]:
    """Return by what name a client logs, and its own address or "". ValueError says what cannot be told."""
    daemon = _daemon(fields)
    options = _options(fields[_COLUMNS:]) | {"service_name": fields[0], "process_name": daemon}
    name = transport_of(f"{_expanded('syslog_name', options) or 'postfix'}/{daemon}")
    for key in (f"{daemon}_bind_address", f"{daemon}_bind_address6"):
        value = _expanded(key, options)
        ip = ip_or_empty(value.strip("[]"))
        if value and not ip:
            raise ValueError(f"{key} = {value} is no IP address")
        if ip:
            return name, ip
    return name, ""


def _expanded(name: str, options: Mapping[str, str]) -> str:
    """Return a parameter with those it refers to, or "". ValueError where one is not set in this service."""
    value = options.get(name, "")
    for _ in range(_DEEPEST):
        if "$" not in value.replace("$$", ""):
            return value.replace("$$", "$")
        value = _VARIABLE.sub(lambda found: found[0] if found[1] else _known(name, found, options), value)
    raise ValueError(f"{name} = {options[name]} cannot be resolved")


def _known(name: str, found: re.Match[str], options: Mapping[str, str]) -> str:
    other = found[2] or found[3] or found[4]
    if other not in options:
        raise ValueError(f"{name} = {options[name]}: master.cf does not tell ${other}")
    return options[other]


def _clients(text: str) -> Iterator[list[str]]:
    """Give the words of each service that sends mail; a line that begins with a blank continues the one before."""
    joined: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace() and joined:
            joined[-1] += line
        else:
            joined.append(line)
    for line in joined:
        fields = _words(line)
        if len(fields) >= _COLUMNS and fields[1] != "inet" and _daemon(fields) in _CLIENTS:
            yield fields


def _daemon(fields: list[str]) -> str:
    return fields[_COLUMNS - 1].rpartition("/")[2]


def _words(line: str) -> list[str]:
    """Return the words of a service; braces hold a word together, and those around a whole word are taken off."""
    words, word, depth = [], "", 0
    for sign in f"{line} ":
        if sign.isspace() and not depth:
            words.append(word)
            word = ""
            continue
        word += sign
        depth = max(0, depth + (sign == "{") - (sign == "}"))
    return [_bare(word) for word in [*words, word] if word]


def _bare(word: str) -> str:
    braced = _BRACED.fullmatch(word)
    return braced[1].strip() if braced else word


def _options(words: list[str]) -> dict[str, str]:
    """Return what `-o name=value` sets, of several the last. ValueError names one that cannot be read."""
    options = {}
    rest = iter(words)
    for word in rest:
        option = _OPTION.fullmatch(word)
        if option is None:
            continue
        told = _bare(option[1]) or next(rest, "")
        name, equals, value = told.partition("=")
        if not (equals and name.strip()) or name.startswith("{"):
            raise ValueError(f"-o {told} is no name=value")
        options[name.strip()] = value.strip()
    return options
