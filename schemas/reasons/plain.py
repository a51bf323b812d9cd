"""A reply without what differs from one mail to the next, so that its kind is looked for once."""

import re
from functools import lru_cache
from typing import NamedTuple

_MOST = 600
_HOST = re.compile(r"(?:delivery temporarily suspended: )?host \S{1,300} (?:said|refused to talk to me): ")
_CODES = re.compile(r"([45]\d\d)(?:[ -]+|$)(?:#?([45]\.\d{1,3}\.\d{1,3})[ :-]*)?")
_BLANK = re.compile(
    r"(?P<address>(?<![\w.+=-])[\w.+=-]{1,64}@[\w.-]{1,255})"
    r"|(?P<ipv4>(?<![\d.])(?!127\.255\.255\.)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.]*\d))"
    r"|(?P<ipv6>(?<![\w:])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:]))"
    r"|(?P<id>(?<![\w-])(?=[\w-]{7})[A-Za-z_-]{0,40}+\d{1,40}+[A-Za-z_-]{1,40}+\d[\w-]{0,200}+)"
    r"|(?P<token>(?<=\[)(?=[\w-]{0,40}[a-z])(?=[\w-]{0,40}[A-Z])[\w-]{12,60}(?:\.\w{1,10})?(?=\]))"
    r"|(?P<number>\d{5,})"
)
_TOLD = re.compile(r"[@\d\[]")
_FORMS = {"address": "x@x", "ipv4": "0.0.0.0", "ipv6": "::", "id": "0", "token": "0", "number": "0"}  # noqa: S104 no socket is bound
_DIGITS = re.compile(r"\d+")
_KNOWN_WORDS = 8192


class Plain(NamedTuple):
    """A reply's code, its enhanced status, and its words; both codes are "" where a server was not even reached."""

    code: str
    status: str
    words: str


def plain(status: str, reply: str) -> Plain:
    """Return a reply without its host, its lines' repeated codes, and addresses, ids and long numbers of its own.

    These keep their form: an IP becomes 0.0.0.0 or ::, a mail address x@x, an id or a number 0. 127.255.255.x stays: by
    it a list says that it did not answer.
    """
    text = reply[:_MOST]
    if text.startswith(("host ", "delivery ")) and (host := _HOST.match(text)):
        text = text[host.end() :]
    if (end := text.rfind(" (in reply to ")) > 0:
        text = text[:end]
    codes = _CODES.match(text)
    if codes is None:
        return Plain("", status, " ".join(map(_blanked, text.split())))
    code, own = codes[1], codes[2] or ""
    words = text[codes.end() :].removeprefix('"').split()
    if f"{code}-" in text or f" {code} " in text:
        words = _joined(words, code, own)
    return Plain(code, own or status, " ".join(map(_blanked, words)))


def _joined(words: list[str], code: str, own: str) -> list[str]:
    """Return the words of a reply of several lines without the codes that each line begins with."""
    head, length = f"{code}-", len(code) + 1
    joined = [
        word[length:].removeprefix(own) if word.startswith(head) else word
        for before, word in zip(["", *words], words, strict=False)
        if word != code and (word != own or before != code)
    ]
    return [word for word in joined if word]


@lru_cache(maxsize=_KNOWN_WORDS)
def _blanked(word: str) -> str:
    return _BLANK.sub(_form, word) if _TOLD.search(word) else word


def _form(found: "re.Match[str]") -> str:
    return _FORMS[found.lastgroup or ""]


def fingerprint(reply: Plain) -> str:
    """Return what replies of one kind have in common, though no row knows them: no number of theirs is left."""
    head = " ".join(part for part in (reply.code, reply.status) if part)
    return f"{head} {_DIGITS.sub('0', reply.words)}".strip()[:300]
