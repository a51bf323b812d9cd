"""Every hand of the pages as somebody presses it in a browser: by mouse, by finger or by keys, preview read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
from playwright.sync_api import Locator, Page, expect

from schemas import codec
from schemas.alert_events import AlertAcknowledged, AlertUnacknowledged
from schemas.delisting_events import DelistingHandled
from schemas.events import Event
from schemas.observations import ListOrdered, MailboxAction, OperatorActed, PoolAction
from schemas.sunset_events import UserExempted
from tests.pages import sunset_scene
from tests.pages.browsing import Visitor, tab_to
from tests.pages.conftest import store
from tests.pages.forged_scene import HANDS, LIST, PROVIDER, Hand
from tests.pages.hands_scene import Desk
from tests.pages.scene import IPS, THIEF
from tests.pages.test_hands_provider import handled

SIZES = {"phone": (390, 844), "wall": (1920, 1080)}
WRONG = "The confirmation is not what must be typed."


@dataclass(frozen=True)
class Press:
    """A hand, what its preview says, and what the page says of it once it was followed ("": nobody follows it here).

    `undo` is what takes it back.
    """

    hand: Hand
    preview: str
    followed: str = ""
    undo: "Press | None" = None


def _hand(place: str, action: str) -> Hand:
    return next(each for each in HANDS if (each.place, each.action) == (place, action))


def _mailbox(action: MailboxAction, typed: str = "") -> Hand:
    says = {"type": "operator_acted", "action": action, "subject": THIEF}
    return replace(_hand("hand.alert", "acknowledge"), page="mailboxes", query={"mailbox": THIEF}, action=action,
                   needs=action, says=says, typed=typed, place="hand.mailbox")  # fmt: skip


def _pool(action: PoolAction, ip: str, typed: str = "") -> Hand:
    says = {"type": "operator_acted", "action": action, "subject": ip, "pool": "main"}
    return replace(_hand("hand.pool", "withdraw"), query={"ip": ip}, action=action, needs=action, says=says,
                   typed=typed, chosen={}, by="kim@example.net")  # fmt: skip


_TAKE_BACK = _hand("hand.delisting", "take back")
_RELEASED = Press(
    _mailbox("release"), "It sends again; what it did lately is forgotten.", "released, score 0, ordered by kim"
)
_LEAVE = Press(
    _hand("hand.list", "leave"), "No order about it counts any more", f"● pool main: {LIST} has its vote again"
)
_RESTORED_THERE = replace(
    _hand("hand.provider", "restore"),
    says={"type": "operator_acted", "action": "restore", "subject": IPS[0], "provider": PROVIDER},
)
_MINIMUM = "That is fewer than min_active 5: the pool obeys all the same."
_NO_WAY = "The order would be of no effect, or is impossible now: the desk will refuse it."


def _stage(action: str, preview: str, undo: Press | None = None) -> Press:
    return Press(_hand("hand.stage", action), preview, undo=undo)


def _handled(action: str, preview: str, deed: str) -> Press:
    back = f"What kim did counts no more: {deed}"
    return Press(_hand("hand.delisting", action), preview, "● It stands in the case.",
                 Press(_TAKE_BACK, back, "● It counts no more."))  # fmt: skip


PRESSES: dict[str, tuple[Press, ...]] = {
    "alert": (
        Press(_hand("hand.alert", "acknowledge"), "It is told no more to noc, until it gets worse or ends.",
              "● It stands in the log since",
              Press(_hand("hand.alert", "take back"), "That kim sees to it counts no more: it is repeated",
                    "● It stands in the log since")),
    ),
    "list": (
        Press(_hand("hand.list", "distrust"), "It has no vote: whatever it names withdraws nothing",
              f"● pool main: {LIST} has no vote", _LEAVE),
        Press(_hand("hand.list", "trust"), "It has a vote, although it may fail its tests",
              "● The pool holds to it: trust", replace(_LEAVE, followed="● The pool holds to it: leave")),
    ),
    "exempt": (
        Press(_hand("hand.exempt", "exempt"), "They stand in no letter and are not counted as open, till the sunset",
              "● It counts: the switches follow at once",
              Press(_hand("hand.exempt", "unexempt"), "They stand in letters again, and are counted as open.",
                    "● It counts: the switches follow at once")),
    ),
    "mailbox": (
        Press(_mailbox("suspend", THIEF), "It sends nothing until it is released",
              "suspended, score 0, ordered by kim", _RELEASED),
        Press(_mailbox("throttle"), "recipients an hour, whatever held it before", "throttled, score 0, ordered by"),
        Press(_mailbox("watch"), "It is looked at each hour, and new networks do not become familiar.",
              "watched, score 0"),
    ),
    "pool": (
        Press(replace(_hand("hand.pool", "withdraw"), query={"ip": IPS[1]}, chosen={}), _MINIMUM,
              f"{IPS[1]} withdrawn until further notice, ordered by kim",
              Press(_pool("restore", IPS[1], IPS[1]), f"{IPS[1]} sends at once with its full share.",
                    f"{IPS[1]} fully back in the pool, ordered by kim")),
        Press(_pool("pin", IPS[1]), f"{IPS[1]} stays active, whatever lists say", "● The pool holds to it: pin",
              Press(_pool("unpin", IPS[1]), f"Lists decide about {IPS[1]} again.", "● The pool holds to it: unpin")),
    ),
    "delisting": (
        _handled("close", "Nobody works on it any more.", "close (delisting clicked: close"),
        _handled("note", "It stands in the case, and in the text for the list's form", "note ("),
        _handled("asked", "Written down only: spamcop is told nothing.", "asked (form"),
    ),
    "stage": (
        _stage("resume", "All that waited is laid anew", _stage("pause", _NO_WAY)),
        _stage("close", "They are cut off at once.", _stage("rollback", "The other stages go on.")),
        _stage("open", _NO_WAY),
    ),
    "letter": (
        Press(_hand("hand.letter", "again"), "the customer may get it twice."),
        Press(_hand("hand.letter", "sent"), "It counts as sent, and is not tried again."),
        Press(_hand("hand.letter", "refused"), "stands among those whom no letter reached: customer care calls."),
    ),
    "below": (
        Press(_hand("hand.provider", "withdraw"), _MINIMUM, f"{IPS[0]} sends nothing to {PROVIDER} until further",
              Press(_RESTORED_THERE, f"{IPS[0]} sends to {PROVIDER} again at once",
                    f"{IPS[0]} sends to {PROVIDER} again, ordered by kim")),
    ),
}  # fmt: skip
"""By the place of the pages where they are given, what hurts first."""


def follow(noc: Desk, given: Sequence[Event]) -> None:
    """Have the warehouse keep what follows from all that was ordered at a place, as workers and desks decide it."""
    if orders := [each for each in given if isinstance(each, OperatorActed | ListOrdered)]:
        noc.answer(*orders)
    if done := [each for each in given if isinstance(each, DelistingHandled)]:
        handled(noc, *done)
    if words := [each for each in given if isinstance(each, AlertAcknowledged | AlertUnacknowledged)]:
        store(noc.hall.client, "alert_events", words)
    if exempted := [each for each in given if isinstance(each, UserExempted)]:
        sunset_scene.put(noc.hall.client, "sunset_events", exempted)


def told(event: Event) -> dict[str, object]:
    """Return what an event says, by its fields."""
    return msgspec.json.decode(codec.encode(event), type=dict[str, object])


class Hands:
    """The form of orders on an open page, on a wall with a mouse or on a phone that is touched."""

    def __init__(self, visitor: Visitor) -> None:
        self.page: Page = visitor.page
        self.visitor = visitor
        self._touches = False

    def on(self, size: str) -> None:
        """Have the page on a screen of this size from now on.

        The navigation goes elsewhere then, which takes the keyboard's focus from where it is.
        """
        width, height = SIZES[size]
        self.visitor.size = {"width": width, "height": height}
        self.page.set_viewport_size(self.visitor.size)
        expect(self.page.get_by_test_id("stTopNavLink").first).to_be_visible(visible=size == "wall")
        self._touches = size == "phone"

    def push(self, target: Locator) -> None:
        """Press something by finger or by mouse."""
        if self._touches:
            target.tap()
        else:
            target.click()

    def choose(self, press: Press) -> None:
        """Choose an order, and read what it would do."""
        name = press.hand.action.capitalize()
        self.push(self.page.get_by_role("radiogroup", name="Order").get_by_text(name, exact=True))
        self.said(press.preview)
        expect(self.page.get_by_label("Confirmation")).to_have_count(int(bool(press.hand.typed)))

    def give(self, press: Press, reason: str) -> None:
        """Give the order that is chosen; where it is to be confirmed, first with the wrong words."""
        self.page.get_by_label("Reason").fill(reason)
        button = self.page.get_by_role("button", name=f"Order: {press.hand.action}")
        if press.hand.typed:
            self.page.get_by_label("Confirmation").fill("the wrong words")
            self.push(button)
            self.said(WRONG)
            self.page.get_by_label("Confirmation").fill(press.hand.typed)
        self.push(button)
        self._given(press.hand, reason)

    def take_back(self, undo: Press, reason: str) -> None:
        """Press the undo and give what it says, by the keyboard alone."""
        keys = self.page.keyboard
        tab_to(self.page, self.page.get_by_role("button", name=f"Undo: {undo.hand.action}"))
        keys.press("Enter")
        self.said(undo.preview)
        expect(self.page.get_by_role("button", name=f"Order: {undo.hand.action}")).to_be_visible()
        expect(self.page.get_by_label("Confirmation")).to_have_count(int(bool(undo.hand.typed)))
        tab_to(self.page, self.page.get_by_label("Why is it taken back?"))
        keys.type(reason)
        if undo.hand.typed:
            tab_to(self.page, self.page.get_by_label("Confirmation"))
            keys.type(undo.hand.typed)
        tab_to(self.page, self.page.get_by_role("button", name=f"Order: {undo.hand.action}"))
        keys.press("Enter")
        self._given(undo.hand, reason)

    def said(self, text: str) -> None:
        """Wait until the page says something."""
        expect(self._text(text)).to_be_visible()

    def _text(self, text: str) -> Locator:
        return self.page.get_by_test_id("stText").filter(has_text=text).first

    def _given(self, hand: Hand, reason: str) -> None:
        said = self.page.get_by_test_id("stText").filter(has_text=f": {reason}")
        expect(said.filter(has_text=f"{hand.action} ").first).to_be_visible()
