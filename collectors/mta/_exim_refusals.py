"""Exim: the lines with which it tells that it refused a command, and those that tell of logins.

The client, the sender's address and the login stand before the command's argument and the ACL's message. Where a client
seems to be named twice (`_exim_client`), the refusal or the failure is told without client and login.
"""

import re
from typing import TYPE_CHECKING, cast

from collectors.mta._exim_client import IN_BRACKETS, NOBODY, QUOTED, again, client_of
from collectors.mta._exim_received import login_of
from collectors.mta.records import LoginTried, Refused

if TYPE_CHECKING:
    from schemas.facts import LoginOutcome

_LONGEST_REPLY = 2000
_INTERFACE = (
    r"(?: I=\[[^\] ]*\](?::?\d+)?)?(?: U=(?:(?! F=<| P=| A=| D=| (?:temporarily )?rejected |: \d{3} ).){0,128}+)?"
)
_BEFORE = re.compile(
    rf"{_INTERFACE}(?: P=\S+)?(?: L[-.*]*)?(?: X=\S+)?(?: CV=\S+)?(?: DN={QUOTED})?(?: SNI=\S*)?"
    rf"(?: F=<({IN_BRACKETS})>)?(?: A=(\S.{{0,256}}?))? (temporarily )?rejected ",
    re.DOTALL,
)
_STAGES = dict.fromkeys(("after", "during", "by"), "END-OF-MESSAGE") | {"connection": "CONNECT"}
_ADDRESSED = re.compile(rf"(?: F=(?:<({IN_BRACKETS})>|(<>|[^< ]\S*)))?(?: DS)?(?: H=)?")
_WHAT = re.compile(
    r"(?P<acl>after DATA(?: PRDR)?|during MIME ACL checks|by local_scan\(\)|by non-SMTP ACL"
    r"|connection in \"connect\" ACL)(?=:|$)"
    rf"|(?P<command>[A-Z]{{4,8}})(?: or HELO)?(?: <(?P<address>{IN_BRACKETS})>| (?P<bare>[^ :]++))?[^:]*+(?=: |$)"
)
_OF_SESSION = re.compile(
    rf"rejected (?:(?P<hello>HELO|EHLO) from |(?:MAIL FROM:|from )<(?P<sender>{IN_BRACKETS})>(?: H=)?)"
)
_MESSAGE = re.compile(rf"{_INTERFACE}: (.*)", re.DOTALL)
_CODE = re.compile(r"([45]\d\d)[ -](?:([45]\.\d{1,3}\.\d{1,3})(?= |$))?")
_AUTHENTICATOR = re.compile(r"(\S{1,64}) authenticator failed for ")
_WRONG = re.compile(
    rf"{_INTERFACE}: (?:(?P<code>535 Incorrect authentication data)(?: \(set_id=(?P<user>.*)\))?"
    r"|435 .{0,64}?(?: \(set_id=(?P<asked>.*?)\))?(?:: .*)?)",
    re.DOTALL,
)
_NO_MAIL = re.compile(r"no MAIL in (?:TFO\*? )?SMTP connection from ")
_SPENT = re.compile(
    rf"{_INTERFACE} D=\S+ A=(\S.{{0,256}}?)(?: X=\S+)?(?: CV=\S+)?(?: DN={QUOTED})?(?: SNI=\S*)?(?: C=\S*)?"
)


def refused(at: int, host: str, queue_id: str, text: str) -> Refused | None:
    """Return what was refused, or None where the line tells of no refusal, or only what came before one."""
    if text.startswith("rejected "):
        return _of_session(at, host, queue_id, text)
    text = f" {text}"
    addressed = _ADDRESSED.match(text)
    client, end = NOBODY, addressed.end() if addressed is not None else 0
    if text.startswith("H=", end - 2):
        client = client_of(text, end)
        end = client.end
    before = _BEFORE.match(text, end)
    what = _WHAT.match(text, before.end()) if before is not None else None
    if addressed is None or before is None or what is None:
        return None
    mailbox = login_of(before[2] or "")[1]
    if again(text, what.end()) is not None:
        client, mailbox = NOBODY, ""
    senders = [sender for sender in (*addressed.groups(), before[1]) if sender is not None]
    argument = what["address"] if what["address"] is not None else what["bare"] or ""
    command = what["command"] or ""
    if command == "MAIL":
        senders.append(argument)
    reply = text[what.end() :].removeprefix(": ")
    code, status = _code(reply, "451" if before[3] else "550")
    return Refused(
        at,
        host,
        queue_id,
        command or _STAGES[what["acl"].partition(" ")[0]],
        client.name,
        client.ip,
        code,
        status,
        reply[:_LONGEST_REPLY],
        (senders[-1] if senders else "").replace("<>", ""),
        bool(senders),
        argument if command == "RCPT" else "",
        client.helo,
        mailbox,
    )


def _of_session(at: int, host: str, queue_id: str, text: str) -> Refused | None:
    """Return a refusal without an ACL: a HELO that is none, a message that is too big."""
    match = _OF_SESSION.match(text)
    if match is None:
        return None
    hello = match["hello"] or ""
    remote = hello or text.startswith("H=", match.end() - 2)
    client = client_of(text, match.end()) if remote else NOBODY._replace(end=match.end())
    message = _MESSAGE.match(text, client.end)
    if message is None or again(text, message.start(1)) is not None:
        client = NOBODY
    reply = message[1] if message is not None else ""
    return Refused(
        at,
        host,
        queue_id,
        hello or "MAIL",
        client.name,
        client.ip,
        *_code(reply, "501" if hello else "552"),
        reply[:_LONGEST_REPLY],
        match["sender"] or "",
        has_envelope=not hello,
    )


def _code(reply: str, usual: str) -> tuple[int, str]:
    """Return the code and the enhanced status that a message begins with, else the code that Exim uses."""
    match = _CODE.match(reply)
    if match is not None and match[1][0] == usual[0]:
        return int(match[1]), match[2] or ""
    return int(usual), ""


def tried(at: int, host: str, text: str) -> LoginTried | None:
    """Return the login that a line tells of: one that failed, or one behind which no mail came; else None."""
    failed = _AUTHENTICATOR.match(text)
    if failed is not None:
        client = client_of(text, failed.end())
        said = _WRONG.fullmatch(text, client.end)
        if said is None:
            return None  # the client broke off, or did not keep to the protocol: no password was tried
        user, outcome = said["user"] or said["asked"] or "", "failed" if said["code"] else "unavailable"
        reason = text[client.end :].partition(": ")[2].partition(" (set_id=")[0]
        if again(text, client.end) is not None:
            client, user = NOBODY, ""
        return LoginTried(at, host, user, "smtp", cast("LoginOutcome", outcome), client.ip, failed[1], reason[:200])
    idle = _NO_MAIL.match(text)
    if idle is None:
        return None
    client = client_of(text, idle.end())
    spent = _SPENT.fullmatch(text, client.end)
    if spent is None or again(text, client.end) is not None:
        return None
    method, mailbox = login_of(spent[1])
    return LoginTried(at, host, mailbox, "smtp", "succeeded", client.ip, method) if mailbox else None
