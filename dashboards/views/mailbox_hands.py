"""The Mailboxes page's orders: suspend, throttle, watch and release a mailbox."""

import streamlit as st

from dashboards import effect, elements, queries_mailbox, queries_orders, words
from dashboards.acting import of_mailbox
from dashboards.elements import Page
from dashboards.views import hands
from dashboards.views.hands import Draft
from schemas.mailbox_settings import bars
from schemas.names import canonical_mailbox
from schemas.observations import MailboxAction, OperatorActed

_ACTIONS: tuple[MailboxAction, ...] = ("suspend", "throttle", "watch", "release")
_PLACE = "hand.mailbox"
_MOST = 200  # of the mailboxes whose name contains it


def show(shown: Page, mailbox: str) -> None:
    """Show the orders about one mailbox to whom they are allowed."""
    if not hands.shown_to(shown):
        return
    left, right = st.columns([3, 2])
    with left:
        chosen = hands.action(_PLACE, _ACTIONS)
    action = next(each for each in _ACTIONS if each == chosen)
    with right:
        lasts = hands.lasts(_PLACE)
    step, decision = _standing(shown, mailbox)
    limits = shown.settings.mailboxes
    lines = effect.of_mailbox(
        action, step, decision, barred=bool(bars(limits.hooks)), per_hour=limits.throttle_recipients_per_hour
    )
    draft = Draft(
        _PLACE,
        action,
        canonical_mailbox(mailbox),
        lasts,
        mailbox if action == "suspend" else "",
        effect.opposite(action, decision),
        lambda: action,
        of_mailbox(action),
    )
    hands.ask(draft, (*lines, *_sent(shown, mailbox)))
    hands.last(_PLACE, canonical_mailbox(mailbox), lambda event: _answer(shown, event))


def _standing(shown: Page, mailbox: str) -> tuple[str, str]:
    """Return a mailbox's step and its newest decision in words; a step of "" where nothing holds it."""
    found = shown.read(queries_mailbox.scores, mailbox, "", _MOST, hours=1)
    for row in elements.rows(found) if found is not None else []:
        if row["mailbox"] == mailbox:
            return row["step"], words.standing(row["decision"], row["mode"], row["step"])
    whole = found is not None and len(found) < _MOST  # else it may be one that was left out
    return "", "never seen before" if whole else "its step is not known"


def _sent(shown: Page, mailbox: str) -> tuple[str, ...]:
    """Return what it sent in the page's hours, in numbers."""
    activity = shown.read(queries_mailbox.activity, mailbox, every=shown.every)
    if activity is None:
        return ("What it sent lately could not be read.",)
    if activity.empty:  # none, or no log was heard
        return (f"No mail of it was logged in the last {shown.hours} h.",)
    messages, recipients = int(activity["messages"].sum()), int(activity["recipients"].sum())
    sent = f"{words.count(messages)} messages to {words.count(recipients)} recipients"
    return (f"In the last {shown.hours} h it sent {sent}.",)


def _answer(shown: Page, event: OperatorActed) -> str:
    """Return what became of an order, in words."""
    said = f"{event.operator}: {event.reason}"
    found = shown.read(queries_orders.of_mailbox, event.action, event.subject, said, event.at, hours=1)
    if found is None:
        return "? What became of it could not be read yet."
    for row in elements.rows(found):
        return words.decision(row, shown.now)
    nothing = " Where it has a step already, watching it decides nothing." if event.action == "watch" else ""
    return f"◆ It is in the log; no decision has answered it yet.{nothing}"
