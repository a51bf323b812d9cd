"""What another program has wrapped around an MTA's lines: Docker's json-file, `docker compose logs`, Kubernetes.

Pure. Read are `{"log":"…","stream":"stdout","time":"…"}`, `postfix-1  | …` with or without colours, the stamps of
`--timestamps` in front, and `… stdout F …` of container runtimes. The time is the line's own, never the wrapper's.
Formats: https://docs.docker.com/engine/logging/drivers/json-file/ and
https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
"""

import re

import msgspec

_JSON = '{"log":"'
_COLOUR = r"(?:\x1b\[[0-9;]{0,12}m)?"
_SERVICE = re.compile(rf"{_COLOUR}[A-Za-z0-9][A-Za-z0-9_.-]{{0,99}}+ {{1,60}}+\| {_COLOUR}")
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{9}(?:Z|[+-]\d{2}:\d{2}) (?:std(?:out|err) [FP] )?")
_TWICE = re.compile(rf"{_STAMP.pattern}(?:@[0-9a-f]{{24}}|\d{{4}}-\d{{2}}-\d{{2}}[T ]\d{{2}}:\d{{2}}:\d{{2}}[.,]\d)")

_AFTER_STAMP = len("2026-11-29T02:30:05.123456789")
_ZONES = frozenset("Z+-")


class _Logged(msgspec.Struct):
    log: str


def unwrapped(text: str) -> str:
    """Return the line that a line holds; the line itself where nothing is wrapped around it."""
    if text.startswith(_JSON):
        try:
            return msgspec.json.decode(text, type=_Logged).log.rstrip("\r\n")
        except (msgspec.DecodeError, RecursionError):
            return text
    if "| " not in text and text[_AFTER_STAMP : _AFTER_STAMP + 1] not in _ZONES:  # most lines
        return text
    service = _SERVICE.match(text)
    stamp = _STAMP.match(text, service.end() if service is not None else 0)
    end = stamp or service
    return text[end.end() :] if end is not None else text


def stamped_twice(text: str) -> bool:
    """Tell whether a container's stamp has the line's own behind it, which a format might take for a host's name."""
    return text[_AFTER_STAMP : _AFTER_STAMP + 1] in _ZONES and _TWICE.match(text) is not None


def only_stamped(text: str) -> bool:
    """Tell whether nothing but a stamp is in front of what a line holds."""
    return _STAMP.match(text) is not None
