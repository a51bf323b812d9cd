"""The process `relaywarden api`: the routes with their document, behind a server that strangers may reach."""

import json
import logging
import signal
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from schemas import tls
from schemas.api_settings import Api
from schemas.maildrop import Maildrop
from schemas.probes import Look, clickhouse, kafka
from schemas.readiness import READINESS
from schemas.settings import Settings
from streams.api import following, ordering, problems, reading
from streams.api.conduct import Conduct
from streams.api.door import Door
from streams.api.following import Places
from streams.api.gate import Gate
from streams.api.keys import Keys
from streams.api.shapes import Ready, Works
from streams.api.told import KINDS

LOG = logging.getLogger("relaywarden.api")
_REF = "#/components/schemas/{name}"
_BACKLOG = 100
_IDLE_SECONDS = 75
_END_SECONDS = 3


class Served(FastAPI):
    """The routes, and the document that their types make; the events' own types are part of it."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if self.openapi_schema is None:
            made = get_openapi(
                title="Relaywarden",
                version="1",
                openapi_version="3.1.0",
                description="Pools, mailboxes, cases, decisions, orders and complaints; see docs/api.md.",
                routes=self.routes,
            )
            problem = problems.Problem.model_json_schema(ref_template=_REF.replace("name", "model"))
            _, events = msgspec.json.schema_components(KINDS, ref_template=_REF)
            named = [{"$ref": _REF.format(name=kind.__name__)} for kind in KINDS]
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            schemas |= problem.pop("$defs") | {"Problem": problem} | events | {"Decision": {"oneOf": named}}
            self.openapi_schema = msgspec.json.decode(msgspec.json.encode(made))  # no tuples among its lists
        return self.openapi_schema


def application(settings: Settings, api: Api, ended: Callable[[], bool]) -> Served:
    """Return what serves. ValueError where a token is no use, OSError where a folder is not."""
    app = Served(title="Relaywarden", openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None)
    app.state.settings, app.state.ended = settings, ended
    app.state.gate, app.state.places = Gate(api), Places(api.streams)
    app.state.drop = Maildrop(settings.complaints[api.complaints].maildir) if api.complaints else None
    app.state.keys = Keys(settings.data / "api")
    for router in (reading.router, following.router, ordering.router, ordering.complaining):
        app.include_router(router)
    app.add_exception_handler(HTTPException, problems.told)
    app.add_exception_handler(RequestValidationError, problems.wrongly_asked)
    app.add_exception_handler(Exception, problems.failed)
    _health(app, settings)
    return app


def _health(app: Served, settings: Settings) -> None:
    look = Look({"Kafka": kafka(settings.kafka), "ClickHouse": clickhouse(settings.clickhouse)})

    @app.get("/healthz", tags=["health"])
    async def healthz() -> Works:
        """Tell that the process works."""
        return Works(works=True)

    @app.get("/ready", tags=["health"], response_model=Ready, responses={503: {"model": Ready}})
    def ready(_request: Request) -> Response:
        """Tell whether Kafka and ClickHouse answer."""
        look()
        missing = READINESS.missing
        status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
        body = json.dumps({"ready": not missing, "waits_for": missing})
        return Response(body, status, media_type="application/json")


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. ValueError or OSError, naming the setting, where something cannot be used."""
    api = settings.api
    if api is None:
        raise ValueError("api: there is no table [api], so there is no API to serve")
    certificates = tls.server("api", api.certificate, api.key, LOG.warning)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # each lost connection is told by us, once
    server: uvicorn.Server | None = None
    app = application(settings, api, lambda: server is not None and server.should_exit)
    config = uvicorn.Config(
        Conduct(app),
        http=Door,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_END_SECONDS,
        ssl_context_factory=(lambda *_: certificates.standing()) if certificates is not None else None,
    )
    server = uvicorn.Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # what the server raises again once it has ended
    with _listening(api) as listening:
        LOG.info("api: listening on %s:%d", api.host, listening.getsockname()[1])
        server.run(sockets=[listening])
    app.state.keys.close()


def _listening(api: Api) -> socket.socket:
    family = socket.AF_INET6 if ":" in api.host else socket.AF_INET
    try:
        return socket.create_server((api.host, api.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise OSError(f"api.port: {api.host}:{api.port}: {error.strerror or error}") from error
