"""What is said beside a code, or the words, of an address that does not exist, and leaves open whether it does."""

import re

from schemas.reasons.said import Said

_PASSING = re.compile(r" (?:tempora|vorue?bergehend|in progress |(?:re)?try (?:again )?later |said 4\d\d )")
_OF_US = re.compile(r" (?:your (?:ip|host|server|network)|client host |ip address |[eh][eh]lo )")


def passing(told: Said) -> bool:
    """Tell whether a reply speaks of something temporary, by its words or by the 4xx of another server in it."""
    return _PASSING.search(told.words) is not None


def of_us(told: Said) -> bool:
    """Tell whether a reply speaks of the host that it was said to."""
    return _OF_US.search(told.words) is not None
