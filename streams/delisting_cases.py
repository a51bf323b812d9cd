"""What is known of delisting cases: what lists name now, and one file for each list and subject."""

from functools import lru_cache
from ipaddress import ip_network

import msgspec

from schemas.delisting_events import Deed, Subject
from schemas.names import derived_id
from streams.window import HOUR

DAY = 24 * HOUR
_CASE_DIGITS = 12
_NEIGHBOURS = {False: 24, True: 48}


class Named(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a list names since `since`, an IP or a domain (`what`), with what it says and where removal is asked for."""

    list: str
    what: str
    scope: Subject
    since: int
    codes: tuple[str, ...] = ()
    reason: str = ""
    removal: str = ""
    lasts: str = ""
    lasts_hours: int = 0


class Place(msgspec.Struct, frozen=True):
    """The number of a case, and what it is about."""

    case: str
    list: str
    subject: str


class File(msgspec.Struct, frozen=True, omit_defaults=True):
    """One case: open since `opened` (0: closed, at `closed`), for a listing that began at `since`.

    `openings` counts how often it was opened within the memory of relapses, `told` holds the ids of its last events.
    `by_hand`: an operator closed it while the list still named it, so that it opens again at a new listing only.
    `deeds` are the last things that operators did about it since it was opened, by the id of the event.
    """

    place: Place
    opened: int = 0
    closed: int = 0
    since: int = 0
    ips: tuple[str, ...] = ()
    culprits: tuple[str, ...] = ()
    requests: int = 0
    requested: int = 0
    openings: int = 0
    by_hand: bool = False
    told: tuple[str, ...] = ()
    deeds: dict[str, Deed] = {}


class Files(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cases of one pool, or ("") of all domains, and what lists name now, by list and IP or domain."""

    pool: str
    at: int = 0
    named: dict[str, Named] = {}
    cases: dict[str, File] = {}


def named_key(name: str, what: str) -> str:
    """Return under which key it stands that a list names something."""
    return f"{name} {what}"


@lru_cache(maxsize=65536)
def place_of(pool: str, name: str, what: str, scope: Subject) -> Place:
    """Return to which case a listing belongs: of whole networks and AS one case takes all its IPs.

    How far such a listing reaches is not told by an answer: the /24 (/48 of IPv6) around an IP stands for its network.
    """
    subject = what
    if scope == "network":
        subject = str(ip_network(f"{what}/{_NEIGHBOURS[':' in what]}", strict=False))
    elif scope == "as":
        subject = f"AS of {pool}"
    return Place(derived_id("delisting", pool, name, subject)[:_CASE_DIGITS], name, subject)
