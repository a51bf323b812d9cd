"""The server of tickets: what it takes, what it refuses, and that a ticket is acknowledged only when it is written."""

import http.client
import json
import threading
from collections.abc import Iterator

import pytest

from streams import httpserving
from streams.serving import listen
from streams.tickets import Ticket, Tickets
from tests.late_answers import TEN_MIB, answer_while_sending, sent_until_cut

TOKEN = "t0ken"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class _Desk:
    """A server, and a desk that writes what it is told until it is stopped."""

    def __init__(self) -> None:
        listening = listen("127.0.0.1", 0)
        self.port = listening.getsockname()[1]
        self.server = Tickets(listening, TOKEN, written_seconds=0.5)
        self.taken: list[Ticket] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        while not self._ended.wait(0.01):
            for ticket, done in self.server.waiting():
                self.taken.append(ticket)
                done.set_result(None)

    def pause(self) -> None:
        self._ended.set()
        self._thread.join()

    def post(self, body: str, headers: dict[str, str] | None = None, path: str = "/v1/tickets") -> tuple[int, str]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        client.request("POST", path, body.encode(), BEARER if headers is None else headers)
        answer = client.getresponse()
        found = answer.status, answer.read().decode()
        client.close()
        return found


@pytest.fixture
def desk() -> Iterator[_Desk]:
    made = _Desk()
    yield made
    made.pause()
    made.server.stop()


def test_a_ticket_is_taken_and_what_the_system_adds_is_passed_over(desk: _Desk) -> None:
    body = json.dumps({"ticket": "T-1", "customer": "acme", "mailbox": "Info@X.example", "agent": {"name": "Bo"}})
    assert desk.post(body) == (200, '{"written":true}\n')
    assert desk.taken == [Ticket(ticket="T-1", customer="acme", mailbox="Info@X.example")]


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        ('{"ticket":4711}', Ticket(ticket="4711")),
        ('{"ticket":0,"customer":null,"mailbox":null}', Ticket(ticket="0")),
        (
            '{"ticket":9223372036854775807,"customer":17,"mailbox":"a@x.example"}',
            Ticket(ticket="9223372036854775807", customer="17", mailbox="a@x.example"),
        ),
    ],
)
def test_numbers_are_texts_and_null_is_left_out(desk: _Desk, body: str, taken: Ticket) -> None:
    assert desk.post(body) == (200, '{"written":true}\n')
    assert desk.taken == [taken]


@pytest.mark.parametrize(
    ("body", "headers", "path", "status", "told"),
    [
        ('{"ticket":"T"}', {}, "/v1/tickets", 401, "a token is needed"),
        ('{"ticket":"T"}', {"Authorization": "Bearer t0ke"}, "/v1/tickets", 401, "a token is needed"),
        ('{"ticket":"T"}', None, "/v1/ticket", 404, "tickets are told at /v1/tickets"),
        ("{}", None, "/v1/tickets", 400, "missing required field `ticket`"),
        ('{"ticket":""}', None, "/v1/tickets", 400, "Expected `str` of length >= 1"),
        ('{"ticket":"T-1\\n"}', None, "/v1/tickets", 400, "at `$.ticket`"),
        ('{"ticket":"T","customer":"acme\\n"}', None, "/v1/tickets", 400, "at `$.customer`"),
        ('{"ticket":"T","mailbox":"a@x.example\\n"}', None, "/v1/tickets", 400, "at `$.mailbox`"),
        ('{"ticket":null}', None, "/v1/tickets", 400, "Expected `int | str`, got `null` - at `$.ticket`"),
        ('{"ticket":true}', None, "/v1/tickets", 400, "Expected `int | str`, got `bool` - at `$.ticket`"),
        ('{"ticket":4.5}', None, "/v1/tickets", 400, "Expected `int | str`, got `float` - at `$.ticket`"),
        ('{"ticket":-7}', None, "/v1/tickets", 400, "Expected `int` >= 0 - at `$.ticket`"),
        ('{"ticket":"T","customer":[]}', None, "/v1/tickets", 400, "got `array` - at `$.customer`"),
        ('{"ticket":"T","mailbox":7}', None, "/v1/tickets", 400, "Expected `str | null`, got `int` - at `$.mailbox`"),
        ('{"ticket":"a\\nb"}', None, "/v1/tickets", 400, "matching regex"),
        ('{"ticket":"T","mailbox":"a\\u0000b"}', None, "/v1/tickets", 400, "matching regex"),
        ("no json", None, "/v1/tickets", 400, "JSON is malformed"),
        ('{"ticket":"' + "x" * 70_000 + '"}', None, "/v1/tickets", 413, "at most 65536 bytes"),
    ],
)
def test_a_wrong_request_is_told(  # noqa: PLR0913, PLR0917 a row of the table
    desk: _Desk, body: str, headers: dict[str, str] | None, path: str, status: int, told: str
) -> None:
    code, text = desk.post(body, headers, path)
    assert code == status
    assert told in json.loads(text)["error"]
    assert desk.taken == []


def test_without_a_length_nothing_is_read(desk: _Desk) -> None:
    client = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=60)
    client.request("POST", "/v1/tickets", iter([b'{"ticket":"T"}']), BEARER, encode_chunked=True)
    assert client.getresponse().status == 411
    client.close()


@pytest.mark.parametrize(
    ("method", "status", "told"),
    [("POST", 413, b'most 65536 bytes"}\n'), ("GET", 404, b'{"error":"nothing"}\n'), ("PATCH", 501, b"</html>\n")],
)
def test_who_is_still_sending_gets_the_whole_refusal(desk: _Desk, method: str, status: int, told: bytes) -> None:
    head = f"{method} /v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    for _ in range(5):
        answer = answer_while_sending(desk.port, f"{head}Content-Length: {TEN_MIB}\r\n\r\n".encode())
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert answer.endswith(told)


@pytest.mark.parametrize(("seconds", "most", "pause"), [(0.5, 1 << 40, 0.01), (3600.0, 1 << 20, 0.0)])
def test_who_never_stops_sending_is_cut_after_a_time_and_a_size(
    desk: _Desk, monkeypatch: pytest.MonkeyPatch, seconds: float, most: int, pause: float
) -> None:
    monkeypatch.setattr(httpserving, "_LINGER_SECONDS", seconds)
    monkeypatch.setattr(httpserving, "_LINGER_BYTES", most)
    head = b"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n"
    assert sent_until_cut(desk.port, head, pause) > (0 if pause else most)
    assert desk.post('{"ticket":"T-3"}') == (200, '{"written":true}\n')


def test_what_is_not_written_in_time_is_not_acknowledged(desk: _Desk) -> None:
    desk.pause()
    assert desk.post('{"ticket":"T-2"}') == (503, '{"error":"not written yet: try again"}\n')
