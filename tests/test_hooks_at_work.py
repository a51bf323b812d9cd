"""The process with the hooks for other MTAs and for programs: a decision in the log reaches all of them."""

import json
import sqlite3
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from schemas.pool_hooks_more import KumoMtaHook
from schemas.settings import parse
from streams import hooks
from streams.applying import Applier, Outcome, Wanted
from streams.bringing import Tools
from streams.hooks import ActiveSet
from tests.barring_lab import hooks_running
from tests.kumomta_contract import kumomta
from tests.test_hooking import _publish, _restored, _withdrawn
from tests.test_hooks_contracts import PMTA, SCHEMA
from tests.waits import until

pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
QUEUE = "out2->mx.example.net@smtp_client"
TEXT = """
data = "{home}"
kafka.bootstrap = ["{bootstrap}"]
[pool.main]
transports = {{ out1 = "192.0.2.1", out2 = "192.0.2.2", out3 = "192.0.2.3" }}
[pool.main.hooks]
kumomta = {{ path = "{home}/kumo.json", url = "{kumo}" }}
powermta = {{ command = ["{python}", "{home}/pmta.py"] }}
zonemta = {{ path = "{home}/pools.toml", reload = ["true"] }}
postal = {{ }}
command = {{ command = ["{python}", "-c", "import sys; open('{home}/told', 'w').write(sys.stdin.read())"] }}
pool_file = {{ path = "{home}/pool.txt", format = "lines" }}
pull = {{ port = {port} }}
"""


def _active(text: str) -> set[str]:
    """Return who is active in a whole set, or nobody while its program still writes it."""
    try:
        return {each["transport"] for each in json.loads(text)["active"]}
    except ValueError:
        return set()


def _pulled(port: int) -> str:
    try:
        with urlopen(f"http://127.0.0.1:{port}/v1/pool/main", timeout=5) as answer:
            return str(answer.read().decode())
    except URLError:
        return ""


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_a_decision_reaches_each_of_them(tmp_path: Path, fresh_broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pmta.py").write_text(PMTA)
    database = sqlite3.connect(tmp_path / "postal.db", isolation_level=None)
    database.executescript(SCHEMA)
    monkeypatch.setenv("RELAYWARDEN_POSTAL_URL", f"sqlite:///{tmp_path / 'postal.db'}")
    port = free_port()

    def drawn() -> set[str]:
        rows = database.execute("SELECT hostname FROM ip_addresses WHERE ip_pool_id = 1 AND priority > 0")
        return {name for (name,) in rows}

    def everywhere(kept: set[str], disabled: str, suspended: set[str]) -> bool:
        ips = {f"192.0.2.{name[-1]}" for name in kept}
        return (
            _active(_pulled(port)) == _active(_text(tmp_path / "told")) == drawn() == kept
            and set(json.loads(_text(tmp_path / "kumo.json") or '{"pool":{"main":{}}}')["pool"]["main"]) == kept
            and {ip for ip in ("192.0.2.1", "192.0.2.2", "192.0.2.3") if ip in _text(tmp_path / "pools.toml")} == ips
            and f"out2\t192.0.2.2\t{int('out2' in kept)}\t-\n" in _text(tmp_path / "pool.txt")
            and _text(tmp_path / "pmta.json") == disabled
            and kumo.suspended() == suspended
        )

    with kumomta() as kumo:
        kumo.queues = [QUEUE]
        here = {"home": tmp_path, "bootstrap": fresh_broker.bootstrap, "kumo": kumo.url, "port": port}
        configuration = parse(TEXT.format(**here, python=sys.executable), "test")
        ensure_topics(configuration)
        with hooks_running(configuration):
            whole = {"out1", "out2", "out3"}
            until(lambda: everywhere(whole, "[]", set()), "all are active", 60)
            _publish(fresh_broker.bootstrap, _withdrawn(1, "192.0.2.2"))
            gone = '[["192.0.2.2", "*/*"]]'
            until(lambda: everywhere(whole - {"out2"}, gone, {QUEUE}), "the withdrawal everywhere", 60)
            assert json.loads(_pulled(port))["decision"] == "d1"
            _publish(fresh_broker.bootstrap, _restored(2, "192.0.2.2"))
            until(lambda: everywhere(whole, "[]", set()), "the return everywhere", 60)
    database.close()


def test_the_hook_tends_kumomta_without_a_word_of_drift(tmp_path: Path) -> None:
    outcomes = list[Outcome]()
    active = ActiveSet(pool="main", shares={"out1": 1.0}, ips={"out1": "192.0.2.1", "out2": "192.0.2.2"})
    with kumomta() as kumo:
        kumo.queues = [QUEUE]
        effects = hooks.load("kumomta")(active, KumoMtaHook(path=tmp_path / "kumo.json", url=kumo.url))
        applier = Applier("kumomta", Tools(answer=print), outcomes.append, look_seconds=0.01)
        applier.want(Wanted(active, effects))
        until(lambda: len(outcomes) == 1, "the set in force")
        kumo.queues.append("out2->mx.example.org@smtp_client")
        until(lambda: kumo.suspended() == {*kumo.queues}, "the new queue is suspended")
        applier.stop(5)
    assert [(outcome.attempt, outcome.reason) for outcome in outcomes] == [(1, "")]
