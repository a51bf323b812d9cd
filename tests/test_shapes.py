"""The JSON of shippers, one case each as the program writes it, and the line that it holds; and what is none."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.inputs import _shapes

RAW = "Nov 21 14:02:04 mx1 postfix/smtp[915]: E2AE29B5D11: to=<buyer@example.com>, status=sent (250 OK)"
SAID = "E2AE29B5D11: to=<buyer@example.com>, status=sent (250 OK)"
REST = f" mx1 postfix/smtp[915]: {SAID}"

CASES = {
    # Vector 0.4x, source `file`: docs/reference/components/sources/file.cue
    "vector file": (
        {
            "file": "/var/log/mail.log",
            "host": "shipper",
            "message": RAW,
            "source_type": "file",
            "timestamp": "2026-11-21T14:02:05.1Z",
        },
        RAW,
    ),
    # Vector, source `syslog`: docs/reference/components/sources/syslog.cue
    "vector syslog": (
        {
            "appname": "postfix/smtp",
            "facility": "mail",
            "host": "mx1",
            "hostname": "mx1",
            "message": SAID,
            "procid": 915,
            "severity": "info",
            "source_ip": "192.0.2.7",
            "source_type": "syslog",
            "timestamp": "2026-11-21T14:02:04.508080Z",
        },
        f"2026-11-21T14:02:04.508080Z{REST}",
    ),
    # Vector, source `journald`: src/sources/journald.rs renames MESSAGE and _HOSTNAME, and keeps the journal's fields
    "vector journald": (
        {
            "SYSLOG_IDENTIFIER": "postfix/smtp",
            "SYSLOG_PID": "915",
            "_COMM": "smtp",
            "_PID": "915",
            "PRIORITY": "6",
            "__REALTIME_TIMESTAMP": "1795269724508100",
            "_SOURCE_REALTIME_TIMESTAMP": "1795269724508080",
            "host": "mx1",
            "message": SAID,
            "source_type": "journald",
            "timestamp": "2026-11-21T14:02:04.508080Z",
        },
        f"2026-11-21T14:02:04.508080Z{REST}",
    ),
    # Fluent Bit, input `tail` without a parser, output kafka: docs, outputs/kafka (Timestamp_Key, double)
    "fluent-bit tail": ({"@timestamp": 1795269724.508080, "log": RAW}, RAW),
    # Fluent Bit, parser syslog-rfc3164-local of conf/parsers.conf has no host; syslog-rfc3164 has
    "fluent-bit syslog": (
        {"date": 1795269724.0, "pri": "22", "host": "mx1", "ident": "postfix/smtp", "pid": "915", "message": SAID},
        f"2026-11-21T14:02:04.000000+00:00{REST}",
    ),
    "fluent-bit syslog that keeps the time": (
        {
            "date": "2026-11-21 14:02:04.508080",
            "time": "Nov 21 14:02:04",
            "host": "mx1",
            "ident": "postfix/smtp",
            "pid": "915",
            "message": SAID,
        },
        f"2026-11-21T14:02:04.508080Z{REST}",
    ),
    # Fluent Bit, input `systemd`: docs, inputs/systemd
    "fluent-bit systemd": (
        {
            "date": 1795269724.508080,
            "_HOSTNAME": "mx1",
            "SYSLOG_IDENTIFIER": "postfix/smtp",
            "_PID": "915",
            "MESSAGE": SAID,
            "_SOURCE_REALTIME_TIMESTAMP": "1795269724508080",
            "_TRANSPORT": "syslog",
        },
        f"2026-11-21T14:02:04.508080+00:00{REST}",
    ),
    "fluent-bit systemd without an identifier": (
        {"date": 1795269724.508080, "_HOSTNAME": "mx1", "_COMM": "smtpd", "_PID": "915", "MESSAGE": f"{RAW}"},
        f"2026-11-21T14:02:04.508080+00:00 mx1 smtpd[915]: {RAW}",
    ),
    # Filebeat 8, input `filestream`: elastic.co/guide/en/beats/filebeat, exported fields
    "filebeat filestream": (
        {
            "@timestamp": "2026-11-21T14:02:05.000Z",
            "@metadata": {"beat": "filebeat", "version": "8.15.0"},
            "message": RAW,
            "host": {"name": "shipper"},
            "log": {"file": {"path": "/var/log/mail.log"}, "offset": 706},
            "input": {"type": "filestream"},
            "agent": {"name": "shipper"},
            "ecs": {"version": "8.0.0"},
            "event": {"dataset": "mail"},
        },
        RAW,
    ),
    # Filebeat 8, input `journald`: filebeat/input/journald/pkg/journalfield/default.go
    "filebeat journald": (
        {
            "@timestamp": "2026-11-21T14:02:04.508Z",
            "message": SAID,
            "host": {"hostname": "mx1", "name": "shipper"},
            "syslog": {"identifier": "postfix/smtp", "facility": 2},
            "journald": {"pid": 915, "process": {"name": "smtp"}},
        },
        f"2026-11-21T14:02:04.508Z{REST}",
    ),
    # Filebeat 8, processor `syslog`: docs, processor-syslog
    "filebeat syslog processor": (
        {
            "@timestamp": "2026-11-21T14:02:04.508Z",
            "message": SAID,
            "host": {"name": "mx1"},
            "log": {"syslog": {"appname": "postfix/smtp", "hostname": "mx1", "procid": "915", "priority": 22}},
        },
        f"2026-11-21T14:02:04.508Z{REST}",
    ),
    # Filebeat 7, input `syslog`: filebeat/input/syslog/input.go (process.program, hostname)
    "filebeat syslog input": (
        {
            "@timestamp": "2026-11-21T14:02:04.000Z",
            "hostname": "mx1",
            "message": SAID,
            "process": {"program": "postfix/smtp", "pid": 915},
        },
        f"2026-11-21T14:02:04.000Z{REST}",
    ),
    # Logstash 8 in ECS mode: what came in is event.original, whatever a filter made of the message
    "logstash": (
        {
            "@timestamp": "2026-11-21T14:02:05.1Z",
            "@version": "1",
            "event": {"original": RAW + "\n"},
            "message": SAID,
            "process": {"name": "postfix/smtp", "pid": 915},
            "host": {"hostname": "mx1"},
        },
        RAW,
    ),
    # rsyslog, property jsonmesg: runtime/msg.c, msgGetJSONMESG
    "rsyslog jsonmesg": (
        {
            "msg": f" {SAID}",
            "rawmsg": f"<22>{RAW}",
            "timereported": "2026-11-21T14:02:04.508080+00:00",
            "hostname": "mx1",
            "syslogtag": "postfix/smtp[915]:",
            "inputname": "imuxsock",
            "fromhost": "mx1",
            "fromhost-ip": "127.0.0.1",
            "pri": "22",
            "programname": "postfix",
            "app-name": "postfix",
            "procid": "915",
            "$!": None,
        },
        f"2026-11-21T14:02:04.508080+00:00{REST}",
    ),
    # rsyslog, the template of its guides for Elasticsearch ("plain-syslog")
    "rsyslog template": (
        {
            "timestamp": "2026-11-21T14:02:04.508080+00:00",
            "host": "mx1",
            "severity": "info",
            "facility": "mail",
            "tag": "postfix/smtp[915]:",
            "message": f" {SAID}",
        },
        f"2026-11-21T14:02:04.508080+00:00{REST}",
    ),
    "milliseconds, no host": (
        {"date": 1795269724508, "ident": "dovecot", "message": "x"},
        "2026-11-21T14:02:04.508000+00:00 dovecot: x",
    ),
    "a stamp without a year": (
        {"time": "Nov 21 14:02:04", "host": "mx1", "program": "dovecot", "message": "x"},
        "Nov 21 14:02:04 mx1 dovecot: x",
    ),
    "a program of blanks": (
        {"date": 1, "ident": "a b: c[1]", "message": "x"},
        "1970-01-01T00:00:01.000000+00:00 a_b__c_1_: x",
    ),
    "a log that is JSON itself": ({"message": '{"type":"Delivery","id":"1"}'}, '{"type":"Delivery","id":"1"}'),
}


@pytest.mark.parametrize("name", CASES)
def test_what_shippers_write_is_a_line(name: str) -> None:
    record, expected = CASES[name]
    body = msgspec.json.encode(record)
    assert _shapes.of_json(body) == _shapes.Read([expected.encode()])
    assert _shapes.of_json(b"[" + body + b",\n" + body + b"]").lines == [expected.encode()] * 2
    assert _shapes.of_json(body + b"\n" + body + b"\n").lines == [expected.encode()] * 2
    assert _shapes.of_json(msgspec.json.format(body)).lines == [expected.encode()]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"level":"info"}', "it has neither message nor MESSAGE, log or msg"),
        (
            b'{"message":["a"]}',
            "no log line of a shipper: Expected `int | float | str | null`, got `array` - at `$.message`",
        ),
        (b'{"ident":"dovecot","message":"x"}', "it names a program, but no time that can be read"),
        (b'{"ident":"dovecot","message":"x","date":-5}', "-5 is no time"),
        (b'{"ident":"dovecot","message":"x","date":1e300}', "1e+300 is no time"),
        # A host cannot bring fields of its own along: what follows a blank would be read as the program.
        (
            b'{"ident":"a","message":"x","date":1,"host":"mx1 postfix/smtp[1]:"}',
            "'mx1 postfix/smtp[1]:' is no name of a host",
        ),
        (b"17", "no log line of a shipper: Expected `str | object`, got `int`"),
        (b'{"message":"\xff"}', "no JSON"),
        (b'{"a":' * 3000, "JSON that is nested too deep"),
    ],
)
def test_what_is_no_line_is_told(body: bytes, reason: str) -> None:
    found = _shapes.of_json(body)
    assert (found.lines, found.refused, len(found.unread)) == ([], 1, 1)
    assert found.unread[0].reason.startswith(reason)
    assert found.unread[0].sample[:1] == body[:1]


@pytest.mark.parametrize(
    ("read", "body", "reason"),
    [
        (_shapes.of_json, b"[" * 3000, "nested too deep"),
        (_shapes.of_json, b"[{}", "no JSON: Input data was truncated"),
        (_shapes.of_json, b"{}" * (_shapes.MOST + 1), "more than 262144 objects at once"),
        (_shapes.of_json, b"[" + b"1," * 1_000_001 + b"1]", "no array of log lines"),
        (_shapes.of_text, b"\n" * _shapes.MOST, "more than 262144 lines at once"),
    ],
)
def test_what_would_fill_the_memory_is_refused_as_a_whole(
    read: Callable[[bytes], _shapes.Read], body: bytes, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        read(body)


@given(st.text())
def test_no_text_becomes_two_lines_or_loses_its_place_in_one(text: str) -> None:
    body = msgspec.json.encode({"ident": "dovecot", "date": 1, "message": text})
    (found,) = _shapes.of_json(body).lines
    assert found.startswith(b"1970-01-01T00:00:01.000000+00:00 dovecot:")
    assert not any(control in found for control in (b"\n", b"\r", b"\0", b"\x1b"))


@given(st.binary())
def test_any_bytes_are_lines_or_refused(body: bytes) -> None:
    for read in (_shapes.of_text, _shapes.of_json):
        try:
            found = read(body)
        except ValueError:
            continue
        assert not any(b"\n" in line for line in found.lines)
        assert len(found.unread) <= found.refused
