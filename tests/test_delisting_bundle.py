"""What an operator is told about a delisting: whether to ask for removal now, and the text for the list's form."""

import msgspec
import pytest

from schemas.delisting_events import (
    DelistingClosed,
    DelistingEvent,
    DelistingNoted,
    DelistingOpened,
    DelistingRequested,
)
from schemas.facts import Culprit, Evidence
from streams.delisting_bundle import Bundle, Sender, advice, culprits, form, lasts, lines, span
from streams.suspects import Suspect

MINUTE = 60_000_000
T0 = 1_772_359_200_000_000  # 2026-03-01 10:00 UTC
NOW = T0 + 300 * MINUTE
EVE = Culprit(sender="eve@example.net", messages=900, unknown_users=240, networks=41, minutes=60)
OPENED = DelistingOpened(
    id="o",
    at=T0,
    case="1",
    pool="main",
    list="spamcop",
    subject="192.0.2.1",
    scope="ip",
    since=T0,
    ips=("192.0.2.1",),
    reason="Blocked",
    removal="https://www.spamcop.net/bl.shtml",
    lasts_hours=24,
    evidence=(Evidence(rule="withdrawn", text="192.0.2.1 is withdrawn since 2026-03-01 10:00:00 UTC"),),
    culprits=(EVE,),
)
NOTED = DelistingNoted(
    id="n",
    at=T0 + MINUTE,
    case="1",
    pool="main",
    list="spamcop",
    subject="192.0.2.1",
    kind="operator",
    operator="ada",
    evidence=(Evidence(rule="operator", text="the password was changed"),),
)
CLOSED = DelistingClosed(
    id="c",
    at=T0 + 90 * MINUTE,
    case="1",
    pool="main",
    list="spamcop",
    subject="192.0.2.1",
    outcome="delisted",
    took_seconds=5400,
)


def bundle(*senders: Sender, events: tuple[DelistingEvent, ...] = (OPENED,)) -> Bundle:
    return Bundle(
        events=events,
        now=NOW,
        ptr={"192.0.2.1": ("mail1.example.net",)},
        last_mail={"192.0.2.1": T0},
        senders=senders,
        quiet=60 * MINUTE,
    )


def eve(step: str, *, enforced: bool = False, mail: int = 0, released: int = 0) -> Sender:
    """Return what is known of the thief: his step since the opening, and his last mail in minutes after it."""
    suspect = msgspec.convert({"step": step, "at": T0, "enforced": enforced}, Suspect) if step else None
    return Sender(culprit=EVE, suspect=suspect, last_mail=T0 + mail * MINUTE, released=released)


TEN = "2026-03-01 10:00:00 UTC"
CAUSE = "no culprit is throttled or suspended: make sure that the cause has ended before you ask"


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        (
            eve("flag", mail=299),
            "do not ask yet: eve@example.net is flagged since 2026-03-01 10:00:00 UTC, and sent at",
        ),
        (eve("suspend", mail=299), "do not ask yet: eve@example.net is only proposed to be suspended since"),
        (
            eve("suspend", enforced=True, mail=299),
            "do not ask yet: eve@example.net is suspended since",
        ),  # in spite of it
        (eve("suspend", enforced=True, mail=5), ""),
        (eve("throttle", enforced=True, mail=299), ""),
        (eve("flag", mail=5), CAUSE),  # quiet, but nobody did anything
        (eve("", mail=299), CAUSE),  # a busy customer, in question or not: nobody knows the cause
        (eve("", mail=299, released=T0 + MINUTE), ""),  # he has a new password
    ],
)
def test_when_to_ask(sender: Sender, told: str) -> None:
    found = advice(bundle(sender))
    assert len(found) == bool(told)
    assert "".join(found).startswith(told)


def test_without_a_culprit_somebody_must_look_first_but_for_a_domain_nobody_sends_through() -> None:
    assert advice(bundle()) == (CAUSE,)
    domain = msgspec.structs.replace(OPENED, scope="domain", subject="example.net", ips=(), culprits=())
    assert advice(bundle(events=(domain,))) == ()
    assert next(form(bundle(events=(domain,)))) == "Domain: example.net"


def test_a_closed_case_needs_no_advice() -> None:
    found = bundle(eve("flag", mail=299), events=(OPENED, CLOSED))
    assert advice(found) == ()
    assert next(lines(found)) == "delisting 1: 192.0.2.1 on spamcop: the list took the entry back, 2 h after it began"


def test_the_form_tells_all_that_is_known_and_no_customers_address() -> None:
    asked = DelistingRequested(
        id="r",
        at=T0 + 2 * MINUTE,
        case="1",
        pool="main",
        list="spamcop",
        subject="192.0.2.1",
        operator="ada",
        how="form",
    )
    found = bundle(eve("suspend", enforced=True, mail=1), events=(OPENED, NOTED, asked))
    assert list(form(found)) == [
        "IP address: 192.0.2.1",
        "Reverse DNS of 192.0.2.1: mail1.example.net",
        "List: spamcop",
        "Listed since: 2026-03-01 10:00:00 UTC",
        "Your entry says: Blocked",
        "What happened: a mailbox of example.net sent 900 messages in 1 h, 240 unknown users, 41 networks.",
        f"What was done: the mailbox is suspended since {TEN}; its last mail was at 2026-03-01 10:01:00 UTC.",
        "What was done: 192.0.2.1 is withdrawn since 2026-03-01 10:00:00 UTC.",
        "Last mail through 192.0.2.1: 2026-03-01 10:00:00 UTC",
        "Remark: the password was changed",
    ]
    assert [line for line in lines(found) if not line.startswith(" ")] == [
        "delisting 1: 192.0.2.1 on spamcop: open",
        "2026-03-01 10:00:00 UTC opened",
        "2026-03-01 10:01:00 UTC noted by ada",
        "2026-03-01 10:02:00 UTC requested by ada: by form",
    ]


def test_a_relapse_has_its_own_culprits_ips_and_remarks() -> None:
    other = Culprit(sender="mallory@example.org", messages=3)
    again = msgspec.structs.replace(OPENED, id="p", at=NOW - MINUTE, relapse=1, culprits=(other,))
    events = (OPENED, NOTED, CLOSED, again)
    assert culprits(events) == (other,)
    told = list(form(bundle(events=events)))
    assert "Remark: the password was changed" not in told
    assert next(lines(bundle(events=events))) == "delisting 1: 192.0.2.1 on spamcop, relapse 1: open"


def test_how_long_an_entry_lasts_is_told_as_far_as_it_is_known() -> None:
    assert lasts(OPENED) == "an entry ends by itself about 24 h after the last hit"
    assert lasts(msgspec.structs.replace(OPENED, lasts="a week", lasts_hours=0)) == "an entry lasts a week"
    assert lasts(msgspec.structs.replace(OPENED, lasts_hours=0)) == ""
    assert [span(seconds) for seconds in (60, 5400, 86400, 200_000)] == ["1 min", "2 h", "24 h", "2.3 days"]
