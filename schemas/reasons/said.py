"""What a server said, and to which command: the codes, and the words as phrases are looked for in them."""

import re
from typing import NamedTuple

from schemas.reasons.plain import plain

_MOST = 900
_CODE = re.compile(r"(?:^|[:;<\[(]|error)\s{0,3}([45]\d\d)(?=[ \-,#]|: |$)")
_OWN_STATUS = re.compile(r"(?:^#?|[#(\[]#?)([45]\.\d{1,3}\.\d{1,3})(?![.\d])")
_APART = str.maketrans(dict.fromkeys(',;:!?"()<>[]{}|=*`_\\/.+&%@~^$-', " ") | dict.fromkeys("'\u2019"))
_BY_AU = re.compile(r"@(?:[\w-]{1,40}\.)?(?:ezweb\.ne\.jp|au\.com)>: user unknown", re.IGNORECASE)
_COMMANDS = (
    ("rcpt", ("rcpt", "does not like recipient", "does_not_like_recipient")),
    ("data", ("end of data", "data command", "command data", "final data", "after data", "(data)", "text command")),
    ("data", ("after i sent the message", "after_i_sent_the_message", "pipelined data", "reply to data", "dot")),
    ("mail", ("mail from", "sender was rejected", "sender_was_rejected", "mail_from", "mail command")),
    ("connect", ("refused to talk to me", "initial connection", "greeting", "ehlo", "helo", "connecting")),
)


class Said(NamedTuple):
    """A reply: its code, its enhanced status (either may be ""), the command it answers, and its words.

    `after` is `connect`, `mail`, `rcpt`, `data`, or "" where nothing tells it. The words are in lower case, without
    punctuation and without what differs from mail to mail, a space before and behind them.
    """

    code: str
    status: str
    after: str
    words: str


def said(reply: str, command: str) -> Said:
    """Return what a server said.

    What stands before the reply's code is the MTA's own, and so is the note behind it that Postfix adds: only these
    tell the command. The server's own text cannot.
    """
    text = " ".join(reply[:_MOST].split())
    found = _CODE.search(text)
    own, theirs = (text[: found.start(1)], text[found.start(1) :]) if found else ("", text)
    tail = theirs.rfind(" (in reply to ")
    after = _command(command) or _command(own + theirs[tail:] if tail >= 0 else own)
    bare = plain("", theirs)
    told = _OWN_STATUS.search(bare.words)
    if _BY_AU.search(theirs):  # au (KDDI) names the address where no mailbox is; without it a filter speaks
        after = after or "rcpt"
    code = bare.code or (found[1] if found else "")
    return Said(code, bare.status or (told[1] if told else ""), after, phrased(bare.words))


def _command(text: str) -> str:
    lower = text.lower()
    for command, marks in _COMMANDS:
        if lower == command or any(mark in lower for mark in marks):
            return command
    return ""


def phrased(words: str) -> str:
    """Return words as phrases are looked for in them."""
    return f" {' '.join(words.lower().translate(_APART).split())} "
