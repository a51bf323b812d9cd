"""The audit log: who asked for which order, from where, and what came of it; one line of JSON each."""

import logging

import msgspec

AUDIT = logging.getLogger("relaywarden.audit")


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit log; `role` is a person's, or a token's scopes, `id` the event's."""

    who: str
    role: str
    peer: str
    action: str
    subject: str
    reason: str
    outcome: str
    id: str = ""
    why: str = ""


def audit(line: Audit) -> None:
    """Write a line, in which nothing that somebody wrote breaks it, or shows it in another order (bidi controls)."""
    AUDIT.info("%s", one_line(msgspec.json.encode(line).decode()))


def one_line(text: str) -> str:
    """Return a text in which each sign that is not printable stands as JSON escapes it."""
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in text)


def _escaped(sign: str) -> str:
    pairs = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pairs[at]:02x}{pairs[at + 1]:02x}" for at in range(0, len(pairs), 2))
