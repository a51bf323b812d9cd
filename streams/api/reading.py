"""What is known: pools, mailboxes, cases, delistings, decisions; each as the command shows it, out of ClickHouse."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal, cast

import msgspec
from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Path, Query, Request, Security
from pydantic import AfterValidator, AwareDatetime

from schemas.settings import Settings
from streams import case_files, delisting_files, helpdesk, operating
from streams.api import shapes
from streams.api.gate import BEARER, Reading
from streams.api.problems import RefusedError, away, documented, refused
from streams.api.told import BEGINNING, TYPES, Place, page
from streams.operating_mailboxes import named

_MOST_QUERIES = 8
_TURN_SECONDS = 10.0
_CURSOR = re.compile(r"([0-9]{1,18})\.([!-~]{1,200})")
_REFUSALS = documented(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_MISSING = documented(HTTPStatus.NOT_FOUND)
router = APIRouter(
    prefix="/v1",
    route_class=Reading,
    responses=_REFUSALS,
    dependencies=[Security(BEARER, scopes=["read"])],
    tags=["read"],
)
_turns = threading.BoundedSemaphore(_MOST_QUERIES)
_Row = dict[str, object]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _type(name: str) -> str:
    if name not in TYPES:
        raise ValueError(f"no decision {name[:80]!r}; there are {', '.join(TYPES)}")
    return name


def settings_of(request: Request) -> Settings:
    """Return the settings that are served."""
    return cast("Settings", request.app.state.settings)


@contextmanager
def _asked(request: Request) -> Iterator[Client]:
    """Open the warehouse for one question, of a few at a time. RefusedError where it is away or has too much to do."""
    if not _turns.acquire(timeout=_TURN_SECONDS):
        why = f"{_MOST_QUERIES} questions are under way"
        raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, why, headers={"Retry-After": "5"})
    try:
        with operating.warehouse(settings_of(request)) as client:
            yield client
    except OSError as error:
        raise away("ClickHouse", error, "nothing is lost, ask again") from error
    finally:
        _turns.release()


@router.get("/pools", response_model=list[shapes.PoolIp])
def pools(request: Request) -> list[_Row]:
    """Give each outbound IP with its state."""
    with _asked(request) as client:
        return operating.rows(client, settings_of(request))


@router.get("/pools/{pool}/history", response_model=list[shapes.PoolDecision], responses=_MISSING)
def pool_history(request: Request, pool: Annotated[str, Path(max_length=80)]) -> list[_Row]:
    """Give what was decided about a pool, newest first, a thousand at most."""
    known = settings_of(request).pool
    if pool not in known:
        raise refused("pool", pool, f"no such pool; there are {', '.join(known) or 'none'}", HTTPStatus.NOT_FOUND)
    with _asked(request) as client:
        return operating.history(client, "", pool)


@router.get("/ips/{ip}/history", response_model=list[shapes.PoolDecision])
def ip_history(request: Request, ip: shapes.Ip) -> list[_Row]:
    """Give what was decided about an IP, newest first, a thousand at most; of one never seen there is nothing."""
    with _asked(request) as client:
        return operating.history(client, ip)


@router.get("/mailboxes", response_model=list[shapes.FlaggedMailbox])
def mailboxes(
    request: Request,
    step: Literal["", "watch", "flag", "throttle", "suspend"] = "",
    customer: Annotated[str, Query(max_length=320)] = "",
) -> list[_Row]:
    """Give who is watched, flagged, throttled or suspended, the highest score first, a thousand at most."""
    with _asked(request) as client:
        return helpdesk.listed(client, settings_of(request), step, customer)


@router.get("/mailboxes/{mailbox:path}", response_model=shapes.ShownMailbox, responses=_MISSING)
def mailbox(request: Request, mailbox: shapes.Mailbox) -> _Row:
    """Give all about one mailbox."""
    with _asked(request) as client:
        name = named(mailbox)
        if helpdesk.known(client, name) is None:
            why = "no mail, login or order of this mailbox is known"
            raise refused("mailbox", mailbox, why, HTTPStatus.NOT_FOUND)
        return helpdesk.shown(client, settings_of(request), name, operating.now())


@router.get("/cases", response_model=list[shapes.Case])
def cases(request: Request, *, closed: bool = False) -> list[_Row]:
    """Give the customers under attack, the newest first; with `closed` also who was."""
    with _asked(request) as client:
        return case_files.listed(client, closed=closed)


@router.get("/delistings", response_model=list[shapes.Delisting])
def delistings(request: Request, *, closed: bool = False) -> list[_Row]:
    """Give the open listings of our IPs and domains as cases; with `closed` also those that ended."""
    with _asked(request) as client:
        return delisting_files.listed(client, closed=closed)


@router.get("/decisions", response_model=shapes.Decisions)
def decisions(  # noqa: PLR0913, PLR0917 a question has that many parameters
    request: Request,
    since: Annotated[AwareDatetime | None, Query(description="Not older than this (RFC 3339).")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Older than this (RFC 3339).")] = None,
    after: Annotated[str, Query(max_length=220, description="`next` of the page before.")] = "",
    kind: Annotated[list[Annotated[str, AfterValidator(_type)]], Query(alias="type", max_length=len(TYPES))] = [],  # noqa: B006 FastAPI copies it
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """Give decisions, in the order of their times: of pools, mailboxes and cases, and the steps of sunsets' stages."""
    place = Place(max(0, microseconds(since) - 1), "~") if since is not None else BEGINNING
    if after:
        found = _CURSOR.fullmatch(after)
        if found is None:
            raise refused("after", after, "it is no `next` of a page")
        place = max(place, Place(int(found[1]), found[2]))
    with _asked(request) as client:
        events = page(client, place, kind or TYPES, limit, before=microseconds(until) if until is not None else None)
    last = Place(events[-1].at, events[-1].id) if events else place
    return {
        "decisions": [msgspec.to_builtins(event) for event in events],
        "next": f"{last.at}.{last.id}" if last.id else "",
    }


def microseconds(moment: datetime) -> int:
    """Return a moment in microseconds of the epoch; floats would miss some."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
