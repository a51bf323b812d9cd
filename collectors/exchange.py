"""What the logs of Exchange share: tables (`collectors.csvlog`) whose columns a `#Fields:` line names."""

from collections.abc import Callable, Mapping

from collectors.csvlog import Line, Table, is_stamped
from collectors.mta.records import Record, Said
from collectors.syslog import Clock

_FIELDS = "#Fields: "
_BOM = "\ufeff"

Row = Mapping[str, str]
Told = Callable[[Row, str], tuple[Record, ...] | None]


def parse(text: str, clock: Clock) -> Said | None:  # noqa: ARG001 the times are UTC
    """Return a line as it stands: its columns are named above it. None for what the file says of itself."""
    head = text.removeprefix(_BOM)
    if head.startswith("#") and not head.startswith(_FIELDS) and head.count('"') % 2 == 0:
        return None
    return Line(0, "", text)


class Fold:
    """The `#Fields:` of a log, and a record that goes on in the next line; `told` says what a row of a host says."""

    def __init__(self, names: tuple[str, ...], needed: tuple[str, ...], told: Told, state: bytes) -> None:
        """Take the columns of the versions there are, each as Exchange writes them, and those that must be there."""
        layouts = tuple(tuple(row.split(",")) for row in names)
        self._repeated = f"{layouts[0][0]},"
        self._told = told
        self._table = Table(layouts, needed, state)

    def snapshot(self) -> bytes:
        """Return the state, for the next fold of the same log."""
        return self._table.snapshot()

    def step(self, said: Record | Said) -> tuple[Record, ...] | None:
        """Return what a line says. ValueError where it is no record, or its columns are not known."""
        text = said.text if isinstance(said, Line) else ""
        if not self._table.within:
            head = text.removeprefix(_BOM)
            if head.startswith(_FIELDS):
                self._table.head(head[len(_FIELDS) :])
                return ()
            if head.startswith(self._repeated):  # some versions repeat the names without "#Fields: "
                return None
            if not is_stamped(text):
                raise ValueError("no record of Exchange: it begins with no time")
        row = self._table.row(text)
        return () if row is None else self._told(row, said.host)
