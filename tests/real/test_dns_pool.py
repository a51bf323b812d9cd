"""Real primaries whose name is changed by signed updates: Knot and BIND, with the manual's keys and rights."""

from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest
from msgspec.structs import replace

from schemas.pool_hooks import DnsHook
from streams.applying import Applier, Outcome, Wanted
from streams.bringing import Tools, differs, perform
from streams.deeds import DnsAddresses
from streams.effects import EffectError
from streams.hooks import ActiveSet
from streams.hooks.dns import effects
from tests.parts import require, require_root
from tests.real.dns_lab import SECRET, DnsLab
from tests.waits import until

pytestmark = pytest.mark.real
IPS = {"out1": "192.0.2.1", "out2": "192.0.2.2", "out3": "2001:db8::3"}


def _nobody(_: object) -> None:
    raise AssertionError("no answer was asked for")


NONE = Tools(answer=_nobody)


@pytest.fixture(params=["knot", "named"])
def lab(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[DnsLab]:
    monkeypatch.setenv("RELAYWARDEN_TSIG_SECRET", SECRET)
    require("knotd" if request.param == "knot" else "named", "knot" if request.param == "knot" else "bind9")
    require_root("a private server's user")
    with DnsLab(request.param) as running:
        yield running


def _effect(port: int, **shares: float) -> DnsAddresses:
    settings = DnsHook(port=port, zone="example.net", name="relays.example.net", key="relaywarden", timeout_seconds=5.0)
    (effect,) = effects(ActiveSet(pool="main", shares=shares, ips=IPS), settings)
    assert isinstance(effect, DnsAddresses)
    return effect


def _addresses(port: int, name: str = "relays.example.net") -> dict[str, int]:
    """Return the addresses of a name, as anybody gets them, with their TTL."""
    found: dict[str, int] = {}
    for kind in ("A", "AAAA"):
        answer = dns.query.tcp(dns.message.make_query(name, kind), "127.0.0.1", timeout=5, port=port)
        assert answer.rcode() == dns.rcode.NOERROR
        found |= {record.to_text(): rrset.ttl for rrset in answer.answer for record in rrset}
    return found


def test_the_name_has_the_active_addresses_and_no_others(lab: DnsLab) -> None:
    assert _addresses(lab.port) == {"192.0.2.1": 60, "192.0.2.2": 60}
    perform(_effect(lab.port, out2=1.0, out3=1.0), NONE)
    assert _addresses(lab.port) == {"192.0.2.2": 60, "2001:db8::3": 60}
    perform(_effect(lab.port, out1=0.5, out2=0.1), NONE)
    assert _addresses(lab.port) == {"192.0.2.1": 60}
    perform(_effect(lab.port, out1=0.1, out2=0.1), NONE)
    assert _addresses(lab.port) == {"192.0.2.1": 60, "192.0.2.2": 60}
    again = _effect(lab.port, out1=0.1, out2=0.1)
    perform(again, NONE)
    assert differs(again) == ""
    assert _addresses(lab.port, "www.example.net") == {"192.0.2.80": 3600}


def test_a_hands_change_and_a_restart_are_made_good(lab: DnsLab) -> None:
    outcomes: list[Outcome] = []
    applier = Applier("dns", NONE, outcomes.append, pause=lambda _: 0.05, look_seconds=0.05)
    effect = _effect(lab.port, out2=1.0)
    applier.want(Wanted(ActiveSet(pool="main", shares={"out2": 1.0}, ips=IPS), (effect,)))
    until(lambda: len(outcomes) == 1, "the first set")
    perform(replace(effect, addresses=("192.0.2.1",), ttl=3600), NONE)
    until(lambda: _addresses(lab.port) == {"192.0.2.2": 60}, "the repair")
    lab.stop()
    until(lambda: any(outcome.attempt >= 2 for outcome in outcomes), "a second failure while the primary is away")
    lab.start()
    until(lambda: not outcomes[-1].reason, "the set after the restart")
    applier.stop(5)
    drifts = [outcome.reason for outcome in outcomes if not outcome.attempt]
    wanted = "instead of 192.0.2.2 (TTL 60)"
    assert drifts[0] == f"relays.example.net has 192.0.2.1 (TTL 3600) {wanted}"
    assert _addresses(lab.port) == {"192.0.2.2": 60}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"key": "other"}, "(TSIG|key|peer|NOTAUTH)"),
        # Knot knows no key where its rights do not fit, and signs no refusal of another zone.
        ({"name": "www.example.net"}, "(www.example.net: REFUSED|didn't know the key)"),
        ({"zone": "example.org", "name": "relays.example.org"}, "(relays.example.org: NOTAUTH|requires a TSIG)"),
        ({"algorithm": "hmac-sha512"}, "(TSIG|key|peer|NOTAUTH)"),
    ],
)
def test_what_the_primary_refuses_is_told_and_nothing_changes(lab: DnsLab, wrong: dict[str, str], reason: str) -> None:
    with pytest.raises(EffectError, match=f"^127.0.0.1 port {lab.port}: .*{reason}"):
        perform(replace(_effect(lab.port, out3=1.0), **wrong), NONE)
    assert _addresses(lab.port) == {"192.0.2.1": 60, "192.0.2.2": 60}
    assert _addresses(lab.port, "www.example.net") == {"192.0.2.80": 3600}


def test_a_wrong_secret_is_told_and_never_shown(lab: DnsLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAYWARDEN_TSIG_SECRET", SECRET[::-1].replace("=", "") + "=")
    with pytest.raises(EffectError, match=r"(?i)(tsig|key|signature|notauth|bad)") as failed:
        perform(_effect(lab.port, out3=1.0), NONE)
    assert SECRET[::-1][2:20] not in str(failed.value)
    monkeypatch.setenv("RELAYWARDEN_TSIG_SECRET", "no base64!")
    with pytest.raises(EffectError, match=r"^pool\.main\.hooks\.dns\.secret: is no key in base64$"):
        perform(_effect(lab.port, out3=1.0), NONE)
    assert _addresses(lab.port) == {"192.0.2.1": 60, "192.0.2.2": 60}


def test_a_secret_may_come_from_a_file(lab: DnsLab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RELAYWARDEN_TSIG_SECRET")
    effect = _effect(lab.port, out2=1.0)
    with pytest.raises(EffectError, match="secret_env: the variable RELAYWARDEN_TSIG_SECRET is not set"):
        perform(effect, NONE)
    file = tmp_path / "tsig.secret"
    file.touch(mode=0o600)
    file.write_text(f"{SECRET}\n")
    perform(replace(effect, secret=replace(effect.secret, file=str(file))), NONE)
    assert _addresses(lab.port) == {"192.0.2.2": 60}
