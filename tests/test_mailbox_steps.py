"""Which step a score leads to, in which mode, and how each ends."""

import pytest
from msgspec import structs

from embedded.hoster.activity import MINUTE
from schemas.customers import Customers
from schemas.mailbox_events import MailboxReleased, MailboxSuspended, MailboxThrottled
from schemas.mailbox_settings import Action, Customer, Mailboxes
from schemas.settings import SettingsError, parse
from streams import mailboxes
from streams.habits import Hold
from streams.steps import known_rules, mode_of
from tests.decided import BOTNET, ENFORCE, GROWING, QUIET, after, hours_after, tick, told
from tests.patterns import MAILBOX, events_of

STOLEN = events_of(f"{QUIET}; {BOTNET}")
COMPLAINED = events_of(f"{QUIET}; {GROWING}")
POSTMASTER = "postmaster@example.com"


def enforcing(**changed: object) -> Mailboxes:
    return ENFORCE.model_copy(update=changed)


def with_rules(**rules: Action) -> Mailboxes:
    return enforcing(rules=rules)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Mailboxes(), ["watch", "flag", "suspend propose", "released"]),
        (Mailboxes(action="off"), ["watch", "flag", "released"]),
        (Mailboxes(protected=frozenset({MAILBOX})), ["watch", "flag", "released"]),
        (enforcing(protected=frozenset({MAILBOX})), ["watch", "flag", "released"]),
        (ENFORCE, ["watch", "flag", "suspend enforce"]),
    ],
)
def test_who_is_suspended(limits: Mailboxes, expected: list[str]) -> None:
    """An enforced suspension sends nothing, so its score falls: that does not end it."""
    assert after(hours_after(STOLEN, 40), limits)[1] == expected


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Mailboxes(), ["watch", "flag", "throttle propose", "released"]),
        (ENFORCE, ["watch", "flag", "throttle enforce", "released"]),
        (enforcing(throttle_score=0.0), ["watch", "flag", "released"]),
        (enforcing(throttle_score=50.0), ["watch", "flag", "throttle enforce", "released"]),  # never before the flag
        (enforcing(throttle_score=120.0), ["watch", "flag", "released"]),
        (enforcing(suspend_score=102.0), ["watch", "flag", "suspend enforce"]),
    ],
)
def test_who_is_throttled(limits: Mailboxes, expected: list[str]) -> None:
    assert after(hours_after(COMPLAINED, 120), limits)[1] == expected


def test_a_throttle_says_to_how_many_recipients_and_why() -> None:
    (throttled,) = [each for each in mailboxes.replay(COMPLAINED, ENFORCE)[1] if isinstance(each, MailboxThrottled)]
    assert (throttled.mode, throttled.recipients_per_hour, throttled.score) == ("enforce", 20, 104.9)
    assert [item.rule for item in throttled.evidence] == ["complaints", "burst", "unknown_users", "strangers"]


@pytest.mark.parametrize(
    "more", ["for=5 logins=30 networks=30 from=9", "for=60 failed=30 guessers=9; for=1 logins=1 from=8"]
)
def test_who_is_throttled_and_may_send_no_more_can_still_be_suspended(more: str) -> None:
    """Its burst ends, but networks and guessed passwords still count, and a day's counts fade slowly."""
    assert after(COMPLAINED)[1] == ["watch", "flag", "throttle enforce"]
    assert after(events_of(f"{QUIET}; {GROWING}; {more}"))[1][-1] == "suspend enforce"
    assert after(STOLEN, enforcing(throttle_score=85.0))[1] == ["watch", "flag", "throttle enforce", "suspend enforce"]


@pytest.mark.parametrize(("limits", "minutes"), [(ENFORCE, [80]), (Mailboxes(), [20, 40, 80])])
def test_an_enforced_throttle_lasts_an_hour_at_least(limits: Mailboxes, minutes: list[int]) -> None:
    found = []
    for waited in (20, 40, 80):
        state = mailboxes.replay(COMPLAINED, limits)[0][MAILBOX]
        calm = limits.model_copy(update={"release_score": 120.0})  # its 118 points are few enough at once
        state, decided = mailboxes.step(state, tick(COMPLAINED[-1].at + waited * MINUTE), calm)
        if decided:
            (released,) = decided
            assert isinstance(released, MailboxReleased)
            assert released.evidence[0].text.endswith(", below 120")
            assert (state.step, state.hold) == ("", None)
            found.append(waited)
    assert found == minutes


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, ["watch", "flag", "throttle enforce"]),
        ({"complaints": "enforce"}, ["watch", "flag", "throttle enforce"]),
        ({"complaints": "propose"}, ["watch", "flag", "throttle propose"]),
        ({"burst": "propose"}, ["watch", "flag", "throttle propose", "throttle enforce"]),
        ({"complaints": "off"}, ["watch"]),
        ({"strangers": "off"}, ["watch", "flag", "throttle enforce"]),
    ],
)
def test_a_rule_counts_as_much_as_it_may(rules: dict[str, Action], expected: list[str]) -> None:
    assert after(COMPLAINED, with_rules(**rules))[1] == expected
    proposed = list(dict.fromkeys(word.replace("enforce", "propose") for word in expected))
    assert after(COMPLAINED, Mailboxes(rules=rules))[1] == proposed


def test_what_the_strong_rules_give_is_enforced_and_the_rest_proposed() -> None:
    states, decided = mailboxes.replay(STOLEN, with_rules(unknown_users="propose"))
    assert told(decided) == ["watch", "flag", "throttle enforce", "suspend propose", "suspend enforce"]
    proposed, enforced = decided[3:]
    assert isinstance(proposed, MailboxSuspended)
    assert isinstance(enforced, MailboxSuspended)
    assert proposed.evidence[-1].text == (
        "only proposed: unknown_users may not act, and the other rules give 112.3 points"
    )
    assert sum(item.points for item in enforced.evidence if item.rule != "unknown_users") >= 130
    assert states[MAILBOX].hold == Hold(step="suspend", at=enforced.at)


def test_what_speaks_for_the_owner_counts_whatever_its_rule_may() -> None:
    """116.6 points in all: 129.7 against, 13.1 for the owner."""
    events = events_of(f"{QUIET}; for=5 messages=60 recipients=1 networks=40 from=9")
    limits = enforcing(suspend_score=120.0, rules={"clean_answers": "propose"})
    assert after(events, limits)[1] == ["watch", "flag", "throttle enforce"]


def test_a_throttle_is_not_enforced_below_the_flag() -> None:
    """The 44 points of the rules that may act are no flag by themselves."""
    limits = enforcing(throttle_score=20.0, rules={"complaints": "propose"})
    assert after(COMPLAINED, limits)[1] == ["watch", "flag", "throttle propose"]


def test_a_customer_is_treated_as_his_action_says() -> None:
    company = Customer(mailboxes=("example.net", "customer-4711"), action="off")
    sure = Customer(mailboxes=("ceo@example.net",), action="enforce")
    like_all = Customer(mailboxes=("example.org",))
    customers = Customers({"company": company, "sure": sure, "like-all": like_all})
    modes = {
        "bob@example.net": "off",
        "ceo@example.net": "enforce",
        "customer-4711": "off",
        "bob@example.org": "propose",
        "bob@example.com": "propose",
        POSTMASTER: "off",
    }
    assert {mailbox: mode_of(mailbox, Mailboxes(), customers) for mailbox in modes} == modes


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("off", ["watch", "flag"]),
        ("propose", ["watch", "flag", "suspend propose"]),
        ("enforce", ["watch", "flag", "suspend enforce"]),
        (None, ["watch", "flag", "suspend propose"]),
    ],
)
def test_the_customers_action_counts_before_that_of_all(action: Action | None, expected: list[str]) -> None:
    customers = Customers({"one": Customer(mailboxes=(MAILBOX.partition("@")[2],), action=action)})
    assert told(mailboxes.replay(STOLEN, Mailboxes(), customers)[1]) == expected


def test_a_postmaster_is_protected_without_being_named() -> None:
    events = [
        structs.replace(event, **{name: POSTMASTER for name in ("sender", "mailbox") if hasattr(event, name)})
        for event in STOLEN
    ]
    assert told(mailboxes.replay(events, ENFORCE)[1]) == ["watch", "flag"]
    assert Mailboxes(protected=frozenset({" News@Example.NET"})).protects("news@example.net")
    assert not Mailboxes().protects("postmasters@example.net")


def test_a_rule_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match=r"^mailboxes\.rules: no rule moon, sun; there are alike, awakened, burst, "):
        known_rules(Mailboxes(rules={"sun": "off", "burst": "off", "moon": "propose"}))
    known_rules(Mailboxes(rules={"burst": "off"}))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            "[mailboxes]\naction = 'enforce'",
            (
                "mailboxes.hooks: none bars a mailbox from sending, but mailboxes.action is 'enforce': "
                "configure one, or say 'propose'"
            ),
        ),
        (
            "[customers.a]\nmailboxes = ['example.net']\naction = 'enforce'",
            "customers: a.action: 'enforce', but mailboxes.hooks has none that bars a mailbox",
        ),
    ],
)
def test_a_configuration_cannot_promise_what_no_hook_carries_out(text: str, wrong: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse(text, "relaywarden.toml")
    assert str(error.value) == f"relaywarden.toml: {wrong}"
    assert parse(text.replace("enforce", "off"), "").mailboxes.flag_score == 80.0
    webhook = "\n[mailboxes.hooks.webhook]\nurl = 'https://panel.example.net/suspensions'\n"
    hooked = parse(text + webhook, "")
    assert "enforce" in {hooked.mailboxes.action, *(customer.action for customer in hooked.customers.values())}


def test_a_local_user_is_only_flagged() -> None:
    asked = ("local:mx1:33", "local:mx1:www-data", "local:mx1:33@example.net", "local:shop", "a@example.net")
    assert [Mailboxes().protects(name) for name in asked] == [True, True, False, False, False]
    assert Mailboxes().protects("postmaster@example.net")
