"""What is said beside a code, or the words, of an address that does not exist, and leaves open whether it does."""

import re

from schemas.reasons.said import Said

_NOW = (  # it may be otherwise later
    "tempora|momentan|momentarily |vorue?bergehend|derzeit|zur ?zeit |im moment |en ce moment |al momento ",
    "at (?:the|this) moment |currently |right now |in progress |being (?:migrated|moved) ",
    "(?:re)?try (?:again )?later |retry (?<!not retry )(?!time)|rate limit|said 4\\d\\d ",
)
_BROKEN = (  # there, where addresses are looked up
    "(?:database|directory|ldap|sql|mysql|backend|lookup) (?:server |service |lookup )?(?:is |was )?"
    "(?:error|fail|timeout|timed out|down |(?:temporarily )?(?:not |un)(?:available|reachable))"
)
_PASSING = re.compile(f" (?:{'|'.join((*_NOW, _BROKEN))})")
_OF_US = re.compile(r" (?:your (?:ip|host|server|network)|client host |ip address |[eh][eh]lo )")


def passing(told: Said) -> bool:
    """Tell whether a reply speaks of something temporary, by its words or by the 4xx of another server in it."""
    return _PASSING.search(told.words) is not None


def of_us(told: Said) -> bool:
    """Tell whether a reply speaks of the host that it was said to."""
    return _OF_US.search(told.words) is not None
