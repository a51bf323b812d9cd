"""A SELECT at a database, by SQLAlchemy; its rows are fetched some thousand at a time, where the driver can."""

from collections.abc import Iterator

from sqlalchemy import text

from schemas.directory_settings import SqlDirectory
from streams.deeds import Secret
from streams.directory import DirectoryError, Row
from streams.directory._tables import placed
from streams.effects import EffectError
from streams.effects_sql import connected

_AT_ONCE = 5000


def rows(settings: SqlDirectory) -> Iterator[tuple[str, Row]]:
    """Yield the rows, each with its number. DirectoryError, without the URL, says why it ended."""
    url = Secret(setting="directory.url", env=settings.url_env, file=str(settings.url_file or ""))
    try:
        with connected(url, settings.timeout_seconds) as connection:
            streamed = connection.execution_options(yield_per=_AT_ONCE)
            found = streamed.execute(text(settings.query))
            places = placed(list(found.keys()), "directory.query", settings.columns)
            for number, cells in enumerate(found, 1):
                yield f"row {number}", {field: _text(cells[at]) for field, at in places.items()}
    except EffectError as error:
        raise DirectoryError(str(error)) from error


def _text(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="replace")  # what was lost is told as U+FFFD
    return "" if value is None else str(value)
