"""Lines and mails by POST: taken when they are on disk, once with a key; the rest of a batch with a bad item."""

import gzip
import json
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import zstandard

from collectors.inputs import http
from collectors.intake import Intake
from embedded.broker import free_port
from schemas.events import ComplaintReceived, DeliveryAttempted, Event
from schemas.inputs.http import HttpInput
from schemas.report_events import TlsReported
from schemas.settings import Maildir, SettingsError, parse
from tests.http_inputs import JSON, NDJSON, TEXT, TOKEN, Posted, client_of, listens, serving, settings
from tests.line_inputs import events, kept, line, losses, no_file_above, outlet
from tests.mail_inputs import REPORT
from tests.waits import until

RUN = """
import sys, threading
from pathlib import Path
from collectors.inputs import http
from schemas.inputs.http import HttpInput
from tests.line_inputs import outlet
http.run(HttpInput.model_validate_json(sys.argv[1]), outlet(Path(sys.argv[2]), "http"), threading.Event())
"""


@pytest.fixture
def posted(tmp_path: Path) -> Iterator[Posted]:
    with serving(tmp_path, mails=True) as running_one:
        yield running_one


def vector(*numbers: int) -> list[dict[str, str]]:
    return [{"message": line(number).decode(), "host": "mx1", "file": "/var/log/mail.log"} for number in numbers]


def test_lines_in_all_their_forms_become_events(posted: Posted) -> None:
    assert posted.client.get("/healthz", headers={"Authorization": ""}).json() == {"status": "ok"}
    text = b"\n".join(line(number) for number in range(3)) + b"\n"
    bodies: list[tuple[bytes, dict[str, str]]] = [
        (text, TEXT),
        (gzip.compress(line(3)) + gzip.compress(b"\n" + line(4)), TEXT | {"Content-Encoding": "gzip"}),
        (zstandard.compress(line(5)), TEXT | {"Content-Encoding": "zstd"}),
        (zlib.compress(line(6)), TEXT | {"Content-Encoding": "deflate"}),
        (zlib.compressobj(wbits=-15).compress(b"") + _raw_deflated(line(7)), TEXT | {"Content-Encoding": "deflate"}),
        (json.dumps(vector(8, 9)).encode(), JSON),
        (b"\n".join(json.dumps(each).encode() for each in vector(10, 11)), NDJSON),
        (json.dumps(vector(12)[0]).encode(), JSON),
    ]
    assert [posted.lines(*each).json() for each in bodies] == [{"taken": count} for count in (3, 2, 1, 1, 1, 2, 2, 1)]
    found = [each.recipient for each in events(posted.outlet) if isinstance(each, DeliveryAttempted)]
    assert found == [f"u{number}@example.com" for number in range(13)]
    assert posted.client.post("/v1/lines", content=iter([line(13), b"\n"]), headers=TEXT).json() == {"taken": 1}


def _raw_deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


def test_mails_and_documents_become_events_each_once(posted: Posted, tmp_path: Path) -> None:
    tls = {
        "organization-name": "Example", "report-id": "1", "contact-info": "a@example.com",
        "date-range": {"start-datetime": "2026-11-20T00:00:00Z", "end-datetime": "2026-11-20T23:59:59Z"},
        "policies": [{"policy": {"policy-type": "sts", "policy-domain": "example.net"},
                      "summary": {"total-successful-session-count": 5, "total-failure-session-count": 0}}],
    }  # fmt: skip
    xarf = {
        "xarf_version": "4.0.0", "category": "messaging", "type": "spam", "protocol": "smtp",
        "source_identifier": "192.0.2.11", "timestamp": "2026-11-20T10:00:00Z", "smtp_from": "eve@example.net",
    }  # fmt: skip
    report = REPORT.format(number=1)
    for _ in range(2):
        assert posted.mail(report).json() == {"taken": 1}
        assert posted.mail(json.dumps(xarf), "application/json").json() == {"taken": 1}
        assert posted.mail(gzip.compress(json.dumps(tls).encode()), "application/tlsrpt+gzip").json() == {"taken": 1}
    assert posted.mail(REPORT.format(number=2), key="k").json() == {"taken": 1}
    assert posted.mail(REPORT.format(number=3), key="k").json() == {"taken": 1}
    found: list[Event] = []
    Intake(Maildir(maildir=tmp_path / "mails"), "fbl").take(found.extend)
    complaints = [each for each in found if isinstance(each, ComplaintReceived)]
    assert sorted(each.message_id for each in complaints) == ["", "1@example.net", "2@example.net"]
    assert {each.outbound_ip for each in complaints} == {"192.0.2.11"}
    assert [each.successful for each in found if isinstance(each, TlsReported)] == [5]


def test_a_key_is_answered_again_and_not_taken_twice_also_after_a_restart(tmp_path: Path) -> None:
    key = TEXT | {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
    with serving(tmp_path) as posted:
        assert posted.lines(line(1) + b"\n" + line(2), key).json() == {"taken": 2}
        assert posted.lines(line(9)).json() == {"taken": 1}
    with serving(tmp_path) as posted:
        assert posted.lines(line(1) + b"\n" + line(2), key).json() == {"taken": 2}
        refused = posted.lines(line(3), key)
        assert (refused.status_code, refused.json()) == (
            422,
            {"error": "this Idempotency-Key came with another body before"},
        )
        with ThreadPoolExecutor(8) as pool:
            other = TEXT | {"Idempotency-Key": "other"}
            answers = list(pool.map(lambda _: posted.lines(line(4), other).json(), range(8)))
        assert answers == [{"taken": 1}] * 8
        assert posted.lines(line(5), TEXT | {"Idempotency-Key": "x" * 300}).status_code == 400
        assert kept(posted.outlet) == [line(1), line(2), line(9), line(4)]


def test_killed_under_load_what_was_answered_is_kept_and_what_was_not_may_come_again(tmp_path: Path) -> None:
    port = free_port()
    given = settings(tmp_path, f"127.0.0.1:{port}")
    command = [sys.executable, "-c", RUN, given.model_dump_json(), str(tmp_path)]
    bodies = {f"key-{number}": b"\n".join(line(10 * number + each) for each in range(10)) for number in range(400)}
    answered: set[str] = set()

    def post(client: httpx.Client, key: str) -> None:
        try:
            answer = client.post("/v1/lines", content=bodies[key], headers=TEXT | {"Idempotency-Key": key})
        except httpx.TransportError:
            return
        assert answer.json() == {"taken": 10}
        answered.add(key)

    for killed in (True, False):
        process = subprocess.Popen(command)
        until(lambda: listens(port), "the server")
        with client_of(port) as client, ThreadPoolExecutor(8) as pool:
            done = [pool.submit(post, client, key) for key in bodies]
            if killed:
                until(lambda: len(answered) > 50, "answers")
                process.kill()
            for each in done:
                each.result()
        process.kill()
        process.wait()
        assert (50 < len(answered) < len(bodies)) is killed
    lines = kept(outlet(tmp_path, "http"))
    assert len(lines) == 4000
    assert sorted(lines) == sorted(each for body in bodies.values() for each in body.split(b"\n"))


def test_of_many_at_once_none_is_lost(posted: Posted) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: posted.lines(line(number)).json(), range(300)))
    assert answers == [{"taken": 1}] * 300
    assert sorted(kept(posted.outlet)) == sorted(line(number) for number in range(300))


def test_what_is_no_line_is_told_to_both_sides(posted: Posted) -> None:
    mixed = b'[{"message":"' + line(1) + b'"},{"level":"info"}]'
    assert posted.lines(mixed, JSON).json() == {
        "taken": 1,
        "refused": 1,
        "error": "item 2: it has neither message nor MESSAGE, log or msg",
    }
    nothing = posted.lines(b"nonsense", JSON)
    assert (nothing.status_code, nothing.json()["error"][:16]) == (400, "item 1: no JSON:")
    assert posted.lines(b"", TEXT).json() == {"taken": 0}
    told = {each.reason: each.text for each in losses(posted.outlet)}
    assert told["127.0.0.1: it has neither message nor MESSAGE, log or msg"] == "{}"
    assert "nonsense" in told.values()


def test_a_full_spool_is_told_until_there_is_room(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(tmp_path, most_bytes=8000) as posted:
        answers = [posted.lines(line(number)) for number in range(60)]
        refused = [each for each in answers if each.status_code == 503]
        assert refused[-1].headers["Retry-After"] == "10"
        assert "lines wait there" in refused[-1].json()["error"]
        assert len(kept(posted.outlet)) == 60 - len(refused)
    assert caplog.text.count("lines are refused for now") == 1


def test_a_disk_that_refuses_is_told_and_a_key_taken_once_nevertheless(posted: Posted) -> None:
    key, body = TEXT | {"Idempotency-Key": "k"}, b"\n".join(line(number) for number in range(20))
    assert posted.lines(body).json() == {"taken": 20}
    with no_file_above(5000):  # the redo record of a key fits, the file of 40 lines does not
        assert posted.lines(body, key).json() == {"taken": 20}
        refused = posted.lines(line(99))
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
        assert refused.json()["error"] == "it cannot be kept now: [Errno 27] File too large"
    assert posted.lines(body, key).json() == {"taken": 20}
    assert posted.lines(line(98)).json() == {"taken": 1}
    assert posted.mail(REPORT.format(number=1)).json() == {"taken": 1}
    with no_file_above(10):
        assert posted.mail(REPORT.format(number=2)).status_code == 503
    assert kept(posted.outlet) == [*[line(number) for number in range(20)] * 2, line(98)]


def test_with_a_certificate_it_is_https(tmp_path: Path) -> None:
    key, certificate = tmp_path / "tls.key", tmp_path / "tls.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "1",
    ]
    subject = ["-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *subject], check=True, capture_output=True)
    with serving(tmp_path, certificate=str(certificate), key=str(key)) as posted:
        assert posted.lines(line(1)).json() == {"taken": 1}
        with closing(socket.create_connection(("127.0.0.1", posted.port))) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
            assert b"200" not in plain.recv(100)


def test_nobody_takes_what_no_table_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path) as posted:
        answer = posted.mail(REPORT.format(number=1))
        assert (answer.status_code, answer.json()) == (404, {"error": "nobody takes the mails of this input"})


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", "token_env or token_file is needed"),
        ('token_env = "hunter2"', "token_env"),
        ('token_env = "T"\ncertificate = "/c.pem"', "certificate and key go together"),
        ('token_env = "T"\nlisten = "8514"', "'8514' is no address:port"),
        ('token_env = "T"\nlisten = "[::1]:99999"', "is no address:port"),
    ],
)
def test_a_wrong_setting_is_named(more: str, expected: str) -> None:
    with pytest.raises(SettingsError, match=expected) as raised:
        parse(f'[input.h]\nkind = "http"\n{more}\n', "t.toml")
    assert "hunter2" not in str(raised.value)


def test_what_cannot_be_used_is_told_before_anything_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        given = HttpInput.model_validate({"kind": "http", "listen": place, "token_env": "RW_T"})
        for token, expected in ((None, "token_env: the environment has no RW_T"), ("short", "16 characters or more")):
            if token is not None:
                monkeypatch.setenv("RW_T", token)
            with pytest.raises(ValueError, match=rf"input\.t\.token.*{expected.split(':')[-1]}"):
                http.run(given, outlet(tmp_path, "http"), threading.Event())
        monkeypatch.setenv("RW_T", TOKEN)
        with pytest.raises(ValueError, match=rf"input\.t\.listen: {place}: .*[Aa]ddress already in use"):
            http.run(given, outlet(tmp_path, "http"), threading.Event())
