"""The load of a sunset's stages at a moment: for the desk, which pauses by it, and for `relaywarden sunset stages`."""

from collections.abc import Mapping

from clickhouse_connect.driver.exceptions import ClickHouseError
from msgspec.structs import replace

from schemas.settings import Settings
from schemas.sunset_stages import Stages
from streams.sunset.ledger import Ledger
from streams.sunset.load import Load, at_work, known, since, tickets
from streams.sunset.load_seen import load_of
from streams.sunset.stepping import step_of
from streams.sunset.weeks import HOUR
from streams.warehouse_client import SOON_SECONDS, connect


def load_now(settings: Settings, name: str, ledger: Ledger, at: int) -> Load:
    """Return the load of the stages at work, as far as it is known; where it is not, `why`.

    Nothing is looked at where nothing has a limit, or all stages went off longer ago than they are watched; ClickHouse
    is asked only where what the logs tell has one.
    """
    stages = settings.sunset[name].stages or Stages()
    if not (stages.limited and _counts(stages, ledger, at)):
        return Load()
    begins = since(ledger, at_work(stages, ledger, at), at)
    load = _seen(settings, name, ledger, begins, at) if stages.logged else Load()
    came = tickets(ledger.tickets, min(begins.values(), default=at - HOUR), at)
    return replace(load, tickets=came)


def _seen(settings: Settings, name: str, ledger: Ledger, begins: Mapping[int, int], at: int) -> Load:
    """Return what the warehouse knows; one that hangs keeps nobody waiting for long."""
    try:
        with connect(settings, answer_seconds=SOON_SECONDS) as client:
            return load_of(client, settings.sunset[name], ledger, begins, at)
    except ClickHouseError as error:
        return Load(why=f"ClickHouse does not answer: {str(error).splitlines()[0]}")


def unknown(stages: Stages, load: Load) -> str:
    """Return why a load that has a limit is not known, "" where all is."""
    return "" if known(stages, load) else load.why or "it was not looked at yet"


def sentence(settings: Settings, name: str, ledger: Ledger, at: int) -> str:
    """Return the load in words, or why it is not known; "" where nothing has a limit, or nothing goes off any more."""
    stages = settings.sunset[name].stages or Stages()
    if not (stages.limited and _counts(stages, ledger, at)):
        return ""
    load = load_now(settings, name, ledger, at)
    if why := unknown(stages, load):
        return f"the load is not known ({why}): while the desk knows no more, no stage goes off"
    parts = (
        (stages.tickets_per_hour, f"{load.tickets} tickets"),
        (stages.refused_per_hour, f"{sum((load.refused or {}).values())} different {load.whom} refused"),
        (stages.failed_logins_times, f"{load.failed} failed logins (usually {load.usual or 0:.0f})"),
    )
    told = ", ".join(words for limit, words in parts if limit is not None)
    return f"the load within an hour: {told}"


def _counts(stages: Stages, ledger: Ledger, at: int) -> bool:
    """Tell whether a stage is at work, or may go off yet."""
    coming = any(step_of(ledger, stage.number) != "closed" for stage in ledger.stages)
    return coming or bool(at_work(stages, ledger, at))
