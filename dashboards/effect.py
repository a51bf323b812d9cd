"""What an order would do, in words and numbers, before it is given; and which order takes it back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dashboards.pools import Standing
from schemas.observations import ListAction, MailboxAction, PoolAction
from schemas.pool_settings import Pool

OPPOSITE: Mapping[str, PoolAction] = {"withdraw": "restore", "restore": "withdraw", "pin": "unpin", "unpin": "pin"}
_MOST_NAMED = 8


@dataclass(frozen=True)
class Effect:
    """What an order would do, sentence by sentence; `below`: it would, or may, take the pool below `min_active`."""

    lines: tuple[str, ...]
    below: bool = False


def of_pool(  # noqa: PLR0913, PLR0917 what an order meets has that many parts
    action: PoolAction, ip: str, rules: Pool, ips: Sequence[Standing], named: Sequence[str], silent: str = ""
) -> Effect:
    """Return what an order about an IP would do; `named` are the lists that name it now.

    `silent` says why it is not known how the IPs stand now: then they stand as the worker said last.
    """
    states = {each.ip: each for each in ips}
    if ip not in states or any(each.state == "unknown" for each in ips):
        return _unknown(silent)
    told = _TOLD[action](ip, rules, states, tuple(named))
    if rules.is_shadow:
        told = Effect((*told.lines, "The pool is in shadow: the order is decided on, and no MTA follows."), told.below)
    return _of_last_word(told, silent)


def _unknown(silent: str) -> Effect:
    why = f"How the pool stands is not known ({silent})" if silent else "The state of the pool could not be read"
    return Effect((f"{why}: what this would do is not known.", *([_WAITS] * bool(silent))), below=True)


def _of_last_word(would: Effect, silent: str) -> Effect:
    """Return an effect as that of the moment at which the worker, that is silent now, spoke last."""
    if not silent:
        return would
    begin = f"How the pool stands now is not known, for {silent}. As of its last word:"
    return Effect((begin, *would.lines, _WAITS), would.below)


_WAITS = "The order waits in the log until a worker reads it; by then all this may be otherwise."


def capacity(rules: Pool, shares: Mapping[str, float]) -> float:
    """Return which part of the pool's capacity its IPs have with these shares (0 to 1 each).

    By `capacity.messages_per_hour` where that names every transport, else each IP counts alike.
    """
    said = rules.capacity.messages_per_hour
    alike = set(said) != set(rules.transports)
    full = {ip: 1.0 if alike else float(said[name]) for name, ip in rules.transports.items()}
    return sum(full[ip] * shares.get(ip, 0.0) for ip in full) / sum(full.values())


def _shares(states: Mapping[str, Standing]) -> dict[str, float]:
    return {ip: each.share if each.state != "withdrawn" else 0.0 for ip, each in states.items()}


def _withdraw(ip: str, rules: Pool, states: Mapping[str, Standing], _named: tuple[str, ...]) -> Effect:
    before = _shares(states)
    staying = [one for one in before if one != ip and before[one] > 0]
    if not before[ip]:
        return Effect((f"{ip} is withdrawn already: it then stays out until it is restored, or the end is over.",))
    if not staying:
        return Effect((f"{ip} is the last IP that sends: the pool will refuse the order.",), below=True)
    lines = [f"{_counted(len(staying), len(states))}: {_listed(staying)}.", _moved(rules, before, before | {ip: 0.0})]
    if below := len(staying) < rules.min_active:
        lines.append(f"That is fewer than min_active {rules.min_active}: the pool obeys all the same.")
    if len(staying) <= rules.min_active:
        lines.append("The pool has no reserve then: whatever lists say, it withdraws no other IP by itself.")
    return Effect(tuple(lines), below=below)


def _restore(ip: str, rules: Pool, states: Mapping[str, Standing], named: tuple[str, ...]) -> Effect:
    before = _shares(states)
    lines = [f"{ip} sends at once with its full share."]
    lines.append(_moved(rules, before, before | {ip: 1.0}))
    if named:
        lines.append(f"It is named by {', '.join(named)}: that counts no more until it is named anew.")
    return Effect(tuple(lines))


def _pin(ip: str, _rules: Pool, states: Mapping[str, Standing], named: tuple[str, ...]) -> Effect:
    state = {"kept": "active"}.get(states[ip].state, states[ip].state)
    lines = [f"{ip} stays {state}, whatever lists say: nothing moves it by itself, in or out."]
    lines += [f"It is named by {', '.join(named)} now."] if named else []
    return Effect(tuple(lines))


def _unpin(ip: str, _rules: Pool, _states: Mapping[str, Standing], named: tuple[str, ...]) -> Effect:
    lines = [f"Lists decide about {ip} again. Where it is not pinned, this changes nothing."]
    lines += [f"It is named by {', '.join(named)} now: it may leave at once."] if named else []
    return Effect(tuple(lines))


class Sent(NamedTuple):
    """What left for one provider in the page's time: by each IP of the pool, and in so many hours."""

    by: Mapping[str, int]
    hours: int


def of_provider(  # noqa: PLR0913, PLR0917 what an order meets has that many parts
    action: PoolAction,
    ip: str,
    provider: str,
    rules: Pool,
    ips: Sequence[Standing],
    barred: Collection[str],
    sent: Sent,
    silent: str = "",
) -> Effect:
    """Return what an order about what an IP sends to one provider would do; `barred` send nothing there now.

    `silent` is as in `of_pool`.
    """
    if any(each.state == "unknown" for each in ips):
        return _unknown(silent)
    carrying = [each.ip for each in ips if each.state != "withdrawn"]
    serving = [each for each in carrying if each not in barred]
    lines, below = [_carried(ip, provider, sent)], False
    if ip not in carrying:
        lines.append(f"{ip} is withdrawn altogether: this counts once it sends again.")
    if action == "restore":
        lines.append(
            f"{ip} sends to {provider} again at once; what {provider} blocked until then counts no more."
            if ip in barred
            else f"{ip} sends to {provider} already: the hooks are told so once more."
        )
    else:
        without = _without(ip, provider, rules, serving)
        lines, below = [*lines, *without.lines], without.below
    if rules.is_shadow:
        lines.append("The pool is in shadow: the order is decided on, and no MTA follows.")
    elif not rules.hooks.bar(provider):
        lines.append(f"No hook of the pool can tell {provider} apart: the order is recorded, but no MTA follows.")
    return _of_last_word(Effect(tuple(lines), below=below), silent)


def _carried(ip: str, provider: str, sent: Sent) -> str:
    whole, own = sum(sent.by.values()), sent.by.get(ip, 0)
    if not whole:
        return f"No data: nothing left for {provider} in the last {sent.hours} h."
    return f"In the last {sent.hours} h {own:,} of {whole:,} messages to {provider} ({own / whole:.0%}) left by {ip}."


def _without(ip: str, provider: str, rules: Pool, serving: Sequence[str]) -> Effect:
    """Return what becomes of a provider's mail without an IP."""
    left = [each for each in serving if each != ip]
    if len(left) == len(serving):
        already = f"{ip} sends nothing to {provider} already: it then stays so until restored, or the end is over."
        return Effect((already,))
    if not left:
        return Effect((f"{ip} is the last IP that sends to {provider}: the pool will refuse the order.",), below=True)
    lines = [f"{_counted(len(left), len(serving))} to {provider}: {_listed(left)}. To all others {ip} sends on."]
    if below := len(left) < rules.min_active:
        lines.append(f"That is fewer than min_active {rules.min_active}: the pool obeys all the same.")
    return Effect(tuple(lines), below=below)


_TOLD = {"withdraw": _withdraw, "restore": _restore, "pin": _pin, "unpin": _unpin}


def _counted(staying: int, everyone: int) -> str:
    return f"{staying} of {everyone} IPs go on sending" if staying > 1 else f"1 of {everyone} IPs goes on sending"


def _listed(ips: Sequence[str]) -> str:
    more = len(ips) - _MOST_NAMED
    return ", ".join(ips[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _moved(rules: Pool, before: Mapping[str, float], after: Mapping[str, float]) -> str:
    was, will = capacity(rules, before), capacity(rules, after)
    how = "each IP counted alike" if set(rules.capacity.messages_per_hour) != set(rules.transports) else "as configured"
    if f"{was:.0%}" == f"{will:.0%}":
        return f"Capacity stays {was * 100:.0f} % ({how})."
    verb = "falls" if will < was else "rises"
    return f"Capacity {verb} from {was * 100:.0f} % to {will * 100:.0f} % ({how})."


def of_mailbox(action: MailboxAction, step: str, decision: str, *, barred: bool, per_hour: int) -> tuple[str, ...]:
    """Return what an order about a mailbox would do, at its step; `barred`: hooks are configured that hold it."""
    now = f"Now: {decision or 'nothing decided'}{f', step {step}' if step else ''}."
    held = () if barred or action in {"watch", "release"} else (_UNHELD,)
    return (now, _OF_MAILBOX[action].format(per_hour=per_hour), *held)


class OfList(NamedTuple):
    """What rests on a list: the IPs of our pools that it names, and those withdrawn, by it alone and by others too."""

    names: tuple[str, ...]
    alone: tuple[str, ...]
    others: tuple[str, ...]
    weight: float
    fault: str


def of_list(action: ListAction, known: OfList, threshold: float) -> tuple[str, ...]:
    """Return what an order about a list would do; `threshold` is the least of the pools that it concerns."""
    now = (
        f"It names {len(known.names)} of our IPs now: {_listed(known.names)}."
        if known.names
        else "It names none of our IPs."
    )
    tests = (
        f"Its newest test failed: {known.fault}." if known.fault else "It passed its newest test, as far as is known."
    )
    back = [
        f"By it alone are withdrawn: {_listed(known.alone)}. They come back once another trusted list is heard."
    ] * bool(known.alone)
    stay = [f"By it and others are withdrawn: {_listed(known.others)}. They stay."] * bool(known.others)
    if action == "distrust":
        return (now, tests, "It has no vote: whatever it names withdraws nothing and bars no return.", *back, *stay)
    if action == "leave":
        return (now, tests, "No order about it counts any more: it has a vote as long as it passes its tests.")
    leave = known.names and known.weight >= threshold
    gone = ["Alone it suffices to withdraw what it names, as far as min_active and capacity allow."] * bool(leave)
    return (now, tests, "It has a vote, although it may fail its tests or name most of the pool.", *gone)


_UNHELD = "No hook is configured (mailboxes.hooks): the order is recorded, but nothing holds the mailbox to it."
_OF_MAILBOX = {
    "watch": "It is looked at each hour, and new networks do not become familiar. It goes on sending.",
    "throttle": "It is held to {per_hour} recipients an hour, whatever held it before. No rule loosens that.",
    "suspend": "It sends nothing until it is released; no rule and no new password ends that.",
    "release": "It sends again; what it did lately is forgotten. With an end no rule throttles or suspends it before.",
}


def opposite(action: str, decision: str) -> PoolAction | MailboxAction:
    """Return the order that takes one back; of a release it is what held the mailbox by its newest `decision`.

    What was only flagged, or only proposed, held nothing: to watch it is all that can be ordered.
    """
    if action in OPPOSITE:
        return OPPOSITE[action]
    if action != "release":
        return "release"
    return _HELD.get(decision, "watch")


_HELD: Mapping[str, MailboxAction] = {"suspended": "suspend", "throttled": "throttle"}
