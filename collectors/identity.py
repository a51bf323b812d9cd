"""What the world sees of one of our IPs: its reverse DNS, its HELO name, and whether SPF permits it there. Pure.

Each check passes, fails, or is unknown because the DNS could not be asked; unknown is never a pass.
"""

from collections.abc import Sequence

import msgspec

from collectors.spf import Found, Verdict
from schemas.own_observations import Check, CheckName, CheckOutcome

_TEXT_LENGTH = 500
_SPF: dict[str, CheckOutcome] = {"pass": "pass", "temperror": "unknown", "unknown": "unknown"}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the DNS said about an IP: its PTR names, the addresses of each, and those of its HELO name.

    `helo` is the configured name, else the first PTR name, "" where there is neither. `spf` is None where nothing
    could be asked for want of a name.
    """

    ip: str
    helo: str
    configured: bool
    ptr: Found
    forward: dict[str, Found] = {}
    addresses: Found = Found()
    spf: Verdict | None = None


def checks(seen: Seen) -> tuple[Check, ...]:
    """Return the five checks of an IP, in the order in which they build on each other."""
    return (_ptr(seen), _forward(seen), _helo(seen), _helo_is_ptr(seen), _spf(seen))


def _check(name: CheckName, outcome: CheckOutcome, text: str) -> Check:
    """Return a check; what a stranger's zone says in it is one line of bounded length."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return Check(name=name, outcome=outcome, text=line[:_TEXT_LENGTH])


def _ptr(seen: Seen) -> Check:
    if seen.ptr.failure:
        return _check("ptr", "unknown", f"PTR of {seen.ip}: {seen.ptr.failure}")
    if not seen.ptr.values:
        return _check("ptr", "fail", f"{seen.ip} has no PTR: large receivers refuse its mail")
    return _check("ptr", "pass", f"{seen.ip} is {_listed(seen.ptr.values)}")


def _forward(seen: Seen) -> Check:
    if seen.ptr.failure:
        return _check("forward", "unknown", "the PTR is not known")
    if not seen.ptr.values:
        return _check("forward", "fail", "there is no PTR name that could lead back")
    good = [name for name, found in seen.forward.items() if seen.ip in found.values]
    if good:
        return _check("forward", "pass", f"{_listed(good)} leads back to {seen.ip}")
    if failed := [f"{name}: {found.failure}" for name, found in seen.forward.items() if found.failure]:
        return _check("forward", "unknown", "; ".join(failed))
    told = "; ".join(f"{name} is {_listed(found.values) or 'nowhere'}" for name, found in seen.forward.items())
    return _check("forward", "fail", f"no PTR name leads back to {seen.ip}: {told}")


def _helo(seen: Seen) -> Check:
    if not seen.helo:
        return _nameless("helo", seen)
    if seen.addresses.failure:
        return _check("helo", "unknown", f"{seen.helo}: {seen.addresses.failure}")
    if seen.ip in seen.addresses.values:
        return _check("helo", "pass", f"{seen.helo} is {seen.ip}")
    where = _listed(seen.addresses.values) or "nowhere"
    return _check("helo", "fail", f"{seen.helo} is {where}, not {seen.ip}")


def _helo_is_ptr(seen: Seen) -> Check:
    if seen.ptr.failure:
        return _check("helo_is_ptr", "unknown", "the PTR is not known")
    if not seen.helo:
        return _nameless("helo_is_ptr", seen)
    if seen.helo in seen.ptr.values:
        told = seen.helo if seen.configured else f"{seen.helo}, which is taken for the HELO name: none is configured"
        return _check("helo_is_ptr", "pass", told)
    return _check("helo_is_ptr", "fail", f"HELO {seen.helo}, but PTR {_listed(seen.ptr.values) or 'none'}")


def _spf(seen: Seen) -> Check:
    if seen.spf is None:
        return _nameless("spf", seen)
    told = f"{seen.spf.result}: {seen.spf.reason}" if seen.spf.reason else seen.spf.result
    return _check("spf", _SPF.get(seen.spf.result, "fail"), told)


def _nameless(name: CheckName, seen: Seen) -> Check:
    """Return a check that lacks a HELO name: unknown where the PTR is, else there is none to be had."""
    if seen.ptr.failure:
        return _check(name, "unknown", "no HELO name is configured, and the PTR is not known")
    return _check(name, "fail", "no HELO name is configured, and there is no PTR to take it from")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
