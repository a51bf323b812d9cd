"""Customers: whose a mailbox is, and what may be done to it."""

from typing import TYPE_CHECKING

import pytest

from schemas import settings
from schemas.customers import Customers

if TYPE_CHECKING:
    from schemas.mailbox_settings import Action

TOML = """
[customers.bakery]
mailboxes = ["bakery.example", "Boss@Example.net", "office-lan"]
action = "off"

[customers.club]
mailboxes = ["example.net", "club.example.net"]
"""


@pytest.mark.parametrize(
    ("mailbox", "customer", "action"),
    [
        ("anna@bakery.example", "bakery", "off"),
        ("boss@example.net", "bakery", "off"),  # the address counts before its domain
        ("office-lan", "bakery", "off"),
        ("anna@example.net", "club", None),
        ("anna@club.example.net", "club", None),
        ("anna@shop.bakery.example", "shop.bakery.example", None),  # a sub-domain is a customer of its own
        ("anna@example.org", "example.org", None),
        ("other-lan", "other-lan", None),
        ("<>", "<>", None),
    ],
)
def test_whose_a_mailbox_is(mailbox: str, customer: str, action: "Action | None") -> None:
    customers = Customers(settings.parse(TOML, "test.toml").customers)
    assert (customers.of(mailbox), customers.action(mailbox)) == (customer, action)
    assert customers.knows(mailbox) is (customer in {"bakery", "club"})


def test_what_stands_with_two_customers_is_named_at_once() -> None:
    text = TOML + '[customers.third]\nmailboxes = ["OFFICE-lan", "club.example.net", " "]\n'
    with pytest.raises(settings.SettingsError) as raised:
        settings.parse(text, "test.toml")
    assert str(raised.value) == (
        "test.toml: customers: third.mailboxes: OFFICE-lan is the customer bakery's already; third.mailboxes: "
        "club.example.net is the customer club's already; third.mailboxes: an empty text is no mailbox"
    )
