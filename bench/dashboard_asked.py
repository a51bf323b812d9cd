"""Every question of every page, with values that the bench's week has answers to where it can."""

from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import Parameter, getmembers, isfunction, signature
from pathlib import Path
from typing import Any

import pandas as pd

import dashboards
from bench.dashboard_fill import mailbox

Query = Callable[..., pd.DataFrame]
Question = tuple[str, Query, tuple[Any, ...]]
# What a parameter that has no value of its own is asked with; else "", 0, 0.5 or () as its type says.
_VALUES: dict[str, Any] = {
    "mailbox": mailbox(3),
    "customer": "customer3.example",
    "name": "pop",
    "ip": "192.0.2.1",
    "pool": "main",
    "ours": ("192.0.2.1", "192.0.2.2"),
    "back": 14 * 86_400_000_000,
    "case": "aaaaaaaaaaaa",
    "topic": "mail.events",
    "domain": "customer1.example",
    "likely": 0.5,
    "today": "2026-11-29",
    "action": "withdraw",
}
_OF_ONE: dict[str, dict[str, Any]] = {
    "queries_logins.by": {"what": "network"},
    "queries_complaint_trends.by": {"what": "ip"},
}
# These are asked with other values, too: of a mailbox that sends little, of one provider, of a search.
_ALSO: dict[str, tuple[tuple[Any, ...], ...]] = {
    "queries.volume": (("google",),),
    "queries.decisions": (("192.0.2.1",),),
    "queries_decisions.of_pool": (("main", "192.0.2.1"),),
    "queries_mailbox.scores": (("user77",), (mailbox(3),)),
    "queries_mailbox.recent_deliveries": ((mailbox(400_003),),),
    "queries_mailbox.activity": ((mailbox(400_003),),),
}
_EMPTY: dict[str, Any] = {"str": "", "int": 0, "float": 0.5, "bool": False}


def modules() -> list[str]:
    """Return the names of the modules of `dashboards` that ask ClickHouse."""
    return sorted(path.stem for path in Path(dashboards.__file__).parent.glob("queries*.py"))


def questions() -> Iterator[Question]:
    """Yield each question: its name, the function, and its values."""
    for name in modules():
        module = import_module(f"dashboards.{name}")
        for word, query in getmembers(module, isfunction):
            takes = list(signature(query).parameters.values())
            own = query.__module__ == module.__name__ and not word.startswith("_")
            if own and len(takes) > 1 and takes[0].name == "client" and takes[1].name == "span":
                asked = f"{name}.{word}"
                for values in (_values(asked, takes[2:]), *_ALSO.get(asked, ())):
                    told = " ".join([asked, *(one for one in values if isinstance(one, str) and one)])
                    yield told[:44], query, values


def _values(asked: str, takes: list[Parameter]) -> tuple[Any, ...]:
    """Return values for the parameters that have none."""
    given = {**_VALUES, **_OF_ONE.get(asked, {})}
    needed = [one for one in takes if one.default is Parameter.empty and one.kind is not Parameter.KEYWORD_ONLY]
    return tuple(given.get(one.name, _EMPTY.get(getattr(one.annotation, "__name__", ""), ())) for one in needed)
