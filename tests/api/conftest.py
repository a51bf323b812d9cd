"""A laboratory with the API as a real process, for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.api.counter import Counter


@pytest.fixture(scope="package")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """Run broker, ClickHouse, the sink and the API while this folder's tests run."""
    with Counter(tmp_path_factory.mktemp("api")) as running:
        running.run("sink")
        running.serve()
        yield running
