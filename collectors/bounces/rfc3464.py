"""Delivery status notifications as RFC 3464 has them, and the odd ones that only look so.

Read are also: fields in the text because the mail lost its parts (of several relays, PMDF, Amazon WorkMail); a part in
base64; a status part without `report-type`; `Status: RO` and words beside the status; `Action` in other words;
addresses in xtext; continuation lines that are not indented. A field is one only at the beginning of a line: what a
remote server said is indented, so that it cannot become one.
Ignored by decision: what the returned mail holds, read receipts and feedback reports.
Format: https://www.rfc-editor.org/rfc/rfc3464
"""

import re
from base64 import b64decode
from binascii import Error
from email.message import Message
from quopri import decodestring
from sys import maxunicode

from collectors import headers
from collectors.bounced import Failed, Told
from collectors.bouncemail import ADDRESS, BounceMail, entries
from collectors.bounces import sendmail_text
from schemas.bounce_events import BounceAction

_KINDS = frozenset(("message/delivery-status", "message/global-delivery-status"))
_FIELD = re.compile(r"^([A-Za-z][A-Za-z-]{2,40}):[ \t]*(.*)$")
_IN_TEXT = re.compile(r"^(?:final|original)-recipient:", re.IGNORECASE | re.MULTILINE)
_ROUTE = re.compile(r"^(?:@[^:@,]{1,250},?){1,9}:")
_HEX = re.compile(r"\+([0-9A-F]{2})")
_XTEXT = re.compile(r"[^+]++(?:\+(?:2B|3D)[^+]*+)++")
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_NO_CHARACTERS = range(0xD800, 0xE000)
_ACTIONS: dict[str, BounceAction] = {
    "fail": "failed",
    "dela": "delayed",
    "deli": "delivered",
    "rela": "relayed",
    "expa": "expanded",
}
_LONGEST = 256 * 1024
_MOST_EXPLAINED = 50  # of more recipients only the fields are read: the text is looked through for each
_WORD = re.compile(r"[^\W\d_]{3}")
_HEAD = re.compile(rf" {{0,3}}<?(?P<to>{ADDRESS})>?(?: \(.{{1,300}}\))?:(?: +(?P<rest>\S.*))?")
_NOTED = re.compile(r"\(in\s{1,9}reply\s{1,9}to\s{1,9}([A-Za-z\s]{3,40}?)\s{1,9}command\)")
_OF_ADDRESS = re.compile(r"Reason: Remote SMTP server has rejected address\n +Diagnostic code: smtp; ?5\d\d (?!5\.7\.)")
_ANSWERED = re.compile(
    r"^>>> ([A-Z]{4}(?: FROM| TO)?)[^\n]{0,900}\n(?:<<< 2[^\n]{0,900}\n){0,9}<<< [45]", re.MULTILINE | re.IGNORECASE
)
# https://www.bird.com/en/powermta-manual: what its own classifier made of the reply
_CATEGORIES = {
    "bad-mailbox": "user_unknown",
    "bad-domain": "host_unknown",
    "inactive-mailbox": "mailbox_disabled",
    "quota-issues": "mailbox_full",
    "message-expired": "expired",
    "no-answer-from-host": "expired",
    "spam-related": "spam_content",
    "virus-related": "virus",
    "relaying-issues": "relay_denied",
}
Fields = dict[str, str]


def read(bounce: BounceMail) -> Told | None:
    """Return what a report tells, None where the mail is none. ValueError where it is one that names no recipient."""
    part = next((part for part in bounce.parts if part.get_content_type() in _KINDS), None)
    if part is None and not _IN_TEXT.search(bounce.text):
        return None
    blocks = _blocks(_content(part) if part is not None else bounce.text)
    text = bounce.text if len(blocks) < _MOST_EXPLAINED else ""
    told = _explanations(bounce) if text else {}
    failed = tuple(_failed(block, text, told) for block in blocks if _recipient(block))
    if not failed:
        raise ValueError("a delivery report that names no recipient")
    of_all = next((block for block in blocks if "reporting-mta" in block), {})
    arrived = next((block["arrival-date"] for block in blocks if "arrival-date" in block), "")
    queue_id = next((block["x-postfix-queue-id"] for block in blocks if "x-postfix-queue-id" in block), "")
    return Told(failed, _value(of_all.get("reporting-mta", "")), queue_id, arrived)


def _content(part: Message) -> str:
    """Return the fields of a status part, its transfer encoding taken off where there is one."""
    text = headers.text(headers.payload(part))
    encoding = headers.first(part, "Content-Transfer-Encoding").lower()
    try:
        if encoding == "base64" and "recipient:" not in text.lower():
            return b64decode(text[:_LONGEST]).decode("utf-8", "replace").replace("\r\n", "\n")
    except Error as error:
        raise ValueError(f"a delivery report in base64 that cannot be read: {error}") from error
    if encoding == "quoted-printable":
        return decodestring(text[:_LONGEST].encode()).decode("utf-8", "replace").replace("\r\n", "\n")
    return text[:_LONGEST]


def _blocks(text: str) -> list[Fields]:
    """Return the groups of fields, each name in lower case; a second recipient begins a group, too."""
    groups: list[Fields] = [{}]
    name = ""
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line.strip():
            groups += [{}] if groups[-1] else []
            name = ""
        elif field := _FIELD.match(line):
            name = field[1].lower()
            if name == "final-recipient" and name in groups[-1]:
                groups.append({})
            groups[-1].setdefault(name, field[2].strip())
        elif name and not line.startswith("--"):
            groups[-1][name] += f" {line.strip()}"
    return [group for group in groups if group]


def _recipient(block: Fields) -> str:
    told = block.get("final-recipient") or block.get("original-recipient") or ""
    return _ROUTE.sub("", headers.address(_plain(_value(told))))


def _failed(block: Fields, text: str, told: Fields) -> Failed:
    action, status = block.get("action", "").lower(), block.get("status", "")
    to, diagnosis = _recipient(block), block.get("diagnostic-code", "")
    if to.startswith("@") and len(told) == 1:  # sendmail, where it could not resolve the domain
        to = next(iter(told))
    reply = _value(diagnosis)
    if not _WORD.search(reply) and _action(action, status) in {"failed", "delayed"}:  # none, or a program's exit status
        reply = told.get(to.lower()) or " ".join(text.split())[:1000]
    if action.startswith("expire"):
        reply = f"expired: {reply}"
    return Failed(
        to,
        reply,
        status,
        _action(action, status),
        headers.address(_plain(_value(block.get("original-recipient", "")))),
        _value(block.get("remote-mta", "")).partition(" ")[0],
        reason=_CATEGORIES.get(block.get("x-powermta-bouncecategory", ""), ""),
        otherwise="local_delivery" if diagnosis.lower().startswith("x-unix") else "",
        command=_command(text, to),
    )


def _action(word: str, status: str) -> BounceAction:
    """Return what happened by its first letters; a word that nobody knows is a failure, but for a status of 2xx."""
    return _ACTIONS.get(word[:4], "delivered" if status.startswith("2") else "failed")


def _value(field: str) -> str:
    """Return a field's value without its type (`rfc822;`, `dns;`, `smtp;`), where it has one."""
    kind, semicolon, value = field.partition(";")
    return value.strip() if semicolon and kind.strip().replace("-", "").isalnum() else field.strip()


def _plain(address: str) -> str:
    r"""Return an address that was left in xtext (RFC 3461), or written as `\x{FC}` (RFC 6533), as it is.

    With an "@" it is in xtext where each plus begins what stands for "+" or "=", the only ones of an address that xtext
    does not leave as they are; any other address with a plus is none.
    """
    if "\\x{" in address:
        return _UNICODE.sub(_character, address)
    if ("@" in address and not _XTEXT.fullmatch(address)) or ("@" not in address and "+40" not in address):
        return address
    return _HEX.sub(lambda found: chr(int(found[1], 16)), address)


def _character(written: re.Match[str]) -> str:
    number = int(written[1], 16)
    return chr(number) if number not in _NO_CHARACTERS and number <= maxunicode else written[0]


def _explanations(bounce: BounceMail) -> Fields:
    """Return what the text says of each recipient, for where the fields do not tell why."""
    told = {each.recipient.lower(): each.reply for each in sendmail_text.transcribed(bounce) or ()}
    return told | {to.lower(): reply for to, reply in entries(bounce.lines, _HEAD) if reply}


def _command(text: str, to: str) -> str:
    """Return the SMTP command that was answered, as Postfix notes it behind the recipient, or sendmail's transcript."""
    below = text[max(0, text.lower().find(to.lower())) :]
    noted, answered = _NOTED.search(below), _ANSWERED.search(below)
    if noted:
        return " ".join(noted[1].split())
    if answered:
        return answered[1]
    return "rcpt" if _OF_ADDRESS.search(below) else ""
