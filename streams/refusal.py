"""Whom a final refusal blames, by the table of replies: an unknown recipient, the content, our address, or nobody.

The text is a stranger's: only such words count against a sender as servers use for it. What no row knows counts as
content where its status or its words say so.
"""

from typing import Literal

from schemas.facts import ReplyKind
from streams.replies.table import built_in

Blame = Literal["recipient", "content", "address", ""]

_BLAMED: dict[ReplyKind, Blame] = {
    "listed": "address",
    "reputation": "address",
    "volume": "address",
    "setup": "address",
    "content": "content",
    "recipient": "recipient",
}


def blame(status: str, reply: str) -> Blame:
    """Return whom a refusal for good blames: the recipient's address, the content or sender, our IP, or nobody."""
    kind = built_in().find(status, reply).kind
    if kind != "unknown":
        return _BLAMED.get(kind, "")
    return "content" if status.startswith(("5.7.", "5.6.")) or "spam" in reply.lower() else ""
