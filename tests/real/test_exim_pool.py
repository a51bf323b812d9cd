"""A real Exim whose file is changed under it: each delivery leaves by an address of the set, or not at all."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.pool_hooks import EximHook
from streams.bringing import Tools, differs, perform
from streams.hooks import ActiveSet, exim
from tests.parts import require, require_root
from tests.real.exim_lab import EximLab, unpacked
from tests.waits import until

pytestmark = pytest.mark.real
IPS = {"out1": "127.0.0.2", "out2": "127.0.0.3", "out3": "127.0.0.4"}
HELO = {ip: f"{name}.example.net" for name, ip in IPS.items()}


def _nobody(_: object) -> None:
    raise AssertionError("no answer was asked for")


@pytest.fixture(scope="module")
def packages() -> Iterator[Path]:
    require("apt-get", "apt")
    require("unshare", "util-linux")
    require_root("Exim's daemon, in a mount namespace")
    with unpacked() as folder:
        yield folder


@pytest.fixture
def lab(packages: Path) -> Iterator[EximLab]:
    with EximLab(packages, HELO) as running:
        yield running


def _bring(lab: EximLab, shares: dict[str, float], **barred: tuple[str, ...]) -> None:
    active = ActiveSet(pool="main", shares=shares, ips=IPS, barred=barred)
    for effect in exim.effects(active, EximHook(path=lab.pool)):
        perform(effect, Tools(answer=_nobody))
        assert differs(effect) == ""


def _taken(lab: EximLab, total: int) -> Counter[str]:
    """Return how many mails the sink took from each address, once it took so many in all."""
    until(lambda: len(lab.sink.taken) >= total, f"mail number {total} at the sink")
    return Counter(ip for ip, _, _ in lab.sink.taken)


def test_each_delivery_leaves_by_an_active_address_with_its_own_name(lab: EximLab) -> None:
    _bring(lab, {"out1": 1.0, "out2": 1.0})
    assert lab.send(40) == 40
    before = _taken(lab, 40)
    assert set(before) == {"127.0.0.2", "127.0.0.3"}
    assert min(before.values()) >= 6, "half each, of 40"
    _bring(lab, {"out2": 1.0, "out3": 1.0})
    assert lab.send(40) == 40
    after = _taken(lab, 80) - before
    assert set(after) == {"127.0.0.3", "127.0.0.4"}
    assert {(ip, helo) for ip, helo, _ in lab.sink.taken} == set(HELO.items())
    until(lambda: lab.log("main").count(" => bob") == 80, "the last delivery's line in the log")
    by_log = Counter(ip for ip in IPS.values() for _ in range(lab.log("main").count(f" I=[{ip}]")))
    assert by_log == before + after, "the log names the address that the sink saw"


def test_a_provider_is_left_out_by_its_mx_hosts_and_by_its_domains(lab: EximLab) -> None:
    _bring(lab, {"out1": 1.0, "out2": 1.0}, google=("out1",), **{"example.org": ("out2",)})
    assert lab.send(10, "gmail.com") == lab.send(10, "hosted.example") == lab.send(10, "example.org") == 10
    assert lab.send(20, "example.net") == 20
    _taken(lab, 50)
    by_domain: dict[str, set[str]] = {}
    for ip, _, recipient in lab.sink.taken:
        by_domain.setdefault(recipient.partition("@")[2], set()).add(ip)
    assert by_domain == {
        "gmail.com": {"127.0.0.3"},
        "hosted.example": {"127.0.0.3"},
        "example.org": {"127.0.0.2"},
        "example.net": {"127.0.0.2", "127.0.0.3"},
    }


@pytest.mark.parametrize("damaged", [None, "", "# no row\n", "7@other: 127.0.0.2\n"])
def test_without_a_row_mail_waits_and_leaves_by_no_other_address(lab: EximLab, damaged: str | None) -> None:
    if damaged is not None:
        lab.pool.write_text(damaged)
    assert lab.send(3) == 3
    until(lambda: lab.log("main").count("==") >= 3, "three deferrals in the log")
    assert lab.sink.taken == []
    _bring(lab, {"out1": 1.0})
    assert _taken(lab, 3) == {"127.0.0.2": 3}


def test_an_address_that_the_host_does_not_have_is_no_way_out(lab: EximLab) -> None:
    active = ActiveSet(pool="main", shares={"out1": 1.0}, ips={"out1": "192.0.2.1"})
    for effect in exim.effects(active, EximHook(path=lab.pool)):
        perform(effect, Tools(answer=_nobody))
    assert lab.send(2) == 2
    until(lambda: lab.log("main").count("==") >= 2, "two deferrals in the log")
    assert lab.sink.taken == []
