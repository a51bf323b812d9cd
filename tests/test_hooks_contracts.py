"""The hooks for KumoMTA, PowerMTA, ZoneMTA and Postal, which Debian lacks, each against its recorded contract."""

import random
import sqlite3
import sys
import tomllib
from collections import Counter
from math import ceil, inf
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.part import Part
from schemas.pool_hooks_more import KumoMtaHook, PostalHook, PowerMtaHook, ZoneMtaHook
from streams import hooks
from streams.bringing import Tools, differs, look, perform
from streams.deeds import WriteFile
from streams.effects import EffectError
from streams.effects_kumomta import left_seconds
from streams.hooks import ActiveSet, Answer, Effect
from streams.hooks.postal import priorities
from tests.kumomta_contract import Kumo, kumomta

GOOGLE = "(alt1|alt2|alt3|alt4)?.gmail-smtp-in.l.google.com"
IPS = {"out1": "192.0.2.1", "out2": "192.0.2.2", "out3": "192.0.2.3"}


def _nobody(effect: Answer) -> None:
    raise AssertionError(f"{effect} is not meant here")


NONE = Tools(answer=_nobody)


def _effects(name: str, settings: Part, *active: str, **more: object) -> tuple[Effect, ...]:
    shares = dict.fromkeys(active, 1.0) | more.pop("shares", {})  # type: ignore[operator]
    return hooks.load(name)(ActiveSet(pool="main", shares=shares, ips=IPS, **more), settings)  # type: ignore[arg-type]


def _bring(effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        perform(effect, NONE)


def _differs(effects: tuple[Effect, ...]) -> str:
    return "; ".join(filter(None, map(differs, effects)))


def _look(effects: tuple[Effect, ...]) -> str:
    return "; ".join(found for effect in effects if (found := look(effect, NONE)))


def _queue(source: str, site: str = GOOGLE) -> str:
    return f"{source}->{site}@smtp_client"


@pytest.fixture
def kumo_hook(tmp_path: Path) -> KumoMtaHook:
    return KumoMtaHook(path=tmp_path / "pool.json")


def _at(hook: KumoMtaHook, kumo: Kumo, **more: object) -> KumoMtaHook:
    return hook.model_copy(update={"url": kumo.url, **more})


def test_kumomta_reads_the_pool_and_moves_what_was_ready(kumo_hook: KumoMtaHook) -> None:
    with kumomta() as kumo:
        hook = _at(kumo_hook, kumo)
        kumo.queues = [_queue("out2"), _queue("out2", "mx.example.net"), _queue("out1"), _queue("out22")]
        effects = _effects("kumomta", hook, "out1", "out3", decision="d7")
        _bring(effects)
        assert '"out1"' in hook.path.read_text()
        assert '"out2"' not in hook.path.read_text()
        assert kumo.epochs == 1
        assert kumo.suspended() == {_queue("out2"), _queue("out2", "mx.example.net")}
        assert {entry["reason"] for entry in kumo.suspensions.values()} == {"relaywarden pool main: decision d7"}
        before = set(kumo.suspensions)
        _bring(effects)
        assert set(kumo.suspensions) == before, "a repeat suspends nothing anew"
        assert _differs(effects) == ""
        _bring(_effects("kumomta", hook, "out1", "out2", "out3", decision="d8"))
        assert kumo.suspensions == {}


def test_kumomta_suspends_for_one_provider_only_and_again_after_its_restart(kumo_hook: KumoMtaHook) -> None:
    with kumomta() as kumo:
        hook = _at(kumo_hook, kumo)
        kumo.queues = [
            _queue("out1"),
            _queue("out1", "mx.example.net"),
            _queue("out1", "notgoogle.com"),
            _queue("out2"),
        ]
        effects = _effects("kumomta", hook, "out1", "out2", "out3", barred={"google": ("out1",)})
        _bring(effects)
        assert kumo.suspended() == {_queue("out1")}
        kumo.queues = []
        assert _differs(effects) == "", "idle for long, it is in no metric any more, and stays suspended"
        _bring(effects)
        assert kumo.suspended() == {_queue("out1")}
        kumo.suspensions, kumo.queues = {}, [_queue("out1")]
        assert _look(effects) == _differs(effects) == f"{_queue('out1')} is not suspended"
        _bring(effects)
        assert kumo.suspended() == {_queue("out1")}


def test_kumomta_is_tended_while_it_is_looked_at(kumo_hook: KumoMtaHook) -> None:
    second = _queue("out1", "aspmx.l.google.com")
    with kumomta() as kumo:
        theirs = kumo.suspend(_queue("out1", "smtp.google.com"), "the postmaster asked")
        kumo.queues = [_queue("out1"), _queue("out1", "smtp.google.com")]
        effects = _effects("kumomta", _at(kumo_hook, kumo), "out1", "out2", "out3", barred={"google": ("out1",)})
        _bring(effects)
        kumo.queues.append(second)
        assert _look(effects) == "", "a queue that is new is no change by somebody else"
        assert kumo.suspended() == {*kumo.queues}
        kumo.suspensions.pop(theirs)
        before = set(kumo.suspensions)
        next(iter(kumo.suspensions.values()))["duration"] = "11h 59m 59s 999ms"
        assert _look(effects) == ""
        assert kumo.suspended() == {*kumo.queues}, "what others suspended no more is suspended by us"
        assert len(before - set(kumo.suspensions)) == 1, "renewed at half of its time, and it alone"
        assert {entry["duration"][:3] for entry in kumo.suspensions.values()} == {"23h"}
        kumo.suspensions = {key: entry for key, entry in kumo.suspensions.items() if entry["name"] != second}
        assert _look(effects) == f"{second} is not suspended", "somebody restored it"


def test_kumomta_writes_how_long_a_suspension_lasts_in_words() -> None:
    told = {"23h 59m 59s 998ms": 86399.998, "1day 1s": 86401, "2days 5us": 172800.000005, "1month": 2630016, "soon": 0}
    assert {text: left_seconds(text) for text in told} == told


def test_kumomta_suspends_named_sites_before_there_is_a_queue(kumo_hook: KumoMtaHook) -> None:
    with kumomta() as kumo:
        hook = _at(kumo_hook, kumo, sites={"google": (GOOGLE,)})
        _bring(_effects("kumomta", hook, "out1", "out2", "out3", barred={"google": ("out2",)}))
        assert kumo.suspended() == {_queue("out2")}


def test_kumomta_knows_a_plain_domain_by_its_named_sites_only(kumo_hook: KumoMtaHook) -> None:
    own, hosted = "(mx1|mx2).hoster.example", "mx3.mail.hoster.example"
    with kumomta() as kumo:
        kumo.queues = [_queue("out1", own), _queue("out1", hosted), _queue("out1", "mx.shop.example")]
        barred = {"hoster.example": ("out1",), "shop.example": ("out1",)}
        hook = _at(kumo_hook, kumo, sites={"shop.example": (own,)})
        _bring(_effects("kumomta", hook, "out1", "out2", "out3", barred=barred))
        assert kumo.suspended() == {_queue("out1", own)}, "a hoster's MX hosts are other domains', too"


def test_what_others_suspended_in_kumomta_is_left_alone(kumo_hook: KumoMtaHook) -> None:
    with kumomta() as kumo:
        theirs = kumo.suspend(_queue("out1"), "the postmaster asked")
        other = kumo.suspend(_queue("out1", "mx.example.net"), "relaywarden pool main2: decision d1")
        kumo.queues = [_queue("out2")]
        _bring(_effects("kumomta", _at(kumo_hook, kumo), "out1", "out3"))
        _bring(_effects("kumomta", _at(kumo_hook, kumo), "out1", "out2", "out3"))
        assert set(kumo.suspensions) == {theirs, other}


def test_kumomta_that_refuses_is_away_or_forgets_says_so(
    kumo_hook: KumoMtaHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kumomta() as kumo:
        kumo.trusts = False
        with pytest.raises(EffectError, match=r"POST /api/admin/bump-config-epoch: 401 Unauthorized: Unauthorized$"):
            _bring(_effects("kumomta", _at(kumo_hook, kumo), "out1"))
        hook = _at(kumo_hook, kumo, user="relaywarden", password_env="TEST_PASSWORD")
        with pytest.raises(EffectError, match="password_env: the variable TEST_PASSWORD is not set"):
            _bring(_effects("kumomta", hook, "out1"))
        monkeypatch.setenv("TEST_PASSWORD", "s3cret")
        _bring(_effects("kumomta", hook, "out1"))
        assert kumo.epochs == 1
        kumo.queues, kumo.forgets = [_queue("out2")], True
        with pytest.raises(EffectError, match=r"is not suspended$"):
            _bring(_effects("kumomta", hook, "out1", "out3"))
        url = kumo.url
    with pytest.raises(EffectError, match=f"^{url}: .*refused"):
        _bring(_effects("kumomta", kumo_hook.model_copy(update={"url": url}), "out1"))


PMTA = """
import fnmatch, json, sys
from pathlib import Path
kept = Path(__file__).with_suffix(".json")
disabled = json.loads(kept.read_text()) if kept.exists() else []
verb, source, ip, queue = sys.argv[1:]
assert source == "source" and "/" in queue
if verb == "disable":
    disabled = [each for each in disabled if each != [ip, queue]] + [[ip, queue]]
elif verb == "enable":
    disabled = [each for each in disabled if not (each[0] == ip and fnmatch.fnmatch(each[1], queue))]
else:
    sys.exit("unknown command")
kept.write_text(json.dumps(sorted(disabled)))
"""
"""A pmta that keeps which sources are disabled for which queues, with the wildcards of its commands."""


def test_powermta_disables_what_may_not_send_and_again_after_its_restart(tmp_path: Path) -> None:
    program, kept = tmp_path / "pmta.py", tmp_path / "pmta.json"
    program.write_text(PMTA)
    hook = PowerMtaHook(command=(sys.executable, str(program)))
    effects = _effects("powermta", hook, "out1", "out3", barred={"telekom": ("out1",)})
    _bring(effects)
    assert kept.read_text() == '[["192.0.2.1", "t-online.de/*"], ["192.0.2.2", "*/*"]]'
    kept.unlink()
    assert _differs(effects) == "", "nobody can tell"
    assert not kept.exists()
    assert _look(effects) == ""
    assert kept.read_text() == '[["192.0.2.1", "t-online.de/*"], ["192.0.2.2", "*/*"]]'
    _bring(_effects("powermta", hook, "out1", "out2", "out3"))
    assert kept.read_text() == "[]"
    program.unlink()
    with pytest.raises(EffectError, match="ended with 2"):
        _bring(effects)


def _divided(pool: list[dict[str, str]]) -> list[str]:
    """Return the addresses of which ZoneMTA draws one (divideLoad of lib/address-tools.js, without any `ratio`)."""
    ratio = 1 / len(pool)
    smallest, total = min(inf, ratio), sum(ratio for _ in pool)
    copies = ceil(ceil(total / smallest) * ratio)
    return [entry["address"] for entry in pool for _ in range(copies)]


@given(st.dictionaries(st.sampled_from(sorted(IPS)), st.sampled_from([0.01, 0.1, 0.25, 0.5, 1.0]), min_size=1))
def test_zonemta_draws_each_address_as_often_as_its_share(shares: dict[str, float]) -> None:
    write, _ = hooks.load("zonemta")(ActiveSet(pool="main", shares=shares, ips=IPS), ZoneMtaHook())
    assert isinstance(write, WriteFile)
    drawn = Counter(_divided(tomllib.loads(write.content)["main"]))
    total = sum(shares.values())
    assert set(drawn) == {IPS[name] for name in shares}
    for name, share in shares.items():
        assert drawn[IPS[name]] / drawn.total() == pytest.approx(share / total, abs=0.011)


SCHEMA = """
CREATE TABLE ip_addresses (id INTEGER PRIMARY KEY, ip_pool_id INTEGER, ipv4 VARCHAR(255), ipv6 VARCHAR(255),
    created_at DATETIME, updated_at DATETIME, hostname VARCHAR(255), priority INTEGER);
CREATE TABLE queued_messages (id INTEGER PRIMARY KEY, server_id INTEGER, message_id INTEGER, domain VARCHAR(255),
    locked_by VARCHAR(255), locked_at DATETIME, ip_address_id INTEGER, attempts INTEGER DEFAULT 0);
INSERT INTO ip_addresses (id, ip_pool_id, ipv4, hostname, priority)
    VALUES (1, 1, '192.0.2.1', 'out1', 100), (2, 1, '192.0.2.2', 'out2', 100), (3, 1, '192.0.2.3', 'out3', NULL),
           (9, 2, '192.0.2.9', 'other', 40);
INSERT INTO queued_messages (id, ip_address_id, locked_by)
    VALUES (1, 2, NULL), (2, 2, NULL), (3, 2, 'worker'), (4, 9, NULL), (5, NULL, NULL);
"""
"""Postal's tables (db/schema.rb, version 2024_03_11_205229), those columns that matter here."""


@pytest.fixture
def postal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    database = sqlite3.connect(tmp_path / "postal.db", isolation_level=None)
    database.executescript(SCHEMA)
    monkeypatch.setenv("RELAYWARDEN_POSTAL_URL", f"sqlite:///{tmp_path / 'postal.db'}")
    return database


def _rows(database: sqlite3.Connection, statement: str) -> list[tuple[object, ...]]:
    return list(database.execute(statement))


def test_postal_has_the_priorities_and_the_queued_mail_of_the_withdrawn_ip(postal: sqlite3.Connection) -> None:
    effects = _effects("postal", PostalHook(), "out1", "out3")
    assert _differs(effects) == "192.0.2.2 has 100 instead of 0; 192.0.2.3 has None instead of 100"
    _bring(effects)
    _bring(effects)
    assert _differs(effects) == ""
    there = _rows(postal, "SELECT ipv4, priority FROM ip_addresses ORDER BY id")
    assert there == [("192.0.2.1", 100), ("192.0.2.2", 0), ("192.0.2.3", 100), ("192.0.2.9", 40)]
    queued = _rows(postal, "SELECT id, ip_address_id FROM queued_messages ORDER BY id")
    assert queued == [(1, 3), (2, 1), (3, 2), (4, 9), (5, None)], "what a worker has at hand stays"
    _bring(_effects("postal", PostalHook(), "out1", "out2", shares={"out3": 0.1}))
    there = _rows(postal, "SELECT ipv4, priority FROM ip_addresses WHERE ip_pool_id = 1 ORDER BY id")
    assert there == [("192.0.2.1", 100), ("192.0.2.2", 100), ("192.0.2.3", 38)]


def test_an_ip_that_postal_does_not_have_changes_nothing(postal: sqlite3.Connection) -> None:
    postal.execute("DELETE FROM ip_addresses WHERE id = 3")
    with pytest.raises(EffectError, match=r"^pool.main.hooks.postal.url: no row for 192.0.2.3; there are 192.0.2.1, 1"):
        _bring(_effects("postal", PostalHook(), "out1"))
    assert _rows(postal, "SELECT DISTINCT priority FROM ip_addresses WHERE ip_pool_id = 1") == [(100,)]


@settings(max_examples=20)
@given(st.lists(st.sampled_from([0.05, 0.1, 0.3, 0.5, 1.0]), min_size=1, max_size=6), st.integers(0, 9))
def test_postal_draws_each_ip_as_often_as_its_share(given_shares: list[float], seed: int) -> None:
    shares = {f"t{number}": share for number, share in enumerate(given_shares)}
    numbers, chance = priorities(shares), random.Random(seed)
    draws = 2000
    drawn = Counter(max(numbers, key=lambda name: chance.random() * numbers[name]) for _ in range(draws))
    for name, share in shares.items():
        assert drawn[name] / draws == pytest.approx(share / sum(shares.values()), abs=0.05)
