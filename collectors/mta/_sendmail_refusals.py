"""Sendmail: what its rulesets, its milters and it itself refused, and logins that failed.

Manual: https://github.com/freebsd/freebsd-src/blob/main/contrib/sendmail/doc/op/op.me, "System Log"
"""

import re

from collectors.addresses import ip_or_empty
from collectors.mta._addresses import ADDRESS
from collectors.mta.records import Refused, Said
from collectors.syslog import Line
from schemas.facts import LoginOutcome

_LONGEST_REPLY = 2000
_LONGEST_PEER = 500
PEER = r"(?:[^ @\[\]]{0,100}@)?([^ \[\],]{0,255}?) ?\[([0-9A-Za-z.:%]{2,60})\](?: \(may be forged\))?"
_RULESET = re.compile(
    rf"ruleset=(check_[a-z]{{1,20}}), arg1=(?:<({ADDRESS})>|[^<,][^,]*+|)(?:, arg2=[^,]*+)?(?:, relay={PEER})?"
    r", (?:reject=(?:(\d{3})[ -])?(?:(\d\.\d{1,3}\.\d{1,3}) )?(.*)|discard|quarantine=.*)",
    re.DOTALL,
)
_HEADERS = re.compile(rf"{PEER}, reject=(?:(\d{{3}})[ -])?(?:(\d\.\d{{1,3}}\.\d{{1,3}}) )?(.*)", re.DOTALL)
_STAGES = {
    "check_relay": "CONNECT",
    "check_mail": "MAIL",
    "check_rcpt": "RCPT",
    "check_compat": "RCPT",
    "check_vrfy": "VRFY",
    "check_expn": "EXPN",
    "check_etrn": "ETRN",
}
_MILTER = re.compile(
    rf"Milter: (?:(to|from)=(?:<({ADDRESS})>|[^,]*+)|(data|eom|header|eoh)|helo=[^,]*+"
    r"|connect: [^,]*+(?:, addr=[^,]*+)?)"
    r", reject(?:=(?:(\d{3})[ -])?(?:(\d\.\d{1,3}\.\d{1,3}) )?(.*))?",
    re.DOTALL,
)
_UNKNOWN = re.compile(rf"<({ADDRESS})>\.\.\. (.*)", re.DOTALL)
_AUTH = re.compile(r"AUTH failure \(([^ ()]{1,40})\): ")
_CODE = re.compile(r"\((-?\d{1,5})\)")
_RELAY, _USER = ", relay=", ", user="
_OURS = frozenset({"-1", "-2", "-3", "-4", "-8", "-24"})  # SASL: fail, nomem, bufover, nomech, tryagain, unavail
_ATTACK = re.compile(rf"{PEER}: possible SMTP attack: command=AUTH, count=\d{{1,9}}")


class LoginFailed(Said, frozen=True, gc=False):
    """A login failed; `counted`: it is told by a count of them, beside which each may have a line of its own."""

    process: str
    mailbox: str
    outcome: LoginOutcome
    client_ip: str
    method: str = ""
    reason: str = ""
    counted: bool = False


def peer_of(name: str | None, address: str) -> tuple[str, str]:
    """Return the name and the canonical IP of a client as `relay=` writes it."""
    return (name or "").rstrip("."), ip_or_empty(address.removeprefix("IPv6:"))


def login_failed(line: Line, rest: str) -> LoginFailed | None:
    """Return a failed login, read from its end: the user's name is the client's text. ValueError if unreadable."""
    head = _AUTH.match(rest)
    if head is None:
        return None  # AUTH warnings, and logins of our own at other servers
    front, found, last = rest[head.end() :].rpartition(_RELAY)
    peer = re.fullmatch(PEER, last)
    if not found or peer is None:
        raise ValueError("AUTH failure: without its client")
    detail, _, mailbox = front.rpartition(_USER) if _USER in front else (front, "", "")
    code = _CODE.search(detail)
    outcome: LoginOutcome = "unavailable" if code is not None and code[1] in _OURS else "failed"
    address = peer_of(*peer.groups())[1]
    return LoginFailed(line.at, line.host, line.pid, mailbox, outcome, address, head[1], detail[:_LONGEST_REPLY])


def refused(line: Line, queue_id: str, rest: str) -> Refused | LoginFailed | None:
    """Return what was refused, None where the line tells of nothing refused. ValueError where it cannot be read."""
    if rest.startswith("ruleset="):
        return _ruleset(line, queue_id, rest)
    if rest.startswith("Milter: "):
        return _milter(line, queue_id, rest)
    if rest.startswith("<"):
        unknown = _UNKNOWN.fullmatch(rest)
        said = unknown[2][:_LONGEST_REPLY] if unknown else ""
        return Refused(line.at, line.host, queue_id, "RCPT", reply=said, recipient=unknown[1]) if unknown else None
    attack = _ATTACK.fullmatch(rest)
    if attack is None:
        return None
    return LoginFailed(line.at, line.host, line.pid, "", "failed", peer_of(attack[1], attack[2])[1], counted=True)


def _ruleset(line: Line, queue_id: str, rest: str) -> Refused | None:
    match = _RULESET.fullmatch(rest)
    if match is None:
        return _headers(line, queue_id, rest)
    ruleset, address, name, ip, code, status, said = match.groups()
    if said is None:
        return None
    stage = _STAGES.get(ruleset, "DATA")
    peer = peer_of(name, ip or "")
    mail = stage == "MAIL"
    return Refused(
        line.at,
        line.host,
        queue_id,
        stage,
        *peer,
        int(code or 0),
        status or "",
        said[:_LONGEST_REPLY],
        (address or "") if mail else "",
        mail and address is not None,
        (address or "") if stage == "RCPT" else "",
    )


def _headers(line: Line, queue_id: str, rest: str) -> Refused | None:
    """Return what a ruleset made of a header, whose text a stranger wrote: the client is read from the end."""
    ruleset = rest[len("ruleset=") :].partition(",")[0]
    if ruleset.startswith(("tls_", "try_tls", "srv_", "clt_", "trust_auth")):
        return None
    at = rest.rfind(_RELAY)
    match = _HEADERS.fullmatch(rest, at + len(_RELAY)) if at > 0 else None
    if match is not None:
        name, ip, code, status, said = match.groups()
        peer = peer_of(name, ip)
        return Refused(line.at, line.host, queue_id, "DATA", *peer, int(code or 0), status or "", said[:_LONGEST_REPLY])
    if ruleset in _STAGES and ", reject=" in rest:
        raise ValueError(f"ruleset={ruleset}: a refusal that cannot be read")
    return None


def _milter(line: Line, queue_id: str, rest: str) -> Refused | None:
    match = _MILTER.fullmatch(rest)
    if match is None:
        return None  # what a milter changed
    kind, address, late, code, status, said = match.groups()
    stage = {"to": "RCPT", "from": "MAIL"}.get(kind or "", "DATA" if late else "CONNECT")
    return Refused(
        line.at,
        line.host,
        queue_id,
        stage,
        code=int(code or 0),
        enhanced_status=status or "",
        reply=(said or "")[:_LONGEST_REPLY],
        envelope_from=(address or "") if kind == "from" else "",
        has_envelope=kind == "from",
        recipient=(address or "") if kind == "to" else "",
    )
