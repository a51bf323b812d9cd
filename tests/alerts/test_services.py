"""What Slack, Teams, Matrix, PagerDuty and Telegram are told, by the requests that Apprise really makes."""

from pathlib import Path

import pytest

from schemas.mailbox_events import MailboxFlagged
from streams.alert_channels import links
from streams.alert_mouth import Order, Speaking
from streams.alerts.words import text_of
from tests.alerts.scene import Played, minute
from tests.alerts.services import Services

RUDE = "eve<!channel>[x](http://evil.example)*b*@customer.example"
KEY = "a" * 32
URLS = {
    "hooks.slack.com": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FO/#noc",
    "api.telegram.org": "tgram://123456789:abcdefg_hijklmnop/12315544",
    "events.pagerduty.com": f"pagerduty://{KEY}@apikey0123456789",
    "teams.isp.example": "workflows://teams.isp.example/workflow0123/signature0123456789",
    "matrix.isp.example": "matrixs://relaywarden:s3cretpass@matrix.isp.example/#noc:isp.example?e2ee=no",
}
MOST = {"hooks.slack.com": 35_000, "api.telegram.org": 4096, "events.pagerduty.com": 1024}


@pytest.mark.parametrize("host", sorted(URLS))
def test_each_service_takes_a_long_message_whole_alerts_only_and_inert(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = Played()
    played.take(*(
        MailboxFlagged(id=f"f{number}", at=minute(0), mailbox=f"{number}{RUDE}", score=100, step="flag")
        for number in range(30)
    ))  # fmt: skip
    played.turn(0)
    alerts = list(played.book.opened())
    pages = {each.raised.alert: links("https://rw.example", each.raised) for each in alerts}
    text = text_of(alerts, played.causes.known, "raised", "8be01c77d2aa", pages)
    with Services(tmp_path) as services:
        for name, value in services.environment.items():
            monkeypatch.setenv(name, value)
        answer = Speaking(Order(URLS[host], text.title, text.body, text.kind), 40).wait()
    assert answer.taken, answer.words
    assert {each.host for each in services.taken} == {host}
    texts = max(map(_texts, services.told(host)), key=lambda each: sum(map(len, each)))
    assert max(map(len, texts)) <= MOST.get(host, 10_000)
    said = "\n".join(texts).replace("\\", "")
    assert "looks compromised, score 100 and 29 more" in said
    assert "https://rw.example/alerts?alert=" in said
    assert "Message 8be01c77d2; one that comes twice has the same number." in said
    for steers in ("<!channel>", "[x](", "*b*", "http://evil"):
        assert steers not in said


def _texts(told: object) -> list[str]:
    """Return all texts of what a service was told."""
    match told:
        case str():
            return [told]
        case dict():
            return [text for each in told.values() for text in _texts(each)]
        case list():
            return [text for each in told for text in _texts(each)]
        case _:
            return []
