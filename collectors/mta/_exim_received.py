"""Exim: the line of a message that came (`<=`), which tells all of it at once: who handed it in, its id, its size.

Read from the left: sender, client, protocol, login and size stand before the Message-ID, the subject and the
recipients, which are strangers' text. But a HELO (`_exim_client`), an ident and a client's certificate stand before the
login. Where what follows the size looks like those fields once more, one of the two is imitated, and which cannot be
told: the line is a dead letter, and its message nobody's.
"""

import re

from collectors.mta._exim_client import ADDRESS, IN_BRACKETS, NOBODY, QUOTED, again, client_of
from collectors.mta._tls import in_the_clear, version_of
from collectors.mta.records import Identified, Queued, Received, Several

_SENDER = re.compile(rf"(?:<>|({ADDRESS}))(?: R=\S+)?(?: DS)?")
_FIELD = re.compile(rf" (?:([A-Z][A-Z0-9]{{0,3}})=)?({QUOTED}|\[[^\] ]*\]\S*|\S*)")
_MOST_FIELDS = 64
_PROTOCOL = re.compile(r" P=(?=\S)")
_BEHIND_LOGIN = re.compile(r" (?:PRDR|PRX=\S+|K|S=\S+)(?= |$)")
_TAIL = re.compile(
    r"(?: M8S=\d+)?(?: DKIM=\S+)?(?: ARC)?(?: RT=\S+)?(?: Q=\S+)?"
    rf"(?: id\*?=({QUOTED}@\S+|\S+))?(?: T={QUOTED})?(?: from <{IN_BRACKETS}>)?"
)
_RECIPIENTS = re.compile(rf" for((?: {ADDRESS})++)")
_RECIPIENT = re.compile(ADDRESS)
_SIZE_AGAIN = re.compile(r" S=\w+(?: [A-Z0-9]{1,5}=\S*| ARC){0,8}+ (?:T|id\*?)=")
_LONGEST_SIZE = 15
_WITH_TLS, _WITHOUT_TLS = ("esmtpsa", "essmtpa"), ("esmtpa",)  # RFC 3848; Exim says essmtpa where TLS came first


def received(at: int, host: str, queue_id: str, text: str) -> Several:
    """Return what a line says behind `<= `. ValueError where it has no sender or no size, or seems to have two."""
    sender = _SENDER.match(text)
    if sender is None:
        raise ValueError("a message without its sender")
    end, client = sender.end(), NOBODY
    remote = text.startswith(" H=", end)
    if remote:
        client = client_of(text, end + 3)
        end = client.end
    fields, end = _fields(text, end)
    if remote and _is_told_again(text, end):
        raise ValueError("a message that is told twice: its HELO, its subject or another text imitates the log")
    tail = _TAIL.match(text, end)
    message_id = (tail[1] or "") if tail is not None else ""
    end = tail.end() if tail is not None else end
    recipients = _RECIPIENTS.match(text, end)
    size = fields["S"]
    queued = Queued(
        at,
        host,
        queue_id,
        sender[1] or "",
        int(size) if size.isdecimal() and len(size) <= _LONGEST_SIZE else 0,
        len(_RECIPIENT.findall(recipients[1])) if recipients is not None else 0,
    )
    method, mailbox = login_of(fields.get("A", ""))
    protocol = fields.get("P", "").removeprefix("utf8")
    begun = Received(
        at, host, queue_id, client.name, client.ip, method, mailbox, uid="" if remote else fields.get("U", ""),
        helo=client.helo,
        tls=protocol in _WITH_TLS,
        tls_version=version_of(fields.get("X", "")),
        cleartext=protocol in _WITHOUT_TLS and in_the_clear(client.ip, method),
    )  # fmt: skip
    if not message_id:
        return Several(at, host, (begun, queued))
    return Several(at, host, (begun, Identified(at, host, queue_id, message_id), queued))


def _is_told_again(text: str, start: int) -> bool:
    """Tell whether the size, the protocol or the client seem to come again behind `start`."""
    if _SIZE_AGAIN.search(text, start) is not None:
        return True
    mark = again(text, start)
    return mark is not None and text.find(" S=", mark.end()) >= 0


def login_of(text: str) -> tuple[str, str]:
    """Return the authenticator and the mailbox of `A=…`: behind a second colon stands the client's word (AUTH=)."""
    method, _, rest = text.partition(":")
    return method, rest.partition(":")[0]


def _fields(text: str, start: int) -> tuple[dict[str, str], int]:
    """Return the fields from `start` to the size, of each the first, and where they end."""
    fields: dict[str, str] = {}
    for _ in range(_MOST_FIELDS):
        match = _FIELD.match(text, start)
        if match is None:
            break
        key, value, start = match[1], match[2], match.end()
        if key in {"U", "A"} and key not in fields:  # a user's name may hold blanks
            behind = (_PROTOCOL if key == "U" else _BEHIND_LOGIN).search(text, match.start(2))
            if behind is not None:
                value, start = text[match.start(2) : behind.start()], behind.start()
        if key:
            fields.setdefault(key, value)
        if key == "S":
            return fields, start
    raise ValueError("a message without its size")
