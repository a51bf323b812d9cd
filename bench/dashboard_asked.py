"""Every question of every page, with values that the bench's week has answers to."""

from collections.abc import Callable, Iterator
from inspect import getmembers, isfunction
from types import ModuleType
from typing import Any

import pandas as pd

from bench.dashboard_fill import mailbox
from dashboards import (
    queries,
    queries_bounces,
    queries_cases,
    queries_complaints,
    queries_delisting,
    queries_domains,
    queries_letters,
    queries_mailbox,
    queries_orders,
    queries_own,
    queries_pipeline,
    queries_pool,
    queries_providers,
    queries_reports,
    queries_sunset,
)

Query = Callable[..., pd.DataFrame]
Question = tuple[str, Query, tuple[Any, ...], bool]
_MODULES = (
    *(queries, queries_bounces, queries_cases, queries_complaints, queries_delisting, queries_domains, queries_mailbox),
    *(queries_orders, queries_own, queries_pipeline, queries_pool, queries_providers, queries_reports),
    *(queries_letters, queries_sunset),
)
_BUSY, _USUAL, _CASE, _IPS = mailbox(3), mailbox(400_003), "aaaaaaaaaaaa", ("192.0.2.1", "192.0.2.2")
_BACK = 14 * 86_400_000_000
# What a question is asked with; where a tuple stands more than once, it is asked with each.
_VALUES: dict[str, tuple[tuple[Any, ...], ...]] = {
    "queries.decisions": ((), ("192.0.2.1",)),
    "queries.volume": ((), ("google",)),
    "queries_cases.happened": ((_CASE,),),
    "queries_delisting.happened": ((_CASE,),),
    "queries_domains.counts": ((_BACK,),),
    "queries_domains.listed": ((_BACK, "", ()),),
    "queries_domains.one": ((_BACK, "customer1.example"),),
    "queries_domains.seen": ((_BACK,),),
    "queries_letters.answers": (("o",),),
    "queries_letters.letters": (("", "", ""),),
    "queries_letters.one": (("d1",),),
    "queries_letters.open_ones": (("", "", ""),),
    "queries_letters.orders": (("o", "d1"),),
    "queries_orders.of_mailbox": (("suspend", _BUSY, "ordered", 0),),
    "queries_orders.of_pool": (("withdraw", "192.0.2.1", "ordered", 0),),
    "queries_orders.taken": (("main", "192.0.2.1", "o"),),
    "queries_pipeline.series": (("mail.events",),),
    "queries_mailbox.scores": ((), ("user77",), (_BUSY,)),
    "queries_reports.ips": ((_IPS,),),
    "queries_reports.domains": ((_IPS,),),
    "queries_sunset.found": (("pop", "user1"),),
    "queries_sunset.uses": (("pop", _BUSY),),
    "queries_sunset.letters": (("pop", _BUSY),),
}
# The page always asks these for the same time, whatever its range.
_ALWAYS = frozenset(
    {"queries.sources", "queries.feeds", "queries.flags", "queries_cases.open_cases", "queries_mailbox.scores"}
)


def _of(module: ModuleType) -> Iterator[tuple[str, Query]]:
    """Yield a module's questions: its own public functions that take a client and a span."""
    for name, function in getmembers(module, isfunction):
        takes = list(function.__annotations__)
        own = function.__module__ == module.__name__ and not name.startswith("_")
        if own and "client" in takes and ("span" in takes or "_span" in takes):
            yield f"{module.__name__.removeprefix('dashboards.')}.{name}", function


def questions() -> Iterator[Question]:
    """Yield each question: its name, the function, its values, and whether the page asks it for each range."""
    for module in _MODULES:
        for name, query in _of(module):
            takes = query.__annotations__
            usual: tuple[tuple[Any, ...], ...] = ((),)
            if "mailbox" in takes:
                usual = ((_BUSY,), (_USUAL,))
            elif "name" in takes:
                usual = (("pop",),)
            for values in _VALUES.get(name, usual):
                told = f"{name} {' '.join(str(one) for one in values if isinstance(one, str) and one)}".strip()
                yield told[:44], query, values, "span" in takes and name not in _ALWAYS
