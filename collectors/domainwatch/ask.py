"""Look at customers' domains now: what the collector does week by week, and a person at the command line."""

import asyncio
import time
from collections.abc import Iterator, Sequence

from collectors import customerdomain
from collectors.customerdomain.wanted import Wanted, wanted
from collectors.domainwatch.resolver import DomainNames
from schemas.domain_events import CustomerDomainChecked
from schemas.domain_list import Listed
from schemas.settings import Settings

AT_ONCE = 8


async def looked(batch: Sequence[Listed], wanted: Wanted, names: DomainNames) -> list[CustomerDomainChecked]:
    """Return what each of some domains publishes now."""
    at = time.time_ns() // 1000  # noqa: TID251 facts that are true when they are seen
    return list(await asyncio.gather(*(customerdomain.look(each, wanted, names, at) for each in batch)))


def ask(listed: Sequence[Listed], settings: Settings) -> Iterator[CustomerDomainChecked]:
    """Yield what each of the domains publishes now, a few at a time, in their order."""
    names, sought = DomainNames(settings), wanted(settings)
    with asyncio.Runner() as runner:
        for start in range(0, len(listed), AT_ONCE):
            yield from runner.run(looked(listed[start : start + AT_ONCE], sought, names))
