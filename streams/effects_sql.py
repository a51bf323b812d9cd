"""Performs `SqlStatement`: one statement with bound values, in a transaction of its own."""

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from streams.deeds import SqlStatement
from streams.effects import EffectError, HopelessError
from streams.hook_secrets import secret_of

_UNUSABLE = (ValueError, TypeError, ArithmeticError)
"""What drivers raise of options and values of the wrong kind; SQLAlchemy hands on what is no error of the driver's."""


def execute(effect: SqlStatement) -> None:
    """Execute the statement. EffectError says why not, HopelessError where an UPDATE finds no row."""
    place = effect.url.setting
    try:
        url = make_url(secret_of(effect.url))
        engine = create_engine(url, poolclass=NullPool, connect_args=_patience(url, effect.timeout_seconds))
    except (
        ArgumentError,
        ValueError,
    ) as error:  # a port that is no number is a ValueError; the text may hold the password
        raise EffectError(f"{place}: no URL of SQLAlchemy") from error
    except (ImportError, SQLAlchemyError) as error:
        raise EffectError(f"{place}: {error}") from error
    try:
        with engine.begin() as connection:
            touched = connection.execute(text(effect.statement), effect.values).rowcount
    except DBAPIError as error:
        raise EffectError(f"{url.get_backend_name()}: {_first_line(error.orig)}") from error
    except SQLAlchemyError as error:
        raise EffectError(f"{url.get_backend_name()}: {_first_line(error)}") from error
    except _UNUSABLE as error:  # the text may hold what the URL's options say
        told = f"the URL's options or the statement's values cannot be used ({type(error).__name__})"
        raise EffectError(f"{url.get_backend_name()}: {told}") from error
    finally:
        engine.dispose()
    if touched == 0 and effect.statement.lstrip()[:6].upper() == "UPDATE":
        raise HopelessError(f"{url.get_backend_name()}: the UPDATE found no row")


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
