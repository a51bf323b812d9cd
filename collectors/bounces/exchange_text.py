"""The texts of Exchange, Domino and Notes where their status part is missing.

Exchange 4 to 2000 write "did not reach the following recipient(s):" or "could not be reached:", as hMailServer does,
Exchange 2007 and 365 "Delivery has failed to these recipients", Domino "was not delivered to: … because:", Notes
"Failure Reasons".
Manual: https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online
"""

import re
from collections.abc import Callable, Iterator

from collectors.bounced import Failed, Told
from collectors.bouncemail import ADDRESS, BounceMail, after, entries

_OLD = re.compile(
    r"^ *(?:did not reach the following recipient(?:\(s\))?|The following recipients?(?:\(s\))? could not be reached)"
    r": *(?P<to>\S*)$",
    re.IGNORECASE,
)
_SENT = re.compile(r"Error Type: SMTP .{0,400}?hMailServer sent: (.{0,400}?) Remote server replied: ")
_ON = re.compile(rf" *(?P<to>{ADDRESS})(?: on (?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),|\d).*)?")
_NEW = re.compile(r"^Delivery has failed to these recipients")
_ADMINISTRATORS = re.compile(r"^Diagnostic information for administrators:")
_BARE = re.compile(rf"(?P<to>{ADDRESS})(?:<mailto:{ADDRESS}>)?")
_DOMINO = re.compile(r"^was not delivered to:")
_BECAUSE = re.compile(r"^because:")
_NOTES = re.compile(r"^-{3,10} +Failure Reasons +-{3,10}")


def read(bounce: BounceMail) -> Told | None:
    """Return what such a text tells, None for any other mail. ValueError where it names no recipient."""
    for anchor, tell in _FORMS:
        lines = after(bounce.lines, anchor)
        if lines is not None:
            failed = tuple(tell(bounce, lines))
            if not failed:
                raise ValueError("a bounce in the words of Exchange or Notes that names no recipient")
            return Told(failed)
    return None


def _old(bounce: BounceMail, lines: list[str]) -> Iterator[Failed]:
    anchor = next(found for line in bounce.lines if (found := _OLD.search(line)))
    if "@" in anchor["to"]:
        yield Failed(anchor["to"])
    for to, reply in entries(lines, _ON):
        sent = _SENT.match(reply)
        yield Failed(
            to, reply[sent.end() :].removesuffix(" hMailServer") if sent else reply, command=sent[1] if sent else ""
        )


def _new(_: BounceMail, lines: list[str]) -> Iterator[Failed]:
    told = after(lines, _ADMINISTRATORS)
    yield from (Failed(to, reply) for to, reply in entries(lines if told is None else told, _BARE))


def _domino(_: BounceMail, lines: list[str]) -> Iterator[Failed]:
    why = " ".join(line.strip() for line in after(lines, _BECAUSE) or [])
    yield from (Failed(to, why) for to, _ in entries(lines[: _at(lines, _BECAUSE)], _ON))


def _notes(_: BounceMail, lines: list[str]) -> Iterator[Failed]:
    why = " ".join(line.strip() for line in lines if line.strip() and not _BARE.fullmatch(line))
    yield from (Failed(to, why) for to, _ in entries(lines, _BARE))


def _at(lines: list[str], anchor: re.Pattern[str]) -> int:
    return next((at for at, line in enumerate(lines) if anchor.search(line)), len(lines))


_FORMS: tuple[tuple[re.Pattern[str], Callable[[BounceMail, list[str]], Iterator[Failed]]], ...] = (
    (_OLD, _old),
    (_NEW, _new),
    (_DOMINO, _domino),
    (_NOTES, _notes),
)
