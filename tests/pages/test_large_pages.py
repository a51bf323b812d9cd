"""What a large hoster's pages leave out so that a browser can draw them: the most telling stays, the CSV has all."""

import re
import sys
from pathlib import Path

import pandas as pd
from streamlit.testing.v1 import AppTest

import dashboards
from bench.paint_eye import PLACES
from dashboards import charts, ready
from dashboards.charts import Lanes
from dashboards.span import Span
from dashboards.views import pool_traffic

NOW = 1_764_000_000_000_000
IPS = [f"192.0.2.{number}" for number in range(1, 101)]


def test_of_a_large_pool_the_busiest_have_a_lane_in_the_pools_order() -> None:
    traffic = pd.DataFrame({"ip": [*IPS[50:], "192.0.2.51"], "attempts": [*range(50), 7]})
    lanes = pool_traffic.busiest(IPS, traffic)
    assert lanes == [ip for ip in IPS if ip in {*IPS[61:], IPS[60]}]
    assert pool_traffic.busiest(IPS[:40], traffic) == IPS[:40]


def test_a_chart_of_lanes_holds_the_lanes_it_draws_and_nothing_it_does_not() -> None:
    span = Span.last(1, NOW)
    frame = pd.DataFrame({"ip": ["a", "b"], "bucket": span.buckets[:2], "attempts": [3, 4], "bounced": [1, 2]})
    (rows,) = charts.lanes(frame, span, Lanes("ip", "attempts", ["a"])).to_dict()["datasets"].values()
    assert [set(row) for row in rows] == [{"ip", "attempts", "start", "end", "since", "when"}]
    assert rows[0]["attempts"] == 3


def _tables() -> None:
    import pandas as pd  # noqa: PLC0415 Streamlit runs the source of this function alone

    from dashboards.grid import grid  # noqa: PLC0415 likewise

    for key, rows in (("small", 10), ("large", 5000)):
        grid(pd.DataFrame({"state": ["■ bad"] * rows}), key, {"state": None}, ("state",))


def test_a_very_large_table_has_its_shapes_without_colours() -> None:
    small, large = AppTest.from_function(_tables, default_timeout=60).run().dataframe
    assert "background-color" in small.proto.arrow_data.styler.styles
    assert not large.proto.arrow_data.styler.styles
    assert list(large.value["state"]) == ["■ bad"] * 5000


def test_the_pages_are_loaded_without_anybody_at_them() -> None:
    ready.load()
    app = Path(dashboards.__file__).with_name("app.py").read_text(encoding="utf-8")
    views = re.findall(r"st\.Page\((\w+)\.page", app)
    assert len(views) == len({name.partition("?")[0] for name in PLACES})
    assert {f"dashboards.views.{name}" for name in views} <= set(sys.modules)
