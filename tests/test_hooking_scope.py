"""What a pool's hooks are given: without what is withdrawn for one provider, and all of it in shadow mode."""

from pathlib import Path

import pytest

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from schemas import pool_settings
from schemas.culprits import sentence, sentences
from schemas.facts import Culprit
from schemas.names import provider_named
from schemas.pool_events import IpWithdrawn, ProviderDrifted, ProviderRestored, ProviderWithdrawn
from streams.keeping import Fold, given
from streams.lastgood import Kept, LastGood, active_set
from tests.barring_lab import hooks_running, until
from tests.test_hooking import AT, HOUR, IPS, _answers, _configuration, _publish, _withdrawn

A, B, C = IPS.values()
POOL = pool_settings.Pool(transports=IPS)
SHADOW = pool_settings.Pool(transports=IPS, mode="shadow")
OUT = ProviderWithdrawn(id="p1", at=AT + 1, pool="main", ip=A, provider="google", until=AT + HOUR)
BACK = ProviderRestored(id="p2", at=AT + 2, pool="main", ip=A, provider="google")


def kept(*events: IpWithdrawn | ProviderWithdrawn | ProviderRestored) -> Kept:
    fold = Fold("main", POOL, "")
    fold.take(events)
    return fold.kept(POOL.ips)


def test_what_is_withdrawn_for_a_provider_reaches_the_hooks_by_its_transport() -> None:
    active = active_set("main", kept(OUT), POOL)
    assert active.barred == {"google": ("out1",)}
    assert active.shares == {"out1": 1.0, "out2": 1.0, "out3": 1.0}
    assert active.decision == "p1"
    assert active_set("main", kept(OUT, BACK), POOL).barred == {}


def test_an_ip_that_left_the_pool_is_barred_for_nobody_besides() -> None:
    assert kept(OUT, _withdrawn(2, A)).barred == {}
    assert kept(OUT, _withdrawn(2, B)).barred == {"google": (A,)}
    assert kept(OUT, _withdrawn(2, B), _withdrawn(3, C)).barred == {}, "never all that are left"


def test_mail_that_leaves_for_a_barred_provider_asks_for_a_repair() -> None:
    fold = Fold("main", POOL, "")
    fold.take((OUT,))
    assert not fold.drifted
    fold.take((ProviderDrifted(id="p3", at=AT + 3, pool="main", ip=A, provider="google"),))
    assert fold.drifted
    assert fold.kept(POOL.ips).barred == {"google": (A,)}, "the set stays as it is"


def test_in_shadow_mode_the_hooks_keep_every_ip() -> None:
    decided = kept(OUT, _withdrawn(2, B))
    assert decided.active == {A: 1.0, C: 1.0}
    shadow = given(decided, SHADOW)
    assert (shadow.active, shadow.barred) == ({A: 1.0, B: 1.0, C: 1.0}, {})
    assert shadow.decision == "d2", "the set's decision is the newest one all the same"
    assert given(decided, POOL) is decided


# kafka-python leaves the sockets of a broker that went away to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
def test_a_pool_brought_from_live_to_shadow_sends_through_all_its_ips_again(
    tmp_path: Path, fresh_broker: Broker
) -> None:
    port = free_port()
    live = _configuration(tmp_path, fresh_broker.bootstrap, port)
    ensure_topics(live)
    _publish(fresh_broker.bootstrap, _withdrawn(1, A))
    with hooks_running(live):
        until(lambda: _answers(port) == {"out2", "out3"}, "the withdrawal")
    shadow = live.model_copy(update={"pool": {"main": live.pool["main"].model_copy(update={"mode": "shadow"})}})
    with hooks_running(shadow):
        until(lambda: _answers(port) == {"out1", "out2", "out3"}, "all of the pool")
        _publish(fresh_broker.bootstrap, _withdrawn(2, B))
        path = tmp_path / "socketmap.json"

        def newest() -> str:
            last = LastGood(path)
            last.load()
            return last.pools["main"].decision

        until(lambda: newest() == "d2", "the decision is known")
        assert _answers(port) == {"out1", "out2", "out3"}
    with hooks_running(live):
        until(lambda: _answers(port) == {"out3"}, "what was decided meanwhile holds once it is live")


@pytest.mark.parametrize(
    ("text", "name"),
    [("google", "google"), (" Gmail.com ", "google"), ("mx.outlook.com", "microsoft"), ("example.org", "example.org")],
)
def test_a_provider_is_named_by_its_name_or_a_domain(text: str, name: str) -> None:
    assert provider_named(text) == name


def test_a_provider_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no provider 'gogle'; there are apple, .*, yahoo, and every domain"):
        provider_named("gogle")


def test_culprits_in_words() -> None:
    eve = Culprit(
        sender="eve@example.net",
        messages=900,
        recipients=890,
        unknown_users=240,
        refusals=30,
        complaints=2,
        networks=41,
        share=0.043,
        minutes=60,
    )
    shop = Culprit(sender="shop@example.net", messages=7, networks=1, minutes=10)
    assert sentence(eve) == (
        "eve@example.net: 900 messages in 1 h (4% of all), 240 unknown users, 30 refused, 2 complaints, 41 networks"
    )
    assert sentences((shop, Culprit(sender="old@example.net", messages=3))) == (
        "shop@example.net: 7 messages in 10 minutes; old@example.net: 3 messages"
    )
