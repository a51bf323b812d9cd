"""`relaywarden pool identity`: how each IP of the pools presents itself to the world, asked now."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import typer

from embedded.terminal import DEFAULT_CONFIG, Config, Json, show
from schemas.settings import load

if TYPE_CHECKING:
    from schemas.own_observations import IpIdentityObserved


def identity(config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Look at the PTR, the HELO name and the SPF of each IP now; exit status 1 where something does not pass."""
    from collectors import ownside

    events = ownside.ask(load(config))
    show(_rows(events), "no pool is configured", as_json=as_json)
    if any(check.outcome != "pass" for event in events for check in event.checks):
        raise typer.Exit(1)


def _rows(events: "Iterable[IpIdentityObserved]") -> Iterator[dict[str, object]]:
    for event in events:
        for check in event.checks:
            yield {
                "pool": event.pool,
                "transport": event.transport,
                "ip": event.ip,
                "helo": event.helo,
                "check": check.name,
                "outcome": check.outcome,
                "found": check.text,
            }
