"""The customers of the ten weeks: two dozen firms from a seed, and those who are special, each for a reason."""

from collections.abc import Iterator
from random import Random

from tests.whole.sunset_script import RELAYS, Client, Customer, Habit, every

LANGUAGES = ("de", "fr", "it", "en")
AGENTS = ("Microsoft Outlook 16.0", "Mozilla Thunderbird 60.9", "The Bat! (v3.99) Professional", "Apple Mail (2.3445)")
SCRIPT = "<script>alert(1)</script>"
FORGED = "Evil from victim[192.0.2.66]; from=<victim@example.net> to=<x@example.com> proto=ESMTP helo=<victim>"
IMAGE = "</td><img src=x onerror=alert(1)>"


def customers(seed: int) -> tuple[Customer, ...]:
    """Return all of them."""
    return (*_firms(Random(f"firms {seed}")), *_special(), *_hardly_readable(), *_by_login(), *_unreached())


def _firms(rng: Random) -> Iterator[Customer]:
    """Yield two dozen firms of two to five mailboxes, of which some are changed on some day."""
    for number in range(24):
        domain = f"firm{number:02}.example"
        habits = []
        for box in range(rng.randrange(2, 6)):
            client = Client(f"198.18.{number}.{box + 1}", f"PC-{number}-{box}", rng.choice(AGENTS))
            mailbox = f"user{box}@{domain}"
            habits.append(
                Habit(
                    (mailbox,),
                    every(rng.choice((1, 1, 2, 3, 10)), -9 + rng.randrange(3)),
                    lambda _, client=client: client,  # type: ignore[misc]  # its own client, as it is now
                    rng.choice(RELAYS),
                    envelope=rng.choice((mailbox, "")),
                    switched=rng.choice((99, 99, rng.randrange(0, 60))),
                    tls=rng.choice(("", "TLSv1.3", "TLSv1.3", "TLSv1")),
                )
            )
        yield Customer(
            f"f{number:02}", f"Firma {number} & Söhne", f"it@{domain}", LANGUAGES[number % 4], (f"@{domain}",),
            tuple(habits),
        )  # fmt: skip


def _one(mailbox: str, days: frozenset[int], place: str, **more: object) -> Habit:
    return Habit((mailbox,), days, lambda _: Client(place), **more)  # type: ignore[arg-type]  # its own fields


def _special() -> Iterator[Customer]:
    yield Customer(
        "office", "Office AG", "office@office.example", "de", ("a@office.example", "b@office.example"),
        (Habit(("a@office.example", "b@office.example"), every(1), lambda _: Client("192.0.2.1"),
               envelope="info@elsewhere.example"),),
    )  # fmt: skip
    yield Customer(
        "boss", "Boss et fils", "boss@boss.example", "fr", ("@boss.example",),
        (Habit(("boss@boss.example",), every(2), lambda _: Client("192.0.2.2"), envelope="boss@boss.example",
               beside=("x@boss.example", "y@boss.example", "z@boss.example")),),
    )  # fmt: skip
    yield Customer("left", "Left", "left@left.example", "en", ("@left.example",), ())
    yield Customer(
        "right", "Right", "right@right.example", "it", ("@right.example",),
        (Habit(("l@left.example", "r@right.example"), every(3), lambda _: Client("192.0.2.3"),
               envelope="us@elsewhere.example"),),
    )  # fmt: skip
    yield Customer(
        "travel", "Traveller", "t@travel.example", "en", ("t@travel.example",),
        (Habit(("t@travel.example",), every(1), lambda day: Client(f"203.0.113.{day + 20}", f"hotel-{day + 20}"),
               envelope="t@travel.example"),),
    )  # fmt: skip
    yield Customer(
        "free", "Exempt", "free@free.example", "fr", ("@free.example",),
        (_one("f@free.example", every(1), "192.0.2.6", envelope="f@free.example"),),
    )  # fmt: skip
    yield Customer(
        "later", "Exempt until week 3", "later@later.example", "it", ("@later.example",),
        (_one("l@later.example", every(1), "192.0.2.7", envelope="l@later.example"),),
    )  # fmt: skip
    yield Customer(
        "fixed", "Fixed and back", "fixed@fixed.example", "de", ("@fixed.example",),
        (_one("f@fixed.example", every(1, last=15) | every(2, 28), "192.0.2.8"),),
    )  # fmt: skip
    yield Customer(
        "late", "Week six", "late@late.example", "en", ("@late.example",),
        (_one("l@late.example", every(1, 35, 42), "192.0.2.9"),),
    )  # fmt: skip
    yield Customer(
        "unheard", "Unheard", "u@unheard.example", "fr", ("@unheard.example",),
        (_one("u@unheard.example", every(1, last=8), "192.0.2.10", host="mx2"),
         _one("v@unheard.example", frozenset((-2, 30)), "192.0.2.11", host="mx2"),
         _one("lost@unheard.example", frozenset((-8, 9)), "192.0.2.12", host="mx2")),
    )  # fmt: skip
    yield Customer(
        "alias", "Alias", "alias@alias.example", "it",
        ("real@alias.example", "other@alias.example>real@alias.example"),
        (_one("real@alias.example", every(1, last=40), "192.0.2.13", envelope="other@alias.example"),
         _one("other@alias.example", every(2), "192.0.2.14", envelope="other@alias.example")),
    )  # fmt: skip


def _hardly_readable() -> Iterator[Customer]:
    """Yield those whose names are beyond ASCII, HTML, headers or imitated fields."""
    yield Customer(
        "idn", "Müller", "post@müller.example", "de", ("@müller.example",),
        (_one("m@xn--mller-kva.example", every(1), "2001:db8::7", envelope="m@xn--mller-kva.example"),),
    )  # fmt: skip
    yield Customer(
        "evil", 'Evil <b onclick="x">& Co</b>: http://evil.example', "evil@evil.example", "en", ("@evil.example",),
        (Habit(("<img/src=x>@evil.example",), every(1), lambda _: Client("192.0.2.15", SCRIPT, IMAGE)),
         Habit(('"a b"@evil.example',), every(2), lambda _: Client("192.0.2.16", "victim", FORGED))),
    )  # fmt: skip
    yield Customer(
        "injected", "Injected\r\nBcc: victim@example.net", "i@injected.example", "en", ("@injected.example",),
        (_one("i@injected.example", every(1), "192.0.2.17"),), known=False,
    )  # fmt: skip


def _by_login() -> Iterator[Customer]:
    """Yield customers of the other sunsets alone, and one of all three with a mailbox for each."""
    yield Customer(
        "clear", "Clear", "clear@clear.example", "fr", ("@clear.example",),
        (_one("c@clear.example", every(1), "192.0.2.30", sends=False),
         _one("d@clear.example", every(2), "192.0.2.31", sends=False, switched=20)),
    )  # fmt: skip
    yield Customer(
        "old", "Old", "old@old.example", "de", ("@old.example",),
        (_one("o@old.example", every(1), "192.0.2.32", sends=False, tls="TLSv1"),
         _one("p@old.example", every(1, last=18), "192.0.2.33", sends=False, tls="TLSv1.1"),
         _one("q@old.example", every(1, last=32), "192.0.2.37", sends=False, tls="TLSv1")),
    )  # fmt: skip
    yield Customer(
        "three", "Three", "three@three.example", "it", ("@three.example",),
        (_one("pop@three.example", every(1), "192.0.2.34", tls="TLSv1.3", envelope="pop@three.example"),
         _one("clear@three.example", every(1), "192.0.2.35", sends=False),
         _one("tls@three.example", every(1), "192.0.2.36", sends=False, tls="TLSv1")),
    )  # fmt: skip


def _unreached() -> Iterator[Customer]:
    """Yield those without a contact, nobody's, and those whom the mail server does not take mail for."""
    yield Customer("mute", "Nobody", "", "de", ("@mute.example",), (_one("m@mute.example", every(1), "192.0.2.4"),))
    yield Customer(
        "wrong", "Wrong", "not an address", "de", ("@wrong.example",), (_one("w@wrong.example", every(1), "192.0.2.5"),)
    )
    yield Customer("", "", "", "", (), (_one("s@stranger.example", every(2), "192.0.2.18"),), known=False)
    for name, place in (("refused", 19), ("deferred", 20), ("bounced", 21)):
        yield Customer(
            name, name.title(), f"it@{name}.example", "en", (f"@{name}.example",),
            (_one(f"x@{name}.example", every(1, last=45), f"192.0.2.{place}"),),
        )  # fmt: skip
