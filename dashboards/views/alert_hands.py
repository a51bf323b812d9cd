"""The Alerts page's orders: acknowledge an alert, and take that back."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards import elements, queries_alerts, words
from dashboards.acting import Made, Wish
from dashboards.elements import Page
from dashboards.views import hands
from dashboards.views.hands import Draft
from schemas.alert_orders import Word, word
from schemas.alert_settings import Alerting
from schemas.events import Event
from schemas.settings import Settings

_PLACE = "hand.alert"
_ACKNOWLEDGE, _BACK = "acknowledge", "take back"


def show(shown: Page, row: Mapping[str, Any]) -> None:
    """Show the orders about one open alert, a row of `queries_alerts.one`, to whom they are allowed."""
    if shown.settings.alert is None or not hands.shown_to(shown):
        return
    chosen = hands.action(_PLACE, (_ACKNOWLEDGE, _BACK))
    undo = chosen == _BACK
    draft = Draft(
        _PLACE,
        chosen,
        row["alert"],
        "",
        "",
        _ACKNOWLEDGE if undo else _BACK,
        lambda: "acknowledge",
        _made(undo=undo),
        name=row["text"],
    )
    hands.ask(draft, _would(shown.settings.alert, row, undo=undo))
    hands.last(_PLACE, row["alert"], lambda event: _answer(shown, event))


def _made(*, undo: bool) -> Made:
    def made(_settings: Settings, wish: Wish, operator: str) -> Event:
        return word(wish.subject, wish.reason, operator, undo=undo)

    return made


def _would(alerting: Alerting, row: Mapping[str, Any], *, undo: bool) -> Sequence[str]:
    """Return what an order would do, in words."""
    if undo and not row["operator"]:
        return ("Nobody acknowledged it: there is nothing to take back.",)
    if undo:
        return (f"That {row['operator']} sees to it counts no more: it is repeated and handed on as before.",)
    if row["operator"]:
        return (f"{row['operator']} acknowledged it already: this will not count.",)
    repeats = sorted(name for name, channel in alerting.channel.items() if channel.repeat_hours)
    onward = sorted({other for channel in alerting.channel.values() for other in channel.escalate_to})
    return (
        f"It is told no more to {', '.join(repeats)}, until it gets worse or ends."
        if repeats
        else "It stays open until its cause is over; no channel repeats it in any case.",
        f"It is not handed on to {', '.join(onward)}." if onward else "No channel hands it on in any case.",
        "If it gets worse, it is told again, and this counts no more.",
    )


def _answer(shown: Page, event: Word) -> str:
    """Return what became of an order."""
    found = shown.read(queries_alerts.happened, event.alert, hours=1)
    if found is None:
        return "? What became of it could not be read yet."
    for row in elements.rows(found):
        if row["operator"] == event.operator and row["reason"] == event.reason:
            return f"● It stands in the log since {words.clock(row['time'], shown.now)}."
    return "◆ It is in the log; the warehouse does not have it yet."
