"""`relaywarden check` asks real servers about the pool's hooks, and changes nothing there."""

from collections.abc import Iterator

import pytest

from embedded.checking_hooks import pool_hooks
from schemas.settings import Settings
from tests.parts import require, require_root
from tests.real.dns_lab import SECRET, DnsLab
from tests.real.haproxy_lab import HaproxyLab
from tests.real.network_lab import NetworkLab

pytestmark = pytest.mark.real
IPS = {"out1": "192.0.2.1", "out2": "192.0.2.2"}
PLACE = "pool.main.hooks"


def _found(**hooks: object) -> list[str]:
    return list(pool_hooks(Settings.model_validate({"pool": {"main": {"transports": IPS, "hooks": hooks}}})))


@pytest.fixture
def haproxy() -> Iterator[HaproxyLab]:
    require("haproxy", "haproxy")
    with HaproxyLab(tuple(IPS)) as running:
        yield running


def test_haproxy_is_asked_for_its_servers(haproxy: HaproxyLab) -> None:
    haproxy.order("set server relays/out1 weight 7")
    before = haproxy.order("show servers state relays").splitlines()[2:]
    assert _found(haproxy={"socket": haproxy.socket, "backend": "relays"}) == []
    weights = [line.split()[6:8] for line in before]
    assert [line.split()[6:8] for line in haproxy.order("show servers state relays").splitlines()[2:]] == weights
    (wrong,) = _found(haproxy={"socket": haproxy.socket, "backend": "none"})
    assert wrong == f"{PLACE}.haproxy: {haproxy.socket}: backend none: Can't find backend."


def test_a_primary_is_asked_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    require("knotd", "knot")
    require_root("a private server's user")
    with DnsLab("knot") as knot:
        hook = {"port": knot.port, "zone": "example.net", "name": "relays.example.net", "key": "relaywarden"}
        monkeypatch.setenv("RELAYWARDEN_TSIG_SECRET", SECRET)
        assert _found(dns=hook) == []
        monkeypatch.setenv("RELAYWARDEN_TSIG_SECRET", "b3RoZXI=")
        (wrong,) = _found(dns=hook)
        assert wrong.startswith(f"{PLACE}.dns: 127.0.0.1 port {knot.port}: ")
        assert "b3RoZXI=" not in wrong


def test_nft_says_whether_it_would_take_the_map() -> None:
    require("nft", "nftables")
    require("ip", "iproute2")
    require_root("a network namespace")
    with NetworkLab(tuple(IPS.values())) as lab:
        assert _found(nftables={"command": [*lab.inside, "nft"]}) == []
        assert lab.run("nft", "list", "ruleset") == ""
        lab.run("nft", "-f", "-", text="add table ip relaywarden\nadd chain ip relaywarden main\n")
        assert _found(nftables={"command": [*lab.inside, "nft"]}) == []
        lab.run("nft", "-f", "-", text="add map ip relaywarden main { type inet_service : ipv4_addr ; }\n")
        (wrong,) = _found(nftables={"command": [*lab.inside, "nft"]})
        assert wrong.startswith(f"{PLACE}.nftables: ")
