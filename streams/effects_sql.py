"""Performs `SqlStatement` (one statement with bound values) and `SqlNumbers`, each in a transaction of its own."""

from collections.abc import Iterator, Mapping
from configparser import Error as IniError
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from streams.deeds import Secret, SqlNumbers, SqlStatement
from streams.effects import EffectError, HopelessError
from streams.hook_secrets import secret_of

_UNUSABLE = (
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RuntimeError,
    AssertionError,
    IniError,
)
"""What drivers raise of options and values of the wrong kind; SQLAlchemy hands on what is no error of the driver's.

PyMySQL: AttributeError for an unknown charset, RuntimeError where a login needs the package `cryptography`, the errors
of an option file (`read_default_file`), AssertionError for an answer that is none of MySQL's.
"""


def execute(effect: SqlStatement) -> None:
    """Execute the statement. EffectError says why not, HopelessError where an UPDATE finds no row."""
    with connected(effect.url, effect.timeout_seconds) as connection:
        touched = connection.execute(text(effect.statement), effect.values).rowcount
        name = connection.engine.dialect.name
    if touched == 0 and effect.statement.lstrip()[:6].upper() == "UPDATE":
        raise HopelessError(f"{name}: the UPDATE found no row")


@contextmanager
def connected(secret: Secret, timeout_seconds: float) -> Iterator[Connection]:
    """Give a connection in a transaction that ends with it. EffectError, without the URL, says what failed."""
    place = secret.setting
    try:
        url = make_url(secret_of(secret))
        engine = create_engine(url, poolclass=NullPool, connect_args=_patience(url, timeout_seconds))
    except (ArgumentError, *_UNUSABLE) as error:  # also of a port that is no number; the text may hold the password
        raise EffectError(f"{place}: no URL of SQLAlchemy") from error
    except (ImportError, SQLAlchemyError) as error:
        raise EffectError(f"{place}: {error}") from error
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise EffectError(f"{url.get_backend_name()}: {_first_line(error.orig)}") from error
    except SQLAlchemyError as error:
        raise EffectError(f"{url.get_backend_name()}: {_first_line(error)}") from error
    except EffectError:
        raise
    except OSError as error:  # a certificate's file that an option names; PyMySQL opens it outside its own errors
        raise EffectError(f"{url.get_backend_name()}: {error.strerror or type(error).__name__}") from error
    except _UNUSABLE as error:  # the text may hold what the URL's options say
        told = f"the URL's options or the statement's values cannot be used ({type(error).__name__})"
        raise EffectError(f"{url.get_backend_name()}: {told}") from error
    finally:
        engine.dispose()


def bring(effect: SqlNumbers) -> None:
    """Give the rows their numbers. EffectError where a row is missing, or has another number afterwards."""
    with connected(effect.url, effect.timeout_seconds) as connection:
        there = _numbers(effect, connection)
        for key, number in effect.numbers.items():
            if there[key] != number:
                connection.execute(text(effect.write), {"key": key, "number": number})
        for line in effect.also:
            connection.execute(text(line.statement), line.values)
        found = _others(effect, _numbers(effect, connection))
    if found:
        raise EffectError(f"{effect.url.setting}: {found}")


def differs(effect: SqlNumbers) -> str:
    """Return in words which rows have other numbers, or "". EffectError where one is missing, or nobody answers."""
    with connected(effect.url, effect.timeout_seconds) as connection:
        return _others(effect, _numbers(effect, connection))


def _numbers(effect: SqlNumbers, connection: Connection) -> dict[str, int | None]:
    there = {str(key): number for key, number in connection.execute(text(effect.read))}
    missing = sorted(set(effect.numbers) - set(there))
    if missing:
        raise EffectError(
            f"{effect.url.setting}: no row for {', '.join(missing)}; there are {', '.join(sorted(there))}"
        )
    return there


def _others(effect: SqlNumbers, there: Mapping[str, int | None]) -> str:
    return "; ".join(
        f"{key} has {there[key]} instead of {number}" for key, number in effect.numbers.items() if there[key] != number
    )


def _patience(url: URL, seconds: float) -> dict[str, object]:
    """Return what bounds the time of a connection and of a statement, for the drivers that have a word for it."""
    whole = max(1, round(seconds))
    match url.get_backend_name():
        case "sqlite":
            return {"timeout": seconds}
        case "postgresql" if "psycopg" in url.get_driver_name():
            return {"connect_timeout": whole, "options": f"-c statement_timeout={round(seconds * 1000)}"}
        case "mysql" | "mariadb" if url.get_driver_name() in {"pymysql", "mysqldb"}:
            return {"connect_timeout": whole, "read_timeout": whole, "write_timeout": whole}
        case _:
            return {}


def _first_line(error: BaseException | None) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
