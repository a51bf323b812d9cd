"""Messages at real servers: hostile names stay text, secrets stay secret, and one that hangs is left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.broker import free_port
from schemas.alert_settings import AlertChannel
from schemas.mailbox_events import MailboxFlagged
from streams.alert_channels import link, url_of
from streams.alert_mouth import Order, Speaking, fitted, redacted
from streams.alerts.words import Text, neutral, text_of
from tests.alerts.scene import Played, minute
from tests.alerts.webhook import Webhook
from tests.mail_server import Server

HOSTILE = (
    'eve"\r\nBcc: all@example.com\r\n\r\n<a href="http://evil.example/?x=1">[click](http://evil.example) '
    "<!channel> @everyone `rm` *bold* __under__ \x1b[31m\u202e|spoiler| ~x~ #tag\n\n.\nQUIT@example.net"
)


@pytest.fixture
def smtp() -> Iterator[Server]:
    """Run an SMTP server."""
    server = Server(free_port())
    server.start()
    yield server
    server.stop()


def _hostile() -> Text:
    played = Played()
    played.take(MailboxFlagged(id="f", at=minute(0), mailbox=HOSTILE, score=100, step="flag"))
    played.turn(1)
    alerts = list(played.book.opened())
    links = {each.raised.alert: link("https://relaywarden.isp.example", each.raised) for each in alerts}
    return text_of(alerts, played.causes.known, "raised", "8be01c77d2aa", links)


def _mail(server: Server) -> str:
    return f"mailto://127.0.0.1:{server.port}?from=relaywarden@isp.example&to=noc@isp.example"


def _say(url: str, text: Text, seconds: float = 30.0) -> tuple[bool, str]:
    answer = Speaking(Order(url, text.title, text.body, text.kind), seconds).wait()
    return answer.taken, answer.words


def test_no_name_can_be_a_line_a_link_a_mention_or_markup() -> None:
    told = neutral(HOSTILE)
    assert told == (
        "eve' Bcc: all@example.com ?a href='http:?/evil.example/?x=1'??click?(http:?/evil.example) ?!channel? "
        "?everyone ?rm? ?bold? ?_under?_ ?31m ?spoiler? ?x? ?tag . QUIT@example.net"
    )
    assert len(neutral("x" * 5000)) == 301
    assert neutral("müller_a.b+c@example.net") == "müller_a.b+c@example.net"


def test_a_hostile_mailbox_comes_by_mail_as_one_line_of_text(smtp: Server) -> None:
    text = _hostile()
    assert _say(_mail(smtp), text)[0]
    ((recipient, mail),) = smtp.taken
    assert (recipient, mail["To"], mail["Bcc"]) == ("noc@isp.example", "noc@isp.example", None)
    assert str(mail["Subject"]).startswith("WARNING eve' Bcc: all@example.com ?a href=")
    assert "\n" not in str(mail["Subject"])
    body = mail.get_body(("html", "plain"))
    assert body is not None
    content = body.get_content()
    assert "<a href" not in content
    assert "evil.example" in content
    assert "http://evil" not in content
    assert "https://relaywarden.isp.example/mailboxes?mailbox=eve%22%0D%0ABcc" in content
    assert "Message 8be01c77d2; one that comes twice has the same number." in content


def test_a_webhook_gets_the_same_text_and_says_what_it_answers() -> None:
    text = _hostile()
    with Webhook() as hook:
        assert _say(hook.url, text)[0]
        (taken,) = hook.taken
        assert (taken["title"], taken["message"], taken["type"]) == (text.title, text.body, "warning")
        hook.status = 401
        taken_now, words = _say(hook.url, text)
    assert not taken_now
    assert "401" in words
    assert "s3cret" not in words


def test_a_server_that_hangs_is_left_after_a_while() -> None:
    with Webhook() as hook:
        hook.hangs = True
        assert _say(hook.url, Text("title", "body", "info"), 20.0) == (False, "no answer within 20 s")
        assert hook.tried == 1


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrI/#noc", ("T1JJ3T3L2", "A1BRTD4JD", "TIiajkdnlazkcOXrI")),
        ("mailtos://relay:hunter2%20pass@smtp.isp.example?to=noc@isp.example", ("hunter2 pass", "hunter2%20pass")),
        ("no-such-service://hunter2pass", ("hunter2pass",)),
    ],
)
def test_no_part_of_a_url_is_told(url: str, secrets: tuple[str, ...]) -> None:
    told = redacted(f"POST {url} failed: {' and '.join(secrets)}\n{secrets[0].upper()}, error=401", url)
    assert told.startswith("POST ***")
    assert told.endswith("***, error=401")
    assert [each for each in secrets if each.lower() in told.lower()] == []


def test_a_url_that_apprise_does_not_know_is_not_shown() -> None:
    taken, words = _say("no-such-service://hunter2pass/x", Text("t", "b", "info"))
    assert not taken
    assert "hunter2pass" not in words


def test_a_url_comes_from_a_variable_or_a_closed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "noc.url"
    file.write_text("json://127.0.0.1/hunter2pass\n")
    file.chmod(0o600)
    channel = AlertChannel(url_file=file)
    assert url_of("noc", channel) == "json://127.0.0.1/hunter2pass"
    file.chmod(0o644)
    with pytest.raises(ValueError, match=r"alert.channel.noc.url_file: .* is open to others") as open_to_all:
        url_of("noc", channel)
    monkeypatch.setenv("NOC_URL", "hunter2pass")
    with pytest.raises(ValueError, match=r"^alert.channel.noc.url_env: what stands there is no URL$") as no_url:
        url_of("noc", AlertChannel(url_env="NOC_URL"))
    with pytest.raises(ValueError, match=r"alert.channel.noc.url_env: the environment has no OTHER"):
        url_of("noc", AlertChannel(url_env="OTHER"))
    for error in (open_to_all, no_url):
        assert "hunter2pass" not in str(error.value)


def test_a_text_that_is_too_long_for_a_service_loses_whole_alerts_and_keeps_its_number() -> None:
    blocks = [f"warning: {number}\nrule x\n  {'because ' * 20}\nhttps://rw.example/{number}" for number in range(20)]
    body = "\n\n".join([*blocks, "Message 8be01c77d2"])
    assert fitted(body, len(body)) == body
    for most in (300, 500, 1000, 4096):
        told = fitted(body, most)
        assert len(told) <= most
        assert told.startswith("warning: 0\nrule x\n")
        assert told.endswith("\n\n… more: relaywarden alert list\n\nMessage 8be01c77d2")
        kept = told.split("\n\n")[:-2]
        assert all(block in blocks for block in kept), "no alert is cut in its middle"
    short = fitted(body, 120)
    assert "because" not in short
    assert "https://rw.example/0" in short, "the evidence goes before the link"
    assert len(fitted("x" * 5000, 100)) == 100
