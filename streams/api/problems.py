"""What a request is refused with: a problem document (RFC 9457) that names the field and its value."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

KIND = "application/problem+json"
_LONGEST = 200
_MOST_WRONG = 20


class Wrong(BaseModel):
    """One field that is wrong; `value` is what was given, cut where it is long, null where nothing was."""

    field: str
    value: str | None = None
    problem: str


class Problem(BaseModel):
    """Why a request is refused, and what of it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[Wrong] = []


class RefusedError(HTTPException):
    """A request that is not served: the status, the sentence that says why, and the fields that are wrong."""

    def __init__(
        self, status: HTTPStatus, why: str, wrong: Sequence[Wrong] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, why, headers)
        self.wrong = list(wrong)


def refused(field: str, value: object, why: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> RefusedError:
    """Return what refuses one field."""
    return RefusedError(status, f"{field}: {why}", [Wrong(field=field, value=shown(value), problem=why)])


def away(what: str, error: OSError, then: str) -> RefusedError:
    """Return what is said while a server behind us is away: which, why, and what became of the request."""
    why = f"{what} does not answer: {error}; {then}"
    return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, why, headers={"Retry-After": "5"})


def shown(value: object) -> str | None:
    """Return a value as it was given, cut where it is long."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def document(status: int, detail: str, wrong: Sequence[Wrong] = ()) -> dict[str, Any]:
    """Return the problem document of a refusal; of very many wrong fields the first ones."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(wrong[:_MOST_WRONG]))
    return problem.model_dump(exclude_defaults=not wrong) | {"type": "about:blank"}


def answer(status: int, detail: str, wrong: Sequence[Wrong], headers: Mapping[str, str] | None) -> Response:
    """Return a refusal."""
    return Response(json.dumps(document(status, detail, wrong)), status, headers=headers, media_type=KIND)


async def told(_request: Request, error: Exception) -> Response:
    """Answer a refusal, ours or of the framework (no such path, another method)."""
    assert isinstance(error, HTTPException)  # noqa: S101 registered for it alone
    if error.status_code == HTTPStatus.BAD_REQUEST:  # what the framework says of JSON that is nested too deep
        return answer(HTTPStatus.UNPROCESSABLE_ENTITY, "body: it cannot be read", (), error.headers)
    wrong = error.wrong if isinstance(error, RefusedError) else ()
    return answer(error.status_code, str(error.detail), wrong, error.headers)


async def wrongly_asked(_request: Request, error: Exception) -> Response:
    """Answer what does not fit its type: every wrong field at once."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 registered for it alone
    wrong = [_wrong(item) for item in error.errors()]
    detail = "; ".join(f"{one.field}: {one.problem}" for one in wrong[:_MOST_WRONG])
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, detail, wrong, None)


async def failed(_request: Request, _error: Exception) -> Response:
    """Answer where it is our fault; the log tells it."""
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "it is our fault; the log of the API tells more", (), None)


def _wrong(item: Mapping[str, Any]) -> Wrong:
    where, *names = item["loc"]
    if item["type"] == "json_invalid":
        why = f"no JSON at character {names[0] if names else 0}: {item.get('ctx', {}).get('error', '')}"
        return Wrong(field="body", problem=why)
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        message = "there is no such field"
    missing = item["type"] == "missing"
    field = ".".join(map(str, names)) or str(where)
    return Wrong(field=shown(field) or "", value=None if missing else shown(item.get("input")), problem=message)


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return these refusals as an OpenAPI document has them."""
    content = {KIND: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    headers = {
        "Retry-After": {"description": "So many seconds later it may be tried again.", "schema": {"type": "string"}}
    }
    later = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    return {
        int(status): {"description": status.phrase, "content": content}
        | ({"headers": headers} if status in later else {})
        for status in statuses
    }
