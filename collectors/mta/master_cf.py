"""Postfix's master.cf: which transport sends through which IP.

Manual: https://www.postfix.org/master.5.html
"""

import shlex
from collections.abc import Iterator
from itertools import pairwise

from collectors.addresses import ip_or_empty
from collectors.mta.postfix import transport_of

_COLUMNS = 8
_CLIENTS = frozenset({"smtp", "lmtp"})


def transports(text: str) -> dict[str, str]:
    """Return the outbound IP of each transport, by the name that its log lines carry.

    A transport without `syslog_name` of its own logs as all others of its daemon do: it is left out unless it is the
    only one. Of two addresses, the IPv4 one counts.
    """
    found: dict[str, set[str]] = {}
    for fields in _services(text):
        daemon = fields[_COLUMNS - 1].rpartition("/")[2]
        if fields[1] == "inet" or daemon not in _CLIENTS:
            continue
        options = _options(fields[_COLUMNS:])
        name = transport_of(f"{options.get('syslog_name', 'postfix')}/{daemon}")
        ip = options.get(f"{daemon}_bind_address") or options.get(f"{daemon}_bind_address6", "")
        found.setdefault(name, set()).add(ip_or_empty(ip.strip("[]")))
    return {name: ip for name, ips in found.items() if len(ips) == 1 for ip in ips if ip}


def _services(text: str) -> Iterator[list[str]]:
    """Give the words of each service; a line that begins with a blank continues the one before."""
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
        if len(fields) >= _COLUMNS:
            yield fields


def _words(line: str) -> list[str]:
    """Return the words of a service; braces hold a word together: `-o { name = value }`."""
    if "{" not in line:
        return line.split()
    try:
        return shlex.split(line.replace("{", "'").replace("}", "'"))
    except ValueError:
        return line.split()


def _options(words: list[str]) -> dict[str, str]:
    options = {}
    for flag, word in pairwise(words):
        if flag == "-o":
            name, _, value = word.partition("=")
            options[name.strip()] = value.strip()
    return options
