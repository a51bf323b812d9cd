"""The metrics, their page, the alert rules and the Grafana dashboard name the same things."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from faust.types import TP
from prometheus_client import REGISTRY, Metric
from prometheus_client.metrics import MetricWrapperBase

import collectors.metrics
import dashboards.metrics
import schemas.readiness
import schemas.telemetry
import streams.metrics
from collectors.reading import LogReader
from streams import worker
from tests.parts import require

ROOT = Path(__file__).parents[1]
RULES = ROOT / "deploy" / "prometheus"
BOARD = json.loads((ROOT / "deploy" / "grafana" / "relaywarden.json").read_text())
MODULES = (collectors.metrics, dashboards.metrics, schemas.readiness, schemas.telemetry, streams.metrics)
NAMED = re.compile(r"relaywarden_[a-z_]+")


def defined() -> dict[str, MetricWrapperBase]:
    """Return our metrics by name."""
    found = [each for module in MODULES for each in vars(module).values() if isinstance(each, MetricWrapperBase)]
    return {_family(each).name: each for each in found}


def _family(metric: MetricWrapperBase) -> Metric:
    (family,) = metric.describe()
    return family


def samples() -> set[str]:
    """Return the names that a query may use."""
    suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
    return {name + suffix for name, metric in defined().items() for suffix in suffixes[_family(metric).type]}


def test_the_page_tells_of_each_metric_and_of_its_labels() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    told = re.findall(r"^\| `(relaywarden_[a-z_]+)` \|([^|]*)\|", text, re.MULTILINE)
    assert {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in told} == {
        name: metric._labelnames  # noqa: SLF001 there is no public way
        for name, metric in defined().items()
    }


def test_rules_and_dashboard_ask_for_what_there_is() -> None:
    expressions = re.findall(r"expr: (.*)", (RULES / "relaywarden.rules.yml").read_text())
    expressions += [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
    assert len(expressions) == 14 + 19
    asked = {name for expression in expressions for name in NAMED.findall(expression)}
    assert asked <= samples()
    assert (
        not samples()
        - asked
        - {
            "relaywarden_folded_records_total",
            "relaywarden_written_records_total",
            "relaywarden_log_time_seconds",
            "relaywarden_hook_runs_total",
            "relaywarden_page_query_failures_total",
            *(name for name in samples() if name.endswith(("_count", "_sum"))),
        }
    )


@pytest.mark.real
def test_promtool_takes_the_rules_and_they_fire_as_they_should(tmp_path: Path) -> None:
    promtool = require("promtool", "prometheus")
    checked = subprocess.run(
        [promtool, "test", "rules", "relaywarden.rules.test.yml"],
        cwd=RULES,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, "SUCCESS" in checked.stdout) == (0, True), checked.stdout + checked.stderr
    scrape = subprocess.run(
        [promtool, "check", "config", "--syntax-only", "scrape.yml"],
        cwd=RULES,
        capture_output=True,
        text=True,
        check=False,
    )
    assert scrape.returncode == 0, scrape.stderr
    queries = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "board.json").write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}))
    board = subprocess.run(
        [promtool, "check", "rules", str(tmp_path / "board.json")], capture_output=True, text=True, check=False
    )
    assert board.returncode == 0, board.stdout + board.stderr
    assert f"{len(queries)} rules found" in board.stdout


def test_the_dashboard_draws_without_gaps_and_calls_nothing_zero() -> None:
    places = [panel["gridPos"] for panel in BOARD["panels"]]
    taken = {
        (x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    }
    assert len(taken) == sum(at["w"] * at["h"] for at in places)
    assert all(
        panel["fieldConfig"]["defaults"].get("noValue") == "not known"
        for panel in BOARD["panels"]
        if panel["type"] == "stat"
    )


def test_what_another_worker_has_is_told_here_no_more() -> None:
    told, mine = TP("mail.events", 0), TP("pool.observations", 0)
    worker.show_lag({told: 5000, mine: 0})
    assert REGISTRY.get_sample_value("relaywarden_lag_records", {"topic": "mail.events"}) == 5000
    worker.show_lag({mine: 3})
    assert REGISTRY.get_sample_value("relaywarden_lag_records", {"topic": "mail.events"}) is None
    assert REGISTRY.get_sample_value("relaywarden_lag_records", {"topic": "pool.observations"}) == 3


def _reader(state: bytes = b"") -> LogReader:
    return LogReader(
        "source",
        name="mx1",
        format="postfix",
        host="mx1",
        zone="UTC",
        outbound_ips={},
        networks={},
        reference=datetime(2026, 3, 2, tzinfo=UTC),
        state=state,
    )


def test_a_log_that_says_nothing_after_a_restart_is_as_old_as_it_was() -> None:
    first = _reader()
    said = b"4F00000001z: from=<a@example.net>, size=9, nrcpt=1 (queue active)"
    first.read(b"2026-03-01T10:00:00+00:00 mx1 postfix/qmgr[1]: " + said, 0)
    again = _reader(first.snapshot())
    assert (again.at, again.newest) == (0, first.at)
    assert datetime.fromtimestamp(again.newest / 1e6, UTC) == datetime(2026, 3, 1, 10, tzinfo=UTC)
