"""Whom an order may name: one to be held must be a name that a customer can have; any can be released."""

import pytest

from schemas import ordering
from schemas.events import Event
from schemas.settings import Settings, parse
from streams import operating_mailboxes
from streams.operating_mailboxes import Action, order, password_changed

ODD = ["two words", "a" * 321, "a\x1b@example.net"]
SETTINGS = parse("", "test")


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    told: list[Event] = []

    def publish(_: Settings, event: Event) -> None:
        told.append(event)

    for module in (ordering, operating_mailboxes):
        monkeypatch.setattr(module, "publish", publish)
    return told


@pytest.mark.parametrize("name", ODD)
def test_whom_the_rules_barred_is_released_whatever_the_name(name: str, published: list[Event]) -> None:
    released = order(SETTINGS, "release", f" {name.upper()}", "a mistake", operator="ada")
    changed = password_changed(SETTINGS, name, operator="ada")
    assert (released.subject, changed.mailbox) == (name, name)
    assert published == [released, changed]


@pytest.mark.parametrize("name", [*ODD, "", " "])
@pytest.mark.parametrize("action", ["watch", "throttle", "suspend"])
def test_nobody_is_held_by_a_name_that_no_customer_has(action: Action, name: str, published: list[Event]) -> None:
    with pytest.raises(ValueError, match="is no mailbox: say its login or address"):
        order(SETTINGS, action, name, "why", operator="ada")
    assert published == []


def test_an_empty_name_releases_nobody(published: list[Event]) -> None:
    with pytest.raises(ValueError, match="is no mailbox"):
        order(SETTINGS, "release", " ", "why", operator="ada")
    with pytest.raises(ValueError, match="is no mailbox"):
        password_changed(SETTINGS, "", operator="ada")
    assert published == []
