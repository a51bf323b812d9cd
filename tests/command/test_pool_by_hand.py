"""An operator at the command line against a running worker and sink: each order, its outcome, and the way back."""

import time
from collections.abc import Iterator

import pytest

from tests.command.desk import SECONDS, Desk
from tests.command.shell import refusal, run
from tests.whole.lab import TRANSPORTS, Lab, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
A, B, C, D = TRANSPORTS.values()
E, F = "198.51.100.1", "2001:db8::25"
POOLS = {
    "main": {"transports": TRANSPORTS, "min_active": 2},
    "small": {"transports": {"out5": E, "out6": F}, "min_active": 2, "mode": "shadow"},
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Run worker and sink over two pools that have no lists."""
    with Lab(tmp_path_factory.mktemp("desk"), {"pool": POOLS}) as lab:
        lab.run("sink")
        lab.run("stream")
        until(lambda: lab.value("SELECT count() FROM pool_observations") > 0, SECONDS, "the worker ticks")
        yield Desk(lab)
        for name in ("stream", "sink"):
            assert lab.end(name, 30) == 0, lab.log(name)


def test_an_operator_withdraws_and_restores(desk: Desk) -> None:
    assert desk.row(A)["state"] == "active"
    event = desk.order("withdraw", A)
    began = time.monotonic()
    assert (event["type"], event["operator"], event["subject"], event["pool"]) == ("operator_acted", "ada", A, "main")
    desk.decided(A, "ip_withdrawn")
    assert time.monotonic() - began < 10, "within seconds"
    until(lambda: desk.row(A)["state"] == "withdrawn", SECONDS, "the list shows it")
    assert (desk.row(A)["share"], desk.row(A)["order"]) == (0.0, "withdraw by ada: withdraw drill")

    (decision,) = desk.rows("pool", "history", A)
    assert (decision["decision"], decision["operator"]) == ("ip_withdrawn", "ada")
    assert decision["evidence"] == "ada: withdraw drill"
    assert desk.rows("pool", "history", B) == []
    assert desk.say("pool", "history", B) == "no decisions yet\n"

    said = desk.say("pool", "restore", A, "--reason", "the [red]drill[/] is over", "--operator", "ada", "--for", "2h")
    assert said.startswith(f"ordered: restore {A} of main until ")
    desk.decided(A, "ip_restored")
    until(lambda: desk.row(A)["state"] == "active", SECONDS, "the list shows it")
    drawn = desk.say("pool", "list")
    assert "the [red]drill[/] is over" in drawn, "what an operator wrote is text, no mark-up, and not cut off"
    assert all(ip in drawn for ip in (*TRANSPORTS.values(), E, F))


def test_the_last_ip_stays_and_the_refusal_shows(desk: Desk) -> None:
    desk.order("withdraw", E)
    desk.decided(E, "ip_withdrawn")
    desk.order("withdraw", F.upper())
    desk.decided(F, "withdrawal_refused")
    (refused,) = desk.rows("pool", "history", F.upper())
    assert refused["decision"] == "withdrawal_refused"
    assert refused["evidence"] == "ada: withdraw drill; it is the last IP that carries mail"
    assert "it is the last IP that carries mail" in desk.say("pool", "history", F)
    assert desk.row(F)["state"] == "active"
    until(lambda: desk.row(E)["state"] == "withdrawn", SECONDS, "the list shows it")
    assert (desk.row(E)["mode"], desk.row(A)["mode"]) == ("shadow", "live"), "what was decided there, no MTA follows"
    (below,) = desk.rows("pool", "history", E)
    assert below["evidence"].endswith("1 stay, fewer than min_active 2")


def test_an_order_ends_by_itself(desk: Desk) -> None:
    event = desk.order("withdraw", B, "--for", "3s")
    assert event["expires_at"] - event["at"] == 3_000_000
    desk.decided(B, "ip_withdrawn")
    desk.decided(B, "ip_probation_started")
    until(lambda: desk.row(B)["state"] == "probation", SECONDS, "the list shows the probation")
    assert desk.row(B)["order"] == "", "an order that ended is shown no more"


def test_a_pin_is_recorded_until_it_is_taken_back(desk: Desk) -> None:
    desk.order("pin", C)
    until(lambda: desk.row(C)["order"] == "pin by ada: pin drill", SECONDS, "the list shows the pin")
    desk.order("unpin", C)
    until(lambda: desk.row(C)["order"] == "unpin by ada: unpin drill", SECONDS, "the list shows that it was taken back")
    assert desk.row(C)["state"] == "active"


def test_an_ip_is_withdrawn_for_one_provider_and_restored(desk: Desk) -> None:
    event = desk.order("withdraw", D, "--provider", "gmail.com")
    assert (event["provider"], event["subject"]) == ("google", D)
    desk.decided(D, "provider_withdrawn")
    until(lambda: desk.row(D)["not_to"] == "google", SECONDS, "the list shows it")
    assert (desk.row(D)["state"], desk.row(D)["share"]) == ("active", 1.0)
    (decision,) = desk.rows("pool", "history", D)
    assert (decision["decision"], decision["provider"], decision["mode"]) == ("provider_withdrawn", "google", "")
    said = desk.say("pool", "restore", D, "--provider", "google", "--reason", "drill", "--operator", "ada")
    assert said.startswith(f"ordered: restore {D} of main for google by ada: drill")
    desk.decided(D, "provider_restored")
    until(lambda: desk.row(D)["not_to"] == "", SECONDS, "the list shows it no more")


def test_orders_that_cannot_be_are_refused_and_nothing_is_recorded(desk: Desk) -> None:
    outbound = ", ".join((*TRANSPORTS.values(), E, F))
    cases = {
        ("withdraw", "192.0.2.99", "--reason", "x"): f"192.0.2.99 is in no pool; there are {outbound}",
        ("withdraw", "192.0.2", "--reason", "x"): "'192.0.2' is no IP address",
        ("restore", A, "--reason", " "): "--reason ' ': say why; it is kept with the decision",
        ("pin", A, "--reason", "x", "--for", "2 w"): "--for '2 w': say a number and s, m, h or d, as in 30m or 2h",
        ("history", "192.0.2.x"): "'192.0.2.x' is no IP address",
        ("withdraw", A, "--reason", "x", "--provider", "gogle"): (
            "no provider 'gogle'; there are apple, barracuda, cisco, google, microsoft, mimecast, proofpoint, "
            "swisscom, telekom, united_internet, yahoo, and every domain"
        ),
    }
    recorded = "SELECT uniqExact(id) FROM pool_observations WHERE type = 'operator_acted' AND reason NOT LIKE '%drill%'"
    for words, sentence in cases.items():
        assert refusal(run("pool", *words, "--config", desk.lab.config, env=desk.env)) == sentence
    assert desk.lab.value(recorded) == 0


def test_a_replay_decides_the_same(desk: Desk) -> None:
    by_hand = ("ip_withdrawn", "ip_restored", "withdrawal_refused")
    replayed = [row for row in desk.rows("replay") if row["decision"] in by_hand]
    recorded = [row for row in desk.rows("pool", "history") if row["decision"] in by_hand]
    assert len(recorded) >= 3
    assert sorted(map(str, replayed)) == sorted(map(str, recorded))
    assert "ada: withdraw drill" in desk.say("replay")
