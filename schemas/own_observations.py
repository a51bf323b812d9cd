"""What is observed of our own side: how each IP presents itself to the world, and what lists say of our domains.

Neither decides about an IP: they are facts for people, and for what alerts them.
"""

from typing import Literal

import msgspec

from schemas.facts import Answer, Fact

CheckName = Literal["ptr", "forward", "helo", "helo_is_ptr", "spf"]
CheckOutcome = Literal["pass", "fail", "unknown"]


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that receivers look at, how it came out, and what was found; `unknown` could not be asked."""

    name: CheckName
    outcome: CheckOutcome
    text: str = ""


class IpIdentityObserved(Fact, frozen=True, kw_only=True):
    """How one of our IPs presents itself: its HELO name, its PTR names, and what of these holds."""

    ip: str
    pool: str = ""
    transport: str = ""
    helo: str = ""
    ptr: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


class DomainListingObserved(Fact, frozen=True, kw_only=True):
    """What a list answered about one of our domains; `used_by` says whose it is: an IP's HELO name, a customer's.

    Of a listing, `removal` says where to ask for its end, `lasts` and `lasts_hours` when it ends by itself.
    """

    domain: str
    list: str
    answer: Answer
    codes: tuple[str, ...] = ()
    reason: str = ""
    used_by: tuple[str, ...] = ()
    ttl_seconds: int = 0
    removal: str = ""
    lasts: str = ""
    lasts_hours: int = 0
