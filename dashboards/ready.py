"""What the pages' process does before it listens, so that the first visitor does not wait for it."""

import time
from importlib import import_module
from pathlib import Path

import pandas as pd

from dashboards import charts, views
from dashboards.palette import shade
from dashboards.span import Span


def load() -> None:
    """Load the pages, and draw a chart and a table that nobody sees: pandas and Altair load much at their first."""
    for path in sorted(Path(views.__file__).parent.glob("[a-z]*.py")):
        import_module(f"{views.__name__}.{path.stem}")
    span = Span.last(1, time.time_ns() // 1000)  # noqa: TID251 of a chart that nobody sees
    frame = pd.DataFrame({"bucket": span.buckets, "sent": 1, "deferred": 0, "bounced": 0})
    charts.volume(frame, span).to_dict()
    frame.style.map(shade).to_html()
