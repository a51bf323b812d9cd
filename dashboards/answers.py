"""What one run of a page asks: each question once, and some of them while the page is drawn."""

from collections.abc import Hashable
from concurrent.futures import Future

from dashboards.connection import Query, Reading, Warehouse


class Answers:
    """The answers of one run: two parts of a page that ask the same are told the same."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._known: dict[Hashable, Reading | Future[Reading]] = {}

    def read(self, query: Query, hours: int, *values: Hashable, every: float, at: int) -> Reading:
        """Return what `Warehouse.read` says; what is asked already is waited for, unless it waits for its turn."""
        key = (query, hours, values, at)
        found = self._known.get(key)
        if isinstance(found, Future):
            found = None if found.cancel() else found.result()
        if found is None:
            found = self._warehouse.read(query, hours, *values, every=every, at=at)
        self._known[key] = found
        return found

    def ahead(self, query: Query, hours: int, *values: Hashable, every: float, at: int) -> None:
        """Ask beside the run what it will read later: ClickHouse works while the page is drawn."""
        key = (query, hours, values, at)
        if key not in self._known:
            self._known[key] = self._warehouse.ahead(query, hours, *values, every=every, at=at)
