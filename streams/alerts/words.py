"""What a message says: plain text of ours, in which no stranger's name can be a line, a link, a mention or markup."""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from schemas.alert_events import Telling
from schemas.moments import moment_of
from streams.alerts.book import SEVERITIES, Alert
from streams.alerts.causes import Cause, Key
from streams.alerts.deciding import counted

_MOST_ALERTS = 20
_MOST_EVIDENCE = 5
_MOST_LETTERS = 300
_SHORT = 10
_STEERS = re.compile(r"[^\w .,:;@+/()%=!'-]|(?<![\w.+-])@|(?<=:)/(?=/)|_(?=_)")
_HEADS: dict[Telling, str] = {
    "raised": "", "repeated": "still: ", "escalated": "not acknowledged: ", "worsened": "worse: ",
    "resolved": "resolved: ",
}  # fmt: skip


class Text(msgspec.Struct, frozen=True):
    """A message: its title, its text, and whether it is bad news, one that waits, or good news."""

    title: str
    body: str
    kind: str


def neutral(text: str) -> str:
    """Return text of strangers as one short line, in which nothing is markup, a mention or a link of any channel."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    safe = _STEERS.sub("?", line.replace('"', "'"))
    return safe if len(safe) <= _MOST_LETTERS else f"{safe[:_MOST_LETTERS]}…"


def number(alert: str) -> str:
    """Return an alert's number as it is shown: its beginning, which `relaywarden alert acknowledge` takes."""
    return alert[:_SHORT]


def text_of(
    alerts: Sequence[Alert], causes: Mapping[Key, Cause], telling: Telling, message: str, links: Mapping[str, str]
) -> Text:
    """Return a message about alerts of one rule, the most severe first; `links` has each alert's page."""
    alerts = sorted(alerts, key=lambda each: -SEVERITIES.index(each.severity))
    first, severity = alerts[0].newest, alerts[0].severity
    over = all(each.resolved is not None for each in alerts)
    head = "resolved: " if over else _HEADS[telling]
    more = f" and {len(alerts) - 1} more" if len(alerts) > 1 else ""
    title = neutral(f"{severity.upper()} {head}{first.text}")[:120] + more
    blocks = [_block(each, causes.get(each.key), links.get(each.raised.alert, "")) for each in alerts[:_MOST_ALERTS]]
    if len(alerts) > _MOST_ALERTS:
        blocks.append(f"… and {len(alerts) - _MOST_ALERTS} more: relaywarden alert list")
    blocks.append(f"Message {number(message)}; one that comes twice has the same number.")
    kind = "success" if over else {"critical": "failure", "warning": "warning", "notice": "info"}[severity]
    return Text(title, "\n\n".join(blocks), kind)


def _block(alert: Alert, cause: Cause | None, link: str) -> str:
    raised, newest = alert.raised, alert.newest
    lines = [f"{newest.severity}: {neutral(newest.text)}", f"rule {raised.rule}, since {_moment(raised.since)}"]
    times = counted(alert, cause)
    if times > 1:
        lines.append(f"it began {times} times, and is told once")
    if alert.resolved is not None:
        ended = f"over since {_moment(alert.resolved.until)}: " if alert.resolved.until else "ended: "
        lines.append(ended + neutral(alert.resolved.text))
    elif cause is not None and not cause.on:
        lines.append("it is over at the moment")
    elif cause is not None and cause.newest.text != newest.text:
        lines.append(f"now: {neutral(cause.newest.text)}")
    lines.extend(_evidence(neutral(each.text) for each in newest.evidence[:_MOST_EVIDENCE]))
    if link:
        lines.append(link)
    if alert.resolved is None and alert.acknowledged is None:
        lines.append(f"acknowledge: relaywarden alert acknowledge {number(raised.alert)} --reason '...'")
    else:
        who = f", acknowledged by {neutral(alert.acknowledged.operator)}" if alert.acknowledged else ""
        lines.append(f"alert {number(raised.alert)}{who}")
    return "\n".join(lines)


def _evidence(texts: Iterable[str]) -> Iterable[str]:
    return (f"  {text}" for text in texts if text)


def _moment(at: int) -> str:
    return moment_of(at).strftime("%Y-%m-%d %H:%M:%S UTC")
