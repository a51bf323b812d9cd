"""Postfix against the payloads of postfix-grok-patterns: each gives its record, or is ignored by decision.

And one line reads the same under each header that a syslog daemon or postlogd writes.
"""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.mta import postfix
from collectors.mta.records import Attempted, Record
from collectors.syslog import Clock

_DELIVERY = "7EE668039: to=<u@example.com>, relay=mx.example.com[192.0.2.4]:25, delay=3.6, delays=0.1/0/3/0.5, "
_PARTS = {  # oracles of a part of a line: the line around it
    "command_counter_data": ("smtpd", "disconnect from unknown[192.0.2.4] {}"),
    "delays": ("smtp", _DELIVERY.replace("0.1/0/3/0.5", "{}") + "dsn=2.0.0, status=sent (250 Ok)"),
    "relay": ("lmtp", _DELIVERY.replace("mx.example.com[192.0.2.4]:25", "{}") + "dsn=2.0.0, status=sent (250 Ok)"),
    "tls_features": ("smtp", _DELIVERY + "tls={}, dsn=2.0.0, status=sent (250 Ok)"),
}
_DAEMONS = {"script": "postfix-script", "trivial_rewrite": "trivial-rewrite", "tls_features": "smtp"}
_IGNORED = (  # daemon, its lines, and why they become no record
    ("anvil|scache", r"statistics: ", "counts of connections"),
    ("bounce", r"\w+: (sender|postmaster) [a-z -]+ notification: \w+", "the notification has lines of its own"),
    ("cleanup", r"\w+: milter-header-redirect: |\w+: prepend: header ", "refuses nothing"),
    ("master", r"(daemon started|reload) -- version |terminating on signal ", "the program itself"),
    ("dnsblog", r"addr \S+ listed by domain \S+ as ", "a client of ours on a list: not our own IP"),
    ("error", r"\w+: to=.*status=undeliverable-but-not-cached ", "an address probe: no mail"),
    ("postscreen|tlsproxy", r"(DIS)?CONNECT ", "a session"),
    ("postscreen", r"PASS (OLD|NEW) |(WHITE|BLACK|ALLOW|DENY)LIST(ED| VETO) ", "a test's result"),
    (
        "postscreen",
        r"(PREGREET|HANGUP|DNSBL rank|COMMAND \w+( LIMIT)?|NON-SMTP COMMAND|BARE NEWLINE) ",
        "a test's result; the refusal that follows has its own line",
    ),
    ("postscreen|verify", r"cache .* cleanup: retained=", "its own cache"),
    ("postsuper", r"\w+: (requeued|placed on hold|released from hold)$", "pickup tells the new queue id"),
    ("postsuper", r"(Deleted|Requeued|Placed on hold|Released from hold): \d+ messages?$", "a sum"),
    ("qmgr", r"\w+: skipped, still being delivered", "nothing changed"),
    ("smtp", r"(Untrusted|Trusted|Verified) TLS connection established |certificate verification failed ", "TLS"),
    ("smtp", r"connect to \S+: |SSL_connect error to ", "the delivery's line follows"),
    (
        "smtp",
        r"\w+: (lost connection|conversation) with |\w+: host \S+ (said|refused to talk to me): ",
        "one server of several: the delivery's line follows",
    ),
    ("smtp", r"\w+: (enabling PIX workarounds:|SASL authentication failed;) ", "the delivery's line follows"),
    ("smtpd", r"connect from |(lost connection|timeout) after |SSL_accept error from ", "a session"),
    ("smtpd", r"disconnect from (?!.* starttls=).* commands=", "a session without STARTTLS"),
    ("smtpd", r"discarding EHLO keywords: ", "a session"),
    ("smtpd", r"improper command pipelining after |bare <LF> received after ", "a fault that the session survives"),
    ("smtpd", r"NOQUEUE: (discard|filter|reject_warning): ", "refuses nothing"),
    (r"[\w-]+", r"(warning|fatal): (?!\S+\[[^\]]*\]: SASL )", "a warning to the operator"),
)
_FIELDS = {  # what the oracle, or the line itself, calls it: the record's field
    "queueid": "queue_id",
    "client_ip": "client_ip",
    "client_hostname": "client_name",
    "smtp_stage": "stage",
    "proxy_smtp_stage": "stage",
    "status_code": "code",
    "proxy_status_code": "code",
    "status_code_enhanced": "enhanced_status",
    "proxy_status_code_enhanced": "enhanced_status",
    "dsn": "enhanced_status",
    "status": "outcome",
    "message-id": "message_id",
    "to": "recipient",
    "orig_to": "original_recipient",
    "from": "envelope_from",
    "helo": "helo",
    "size": "size",
    "nrcpt": "recipients",
    "uid": "uid",
    "relay_hostname": "relay_host",
}
_NOTHING = {"unknown": "", "NOQUEUE": ""}
_SERVER = re.compile(r"(?:none|([^\[]+))(?:\[([^\]]*)\](?::(\d+))?)?")
_IN_REPLY = {
    "error_response", "local_response", "milter_message", "pipe_response", "postscreen_toobusy_data", "proxy_message",
    "smtp_response", "status_data", "status_message",
}  # fmt: skip
_ELSEWHERE = {  # of a record's kind: fields that the event has from another line, or by its kind, or has no use for
    "Accepted": {"stage", "code", "enhanced_status", "envelope_from", "recipient", "helo"},
    "LoginTried": {"client_name"},
    "Described": {"envelope_from", "recipient"},  # likewise, and of several recipients only one
    "Secured": {"client_name", "client_ip"},  # of a session that ends it is not told
    "Received": {"envelope_from"},  # qmgr tells it again
    "Expired": {"outcome", "recipient"},
    "Removed": {"action"},
}
_NOT_KEPT = re.compile(  # what the oracle knows and nobody asks for; `action` and `…_result` are the record's kind
    "(postsuper_)?action|(milter|proxy)_result|client_port|proto|relay_service"
    "|delays|delay_(before_qmgr|in_qmgr|conn_setup|transmission)|tls|tls_.*|requiretls.*"
    "|message_level|command_counter_data|cmd_.*"
)


def parsed(text: str) -> Record | None:
    return postfix.parse(text, Clock(datetime(2026, 3, 2, tzinfo=UTC), "UTC"))


def line_of(case: dict[str, str]) -> tuple[str, str]:
    """Return the daemon and the payload of a case."""
    sort = case["file"].rpartition("_")[0]
    daemon, around = _PARTS.get(sort, (_DAEMONS.get(sort, sort), "{}"))
    data = case["data"].replace("\n", "?")  # as Postfix writes what cannot be printed
    return daemon, data if ", relay=" in data else around.format(data)


def told(results: dict[str, object]) -> dict[str, str]:
    """Return what the oracle tells of a line, with the pairs of what it leaves in one piece."""
    found = {key.removeprefix("postfix_"): str(value) for key, value in results.items()}
    pairs = re.findall(r"(?:^|[ ,])([a-z_]+)=(<[^>]*>|[^, ]*)", found.pop("keyvalue_data", ""))
    return found | {key: value.removeprefix("<").removesuffix(">") for key, value in pairs}


def wanted(oracle: dict[str, str], kind: str) -> dict[str, str]:
    """Return the fields that a record must have; ValueError for a word of the oracle that no decision is made of."""
    found: dict[str, str] = {}
    for key, value in oracle.items():
        if key in {"relay", "client"}:
            host, address, port = (part or "" for part in _SERVER.fullmatch(value).groups())  # type: ignore[union-attr]
            peer = {"ip": "" if "/" in address else address, "host" if key == "relay" else "name": host}
            found |= {f"{key}_{name}": part for name, part in peer.items()}
            found |= {"relay_port": port or "0"} if key == "relay" else {}
        elif key == "delay":
            found["delay_ms"] = str(round(float(value) * 1000))
        elif key == "message" and kind == "LoginTried":
            said, _, found["reason"] = value.partition(" authentication failed: ")
            found["method"] = said.removeprefix("SASL ")
        elif kind == "Accepted" and key == "proxy_message":
            found["queue_id"] = value.rpartition(" queued as ")[2]
        elif key in _FIELDS:
            found[_FIELDS[key]] = _NOTHING.get(value, value)
        elif key not in _IN_REPLY | {"message"} and not _NOT_KEPT.fullmatch(key):
            raise ValueError(f"{kind}: {key}={value!r}")
    elsewhere = _ELSEWHERE.get(kind, set())
    return {name: value for name, value in found.items() if name not in elsewhere}


def faults(record: Record, results: dict[str, object]) -> list[str]:
    """Return in what a record differs from what the oracle finds in its line."""
    oracle, kind = told(results), type(record).__name__
    wrong = [
        f"{name} is {getattr(record, name, None)!r}, not {value!r}"
        for name, value in wanted(oracle, kind).items()
        if str(getattr(record, name, None)) != value
    ]
    reply = str(getattr(record, "reply", None))
    for key in _IN_REPLY & oracle.keys() if kind in {"Attempted", "Refused"} else ():
        said = oracle[key].rpartition(": ")[2] if key == "milter_message" else oracle[key]
        if said not in reply:
            wrong.append(f"the reply is {reply!r}, not {said!r}")
    return wrong


def test_each_payload_gives_its_record_or_is_ignored_by_a_named_decision(corpus: Path) -> None:
    oracle = (corpus / "mta" / "postfix-grok-patterns" / "oracle.jsonl").read_text(encoding="utf-8")
    kinds: Counter[str] = Counter()
    wrong: list[object] = []
    for case in map(json.loads, oracle.splitlines()):
        daemon, payload = line_of(case)
        record = parsed(f"Mar  1 10:00:00 mx postfix/{daemon}[1]: {payload}")
        ignored = [why for name, lines, why in _IGNORED if re.fullmatch(name, daemon) and re.match(lines, payload)]
        kinds[type(record).__name__ if record else "ignored"] += 1
        if record is None and len(ignored) != 1:
            wrong.append((case["file"], payload, ignored or "no decision says that it is ignored"))
        elif record is not None and (ignored or (found := faults(record, case["results"]))):
            wrong.append((case["file"], ignored or found))
    assert wrong == []
    assert kinds == {
        "ignored": 125,
        "Attempted": 29,
        "Refused": 14,
        "Identified": 4,
        "Received": 2,
        "Removed": 2,
        "Expired": 2,
        "Queued": 1,
        "Accepted": 1,
        "LoginTried": 1,
        "Secured": 7,
        "Described": 3,
    }


@pytest.mark.parametrize(
    "header",
    [
        "Mar  1 10:00:05 mx1 postfix/relay1/smtp[77]: ",  # RFC 3164
        "Mar 01 10:00:05 mx1 postfix/relay1/smtp[77]: ",  # postlogd (maillog_file): strftime's %b %d
        "<22>Mar  1 10:00:05 mx1 postfix/relay1/smtp[77]: ",
        "2026-03-01T10:00:05+00:00 mx1 postfix/relay1/smtp[77]: ",  # rsyslog's usual form
        "2026-03-01T11:00:05.000000+01:00 mx1 postfix/relay1/smtp[77]: ",
        "2026-03-01T10:00:05Z mx1 postfix/relay1/smtp[77]: ",
        "2026-03-01 10:00:05 mx1 postfix/relay1/smtp[77]: ",
        "<22>1 2026-03-01T10:00:05.000Z mx1 postfix/relay1/smtp 77 - - ",  # RFC 5424
        '<22>1 2026-03-01T10:00:05Z mx1 postfix/relay1/smtp 77 ID [origin ip="192.0.2.9" x="\\"]: "] ',
    ],
)
def test_a_line_reads_the_same_under_each_header(header: str) -> None:
    record = parsed(f"{header}{_DELIVERY}dsn=2.0.0, status=sent (250 Ok: queued as 4F1qXz3abc)")
    assert record == Attempted(
        1_772_359_205_000_000,
        "mx1",
        "7EE668039",
        "u@example.com",
        "",
        "sent",
        "2.0.0",
        "250 Ok: queued as 4F1qXz3abc",
        "relay1",
        "mx.example.com",
        "192.0.2.4",
        25,
        3600,
        local=False,
    )
