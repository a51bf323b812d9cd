"""What a server said, and to which command: the codes, and the words as phrases are looked for in them."""

import re
from functools import lru_cache
from typing import NamedTuple
from unicodedata import combining, normalize

from schemas.reasons.plain import plain

_MOST = 900
_CODE = re.compile(r"(?:^|[:;<\[(]|error)\s{0,3}([45]\d\d)(?=[ \-,#]|: |$)")
_OWN_STATUS = re.compile(r"(?:^#?|[#(\[]#?)([45]\.\d{1,3}\.\d{1,3})(?![.\d])")
_APART = bytes(ord(" ") if not chr(one).isalnum() and one != ord("#") else one for one in range(256))
_BY_AU = re.compile(r"@(?:[\w-]{1,40}\.)?(?:ezweb\.ne\.jp|au\.com)>: user unknown", re.IGNORECASE)
_POSTFIX = ("host ", "delivery temporarily suspended: host ")
_REFUSED = "refused to talk to me: "
_SAID = " said: "
_REPLY_TO = " (in reply to "
_COMMAND = re.compile(  # Exim's and Postfix's words, then qmail's, Google's and DragonFly's
    r"\b(?:(?:after|in reply to) (?:pipelined )?|our (?:final )?|command )"
    r"(?:(?P<rcpt>RCPT TO)|(?P<data>(?:end of )?DATA|sending data|\.)|(?P<mail>MAIL FROM)"
    r"|(?P<connect>initial connection|EHLO|HELO|STARTTLS))"
    r"|(?P<liked>does[ _]not[ _]like[ _]recipient|\[RCPT_TO\]|RCPT (?:TO )?(?:command|response)|SMTP:RCPT)"
    r"|(?P<taken>after[ _]I[ _]sent[ _]the[ _]message|TEXT command|\(DATA\))"
    r"|(?P<sender>sender[ _]was[ _]rejected|\[MAIL_FROM\]|MAIL (?:FROM )?command)"
    r"|(?P<greeted>greeting[ _]failed)",
    re.IGNORECASE,
)
_PARTS = {
    "rcpt": "rcpt",
    "data": "data",
    "end-of-message": "data",
    "mail": "mail",
    "connect": "connect",
    "ehlo": "connect",
    "helo": "connect",
}
_SAME = {"liked": "rcpt", "taken": "data", "sender": "mail", "greeted": "connect"}


class Said(NamedTuple):
    """A reply: its code, its enhanced status (either may be ""), the command it answers, and its words.

    `after` is `connect`, `mail`, `rcpt`, `data`, or "" where nothing tells it. The words are without what differs from
    mail to mail.
    """

    code: str
    status: str
    after: str
    words: str


def said(reply: str, command: str) -> Said:
    """Return what a server said, to `command` where that is known already.

    What stands before the reply's code is the MTA's own, and so is the note behind it that Postfix adds: only these
    tell the command. The server's own text cannot, nor can its name, which Postfix writes before.
    """
    text = reply[:_MOST]
    start = text.find(_SAID) if text.startswith(_POSTFIX) else 0
    found = _CODE.search(text, max(0, start))
    begin = found.start(1) if found else len(text)
    theirs = text[begin:] if found else text
    bare = plain("", theirs)
    after = _named(command) if command else _after(text, begin)
    if not after and ">: " in theirs and _BY_AU.search(theirs):
        after = "rcpt"  # au (KDDI) names the address where no mailbox is; without it a filter speaks
    return Said(bare.code or (found[1] if found else ""), bare.status, after, bare.words)


def ready(told: Said, status: str) -> Said:
    """Return a reply as rows are compared with it: its words as phrases, its status from anywhere, or else `status`.

    The words are in lower case, without accents and punctuation, a space before and behind them; letters beyond Latin 1
    are left out.
    """
    own = None if told.status else _OWN_STATUS.search(told.words)
    return told._replace(status=told.status or (own[1] if own else status), words=phrased(told.words))


def _named(command: str) -> str:
    """Return which command is meant, in whichever way it is written (`RCPT TO`, `end of DATA`, `CONNECT`)."""
    lower = command.lower()
    return next((name for part, name in _PARTS.items() if part in lower), "")


def _after(text: str, begin: int) -> str:
    """Return the command that a reply answers, by what stands before `begin`, else by Postfix's note at its end."""
    if text.endswith(_REFUSED, 0, begin):
        return "connect"
    of_postfix = text.startswith(_POSTFIX) and text.endswith(_SAID, 0, begin)
    own = _command(text[:begin]) if begin and not of_postfix else ""
    tail = -1 if own else text.rfind(_REPLY_TO)
    return own if tail < 0 else _command(text[tail:])


@lru_cache(maxsize=256)
def _command(text: str) -> str:
    """Return the command that a text tells of, or ""."""
    found = _COMMAND.search(text)
    return _SAME.get(found.lastgroup or "", found.lastgroup or "") if found else ""


def phrased(words: str) -> str:
    """Return words as phrases are looked for in them."""
    plainly = (words.lower() if words.isascii() else _bare(words)).encode("latin-1", "replace").translate(_APART, b"'")
    return f" {' '.join(plainly.decode('latin-1').split())} "


def _bare(words: str) -> str:
    """Return words in lower case without accents and curly apostrophes, cut again: a letter may become eighteen."""
    apart = normalize("NFKD", words.casefold().replace("\u2019", ""))[: 2 * _MOST]
    return "".join(one for one in apart if not combining(one))
