"""What operators order of a pool, as it learns that: about its IPs, and about the lists that it believes."""

from typing import cast, get_args

import msgspec

from schemas.observations import ListOrdered, OperatorActed
from streams import hearsay
from streams.pooltime import AHEAD
from streams.regard import Action, Order, Regard
from streams.standing import ListOrder, Pool, Standing

_replace = msgspec.structs.replace


def ordered(pool: Pool, event: OperatorActed | ListOrdered) -> Pool:
    """Return the pool knowing an order; the same where it concerns another, or tells nothing new."""
    if event.pool not in {"", pool.name}:
        return pool
    if isinstance(event, ListOrdered):
        return _about_list(pool, event)
    return _about_ip(pool, event) if event.subject in pool.ips else pool


def _about_ip(pool: Pool, event: OperatorActed) -> Pool:
    standing = pool.ips[event.subject]
    regard = standing.providers.get(event.provider, Regard())
    before = regard.order if event.provider else standing.order
    if event.action not in get_args(Action) or (event.provider and event.action in {"pin", "unpin"}):
        return pool
    slow = pool.at - event.at if event.at < pool.at - AHEAD else 0
    if before and event.id == before.id:  # the log's order decides, not the clocks of those who ordered
        return pool
    if event.action == "unpin" and not (before and before.action == "pin"):
        return pool
    order = Order(
        id=event.id,
        at=min(event.at + slow, pool.at + AHEAD),
        action=cast("Action", event.action),
        operator=event.operator,
        reason=event.reason,
        expires_at=event.expires_at + slow if event.expires_at else 0,
        within_guard=event.within_guard,
    )
    if event.provider:
        providers = {**standing.providers, event.provider: _replace(regard, order=order)}
        return hearsay.questioning(pool.with_standing(_replace(standing, providers=providers)), event.provider)
    if event.action == "restore":
        standing, order = _forgiven(standing), _replace(order, marked=True)
    return pool.with_standing(_replace(standing, order=order))


def _forgiven(standing: Standing) -> Standing:
    """Return the standing in which what lists and replies told by now has no vote, whatever clock dated the order."""
    listings = {
        name: _replace(listing, forgiven=True) if listing.answer == "listed" else listing
        for name, listing in standing.listings.items()
    }
    return _replace(standing, listings=listings, named={})


def _about_list(pool: Pool, event: ListOrdered) -> Pool:
    """Return the pool knowing an order about a list; the log's order decides, not the clocks of those who ordered."""
    before = pool.ordered.get(event.list)
    if before is not None and before.id == event.id:
        return pool
    slow = pool.at - event.at if event.at < pool.at - AHEAD else 0
    order = ListOrder(
        id=event.id,
        action=event.action,
        operator=event.operator,
        reason=event.reason,
        expires_at=event.expires_at + slow if event.expires_at else 0,
    )
    return _replace(pool, ordered={**pool.ordered, event.list: order})
