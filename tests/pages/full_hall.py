"""A hall with all that any page shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from embedded.clickhouse import ClickHouseServer
from tests.pages import alert_scene, law_scene
from tests.pages.conftest import Hall, furnish
from tests.turning import turn


@contextmanager
def everything(clickhouse: ClickHouseServer, folder: Path, name: str) -> Iterator[Hall]:
    """Give a hall of this name with all scenes, their counts made, and a place that alerts go to."""
    made = furnish(clickhouse, folder, name)
    hall = replace(made, now=law_scene.moment(made.now))
    law_scene.furnished(hall)
    with hall.config.open("a") as config:
        config.write(alert_scene.CONFIG)
    turn(hall.client)
    yield hall
    clickhouse.connect().command(f"DROP DATABASE {name}")
