"""A row of the table of replies."""

import msgspec

from schemas.facts import ReplyKind

UNQUOTED = r"(?:[^\"']|(?<=[a-z])'(?=[a-z]))"
"""A character outside quotation marks: what a reply quotes is the mail's own text."""

US = (
    r"(?:\b(?:your|this|sending|sender|client|connecting|originating) "
    r"(?:mail ?|smtp |sending )?(?:server|host|mta|client|ips?)\b"
    r"|\b(?:client|ip) address\b|\bclient host\b|\bIPs?\b|\bhost found\b|(?<![\w.])0\.0\.0\.0|(?<![\w:])::(?!\w))"
)
"""The IP or the host that a reply is about: addresses were replaced before."""

BETWEEN = r"(?:(?!\b(?:not|never|no longer|sender|recipient|domain|attachment|subject|user|account)\b)" + UNQUOTED + ")"
"""A character between the IP and what is said of it, where neither a negation nor another subject begins."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One way of a server to say something.

    `pattern` is compared, without regard to case, from the first word behind the reply's codes on; its group `zone`, if
    it has one, is a DNSBL's zone that the reply names; `of_lists` if it must be called as lists are. One of the `words`
    (in lower case) stands in each reply that it fits. `codes` are beginnings of the reply's code or enhanced status.
    Rows of a lower `rank` are asked first: 0 what must not be taken for something else, 1 the words of one server or
    list, 2 and 3 what many say. The `sample` is what a server said, as the `source` tells; one not found anywhere is
    `constructed` from what the source describes.
    """

    name: str
    kind: ReplyKind
    pattern: str
    sample: str
    source: str
    words: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    named: str = ""
    of_lists: bool = False
    rank: int = 1
    constructed: bool = False
