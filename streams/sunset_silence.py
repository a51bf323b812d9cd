"""What `relaywarden sunset status --unwritten` tells: who uses the old way and stands in no letter of the week."""

from collections.abc import Callable

from clickhouse_connect.driver.client import Client

from schemas.settings import Settings
from streams.sunset.decide import Case, users
from streams.sunset.ledger import Ledger, fold
from streams.sunset.unwritten import silences
from streams.sunset_desk import look
from streams.sunset_status import Row, directory, known


def silent(settings: Settings, name: str, client: Client, at: int, advance: Callable[[int], None]) -> list[Row]:
    """Return whose mailboxes are in no letter of the week, and why, by what is known now."""
    accounts, ledger = directory(settings), known(settings, advance).get(name, Ledger())
    seen = look(client, settings.sunset[name], ledger, at, accounts.mailbox, lambda: advance(1))
    case = Case(name, settings.sunset[name], ledger, seen, accounts)
    fold({name: ledger}, list(users(case)))
    return [
        {
            "customer": each.customer,
            "why": each.why,
            "count": len(each.mailboxes),
            "mailboxes": ", ".join(each.mailboxes),
        }
        for each in silences(case)
    ]
