"""The desk's task for customers: stores in the warehouse whose each mailbox is, whenever the directory was read anew.

The pages ask there, and neither read nor hold a directory (docs/adr/0029). What is stored is compared with what the
warehouse holds, so a second desk, or one that starts, changes nothing.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.events import Event
from schemas.settings import Settings
from streams.directory.found import Directory
from streams.journal import Journal
from streams.owners import Held, Row, Values, accounts, addresses, changes
from streams.warehouse_client import awake

LOG = logging.getLogger("relaywarden.desk")
_RETRY = 60_000_000
_BLOCK = 50_000
_COLUMNS = {
    "customer_addresses": ("address", "customer", "kind", "mailbox"),
    "customer_accounts": ("customer", "name", "language", "tariff", "flags", "reachable"),
}
_HELD = msgspec.json.Decoder(list[str | int | bool])
_NUMBERS = {"output_format_json_quote_64bit_integers": 0}


class Owners:
    """Stores the directory of a configuration, as the desk's other tasks have it; `clock` tells the time in µs.

    `beat` says that the work goes on.
    """

    def __init__(
        self,
        settings: Settings,
        directory: Callable[[], Directory | None],
        clock: Callable[[], int],
        beat: Callable[[], None],
    ) -> None:
        self._settings, self._directory, self._clock, self._beat = settings, directory, clock, beat
        self._stored: Directory | None = None
        self._again = 0
        self._told = ""

    def start_over(self) -> None:
        """Nothing: whose mailboxes are is not on the desk's topic."""

    def take(self, event: Event) -> None:
        """Take nothing: see `start_over`."""

    def turn(self, journal: Journal) -> None:  # noqa: ARG002 a task has one
        """Store the directory where it was read anew; where ClickHouse is away, try again after a minute."""
        at = self._clock()
        if 0 < self._again - at <= _RETRY:
            return
        directory = self._directory()
        if directory is None or directory is self._stored:
            return
        try:
            with awake(self._settings) as client:
                number = store(client, self._settings, directory, at, self._beat)
        except ClickHouseError as error:
            self._again = at + _RETRY
            why = str(error).splitlines()[0]
            if why != self._told:
                LOG.warning("the customers are not stored, the pages know the last ones: %s", why)
            self._told = why
            return
        self._stored, self._told = directory, ""
        LOG.info("customers: %d addresses and accounts changed", number)


def store(client: Client, settings: Settings, directory: Directory, at: int, beat: Callable[[], None]) -> int:
    """Bring both tables to what the directory says at `at`; return how many rows that took. ClickHouseError."""
    networks = list(_networks(settings))
    wanted = {
        "customer_addresses": addresses(directory, networks),
        "customer_accounts": accounts(directory, (customer for _, customer in networks)),
    }
    return sum(_insert(client, table, changes(_held(client, table), rows, at), beat) for table, rows in wanted.items())


def _networks(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the name of each network that is a customer's, with the customer."""
    names = set(settings.networks.values())
    for customer, one in settings.customers.items():
        for entry in one.mailboxes:
            if entry in names:
                yield entry, customer


def _held(client: Client, table: str) -> Iterator[Held]:
    columns = _COLUMNS[table]
    sql = f"SELECT {columns[0]}, begun, {', '.join(columns[1:])} FROM {table} FINAL WHERE ended = 0"  # noqa: S608 our own names
    text = client.raw_query(sql, fmt="JSONCompactEachRow", settings=_NUMBERS)
    for line in text.splitlines():
        key, begun, *values = _HELD.decode(line)
        yield Held(str(key), int(begun), tuple(each for each in values if isinstance(each, str | bool)))


def _insert(client: Client, table: str, rows: Iterable[Row], beat: Callable[[], None]) -> int:
    left, number, columns = iter(rows), 0, _COLUMNS[table]
    while block := list(islice(left, _BLOCK)):
        client.raw_insert(
            table,
            column_names=[columns[0], "begun", "ended", *columns[1:]],
            insert_block=b"\n".join(msgspec.json.encode(_flat(row)) for row in block),
            fmt="JSONCompactEachRow",
        )
        number += len(block)
        beat()
    return number


def _flat(row: Row) -> Sequence[str | int | bool | Values]:
    return [row.key, row.begun, row.ended, *row.values]
