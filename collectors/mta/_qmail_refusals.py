"""What stands before qmail-smtpd: who was refused there, and who logged in.

Manuals: https://cr.yp.to/ucspi-tcp/rblsmtpd.html http://opensource.interazioni.it/qmail/chkuser/documentation/logging_format.html
https://www.spamdyke.org/documentation/README.html
"""

import re

from collectors.addresses import ip_or_empty
from collectors.mta.records import LoginTried, Refused
from schemas.facts import LoginOutcome

_LONGEST_REPLY = 2000
_LONGEST_PEER = 100
_RBLSMTPD = re.compile(r"rblsmtpd: ([0-9A-Fa-f.:]{2,45}) pid \d{1,10}(?: [^ :]{1,255})?: ([45]\d\d) (.*)", re.DOTALL)
_BLOCKED = re.compile(r"rblsmtpd: ([^ ]{1,255}) blocked ([0-9A-Fa-f.:]{2,45}) (.*)", re.DOTALL)
_BAD_IP = re.compile(r"qmail-smtpd: ([45]\d\d) ([a-z]{1,20}): ip ([0-9A-Fa-f.:]{2,45}) rbl: (.*)", re.DOTALL)
_CHKUSER = re.compile(
    r"(?:qmail-smtpd: )?CHKUSER (rejected (?:rcpt|relaying|sender|intrusion)|mbx overquota|must auth"
    r"|intrusion threshold|no auth resource): from <([^:>]*):",
)
_CHKUSER_PEER = re.compile(r":([^:<>]*):((?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f:]{2,45})$")
_SPAMDYKE = re.compile(
    r"spamdyke(?:\[\d{1,10}\])?: (DENIED_[A-Z_]{1,40}|FAILED_AUTH|TIMEOUT) from: ([^ ]*) to: ([^ ]*)"
    r" origin_ip: ([^ ]*) origin_rdns: ([^ ]*) auth: ([^ ]*)(?: .*)?",
    re.DOTALL,
)
_DENIED = re.compile(r"spamdyke(?:\[\d{1,10}\])?: (?:DENIED_|FAILED_AUTH )")
_VCHKPW = re.compile(
    r"vpopmail(?:\[\d{1,10}\])?: vchkpw-(smtps?|submission|pop3s?|imaps?): (?:\(([A-Z0-9-]{1,20})\) )?"
    r"(login success|password fail|vpopmail user not found|null password given|no password|disabled)"
)
_SERVICES = {"smtp": "smtp", "submission": "smtp", "pop3": "pop3", "imap": "imap"}
_OUTCOMES: dict[str, LoginOutcome] = {
    "login success": "succeeded",
    "password fail": "failed",
    "vpopmail user not found": "failed",
    "null password given": "failed",
}


def refused(at: int, host: str, payload: str) -> Refused | LoginTried | None:
    """Return what was refused or who logged in, None where the line tells of neither. ValueError if unreadable."""
    if payload.startswith("rblsmtpd: "):
        return _rblsmtpd(at, host, payload)
    if payload.startswith("spamdyke"):
        return _spamdyke(at, host, payload)
    if payload.startswith("vpopmail"):
        return _login(at, host, payload)
    match = _BAD_IP.fullmatch(payload)
    if match is not None:
        reply = f"{match[2]} {match[4]}"[:_LONGEST_REPLY]
        return Refused(at, host, "", "CONNECT", "", ip_or_empty(match[3]), int(match[1]), "", reply)
    return _chkuser(at, host, payload)


def _rblsmtpd(at: int, host: str, payload: str) -> Refused | None:
    match = _RBLSMTPD.fullmatch(payload)
    if match is not None:
        ip = ip_or_empty(match[1])
        return Refused(at, host, "", "CONNECT", "", ip, int(match[2]), "", match[3][:_LONGEST_REPLY])
    match = _BLOCKED.fullmatch(payload)
    if match is not None:
        reply = f"{match[1]}: {match[3]}"[:_LONGEST_REPLY]
        return Refused(at, host, "", "CONNECT", "", ip_or_empty(match[2]), 0, "", reply)
    return None


def _chkuser(at: int, host: str, payload: str) -> Refused | None:
    """Return what chkuser refused; the client's address stands right before the recipient, behind its own HELO."""
    head = _CHKUSER.match(payload)
    if head is None:
        return None
    front, _, rest = payload.rpartition("> rcpt <")
    recipient, _, said = rest.rpartition("> : ")
    peer = _CHKUSER_PEER.search(front, max(0, len(front) - _LONGEST_PEER))
    return Refused(
        at,
        host,
        "",
        "MAIL" if head[1] == "rejected sender" else "RCPT",
        peer[1] if peer else "",
        ip_or_empty(peer[2]) if peer else "",
        0,
        "",
        f"{head[1]}: {said}"[:_LONGEST_REPLY],
        head[2],
        has_envelope=True,
        recipient=recipient,
    )


def _spamdyke(at: int, host: str, payload: str) -> Refused | LoginTried | None:
    match = _SPAMDYKE.fullmatch(payload)
    if match is None or payload.count(" origin_ip: ") > 1:  # an address or a login may have blanks: it imitates fields
        if _DENIED.match(payload) is not None:
            raise ValueError("spamdyke: a refusal whose addresses cannot be read")
        return None
    kind, sender, recipient, address, name, mailbox = ("" if part == "(unknown)" else part for part in match.groups())
    if kind == "TIMEOUT":
        return None
    reply = kind.replace("_", " ").lower()
    ip = ip_or_empty(address)
    if kind == "FAILED_AUTH":
        return LoginTried(at, host, mailbox, "smtp", "failed", ip, reason=reply)
    return Refused(at, host, "", "RCPT", name, ip, 0, "", reply, sender, bool(sender), recipient, "", mailbox)


def _login(at: int, host: str, payload: str) -> LoginTried | None:
    """Return a login; who tried it, and from where, are the last word. A password that stands before is left there."""
    match = _VCHKPW.match(payload)
    if match is None:
        return None  # vpopmail's other lines
    service, method, said = match.groups()
    mailbox, _, address = payload[match.end() :].rpartition(" ")[2].partition(":")
    tls = service in {"smtps", "pop3s", "imaps"}
    plain = service.removesuffix("s") if tls else service
    outcome = _OUTCOMES.get(said, "unavailable")
    reason = "" if outcome == "succeeded" else said
    return LoginTried(at, host, mailbox, _SERVICES[plain], outcome, ip_or_empty(address), method or "", reason, tls=tls)
