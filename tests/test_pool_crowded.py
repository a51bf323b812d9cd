"""The pool in scenes: more providers than are kept of an IP, most of them a stranger's own domains."""

from streams import pool as pools
from tests.pool_scene import A, B, Scene


def blocked(scene: Scene, minute: float, provider: str) -> list[str]:
    scene.counts(minute, A, provider, 9, 11)
    scene.counts(minute, B, provider, 20, 0)
    return scene.tick(minute + 0.1)


def test_relapses_at_strangers_domains_crowd_out_no_known_provider_and_no_order() -> None:
    scene = Scene(ips=2)
    scene.tick(0)
    for number in range(32):
        assert blocked(scene, number + 1, f"d{number}.example") == ["ProviderWithdrawn 1"]
    assert len(scene.tick(3000)) == 32
    assert blocked(scene, 3001, "google") == ["ProviderWithdrawn 1"]
    assert scene.order(3002, "withdraw", A, provider="shop.example") == ["ProviderWithdrawn 1"]
    for number in range(3):
        scene.counts(3003 + number, A, f"e{number}.example", 90)
        scene.tick(3003.1 + number)
    assert pools.barred(scene.pool) == {"google": (A,), "shop.example": (A,)}
    assert len(scene.pool.ips[A].providers) == 32
    assert blocked(scene, 3010, "d0.example") == ["ProviderWithdrawn 1"]
    for number in range(20, 60):
        scene.order(3020 + number, "withdraw", A, provider=f"f{number}.example")
    assert [type(event).__name__ for event in scene.events[-40:]] == ["ProviderWithdrawn"] * 30 + [
        "ProviderRefused"
    ] * 10
    assert scene.events[-1].reason == (  # type: ignore[union-attr]  # a ProviderRefused
        "it is barred from 32 domains of no known provider already: one must be restored first"
    )
    assert blocked(scene, 3100, "g.example") == [], "no further stranger is judged"
    assert blocked(scene, 3101, "yahoo") == ["ProviderWithdrawn 1"], "a known provider is none of them"
    for number in range(60, 99):
        scene.order(3103 + number, "withdraw", A, provider=f"f{number}.example")
    assert scene.tick(3201) == []
    assert len(scene.pool.ips[A].providers) == 2 + 32, "nothing is kept of orders that were refused"
    assert len({event.id for event in scene.events}) == len(scene.events)
