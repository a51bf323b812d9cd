"""Which sunsets this host switches off, where their policy servers listen, and what two switches would both use."""

from collections.abc import Iterator

from schemas.settings import Settings
from schemas.sunset_settings import Sunset
from streams import switches

Address = tuple[str, int]


def switched(configuration: Settings) -> dict[str, Sunset]:
    """Return the sunsets that a switch of this host carries out."""
    return {name: sunset for name, sunset in configuration.sunset.items() if switches.configured(sunset.switch)}


def places(configuration: Settings) -> dict[str, Address]:
    """Return where the policy servers listen, each with the part of the configuration that says so."""
    return {
        f"sunset.{name}.switch.postfix_policy": (sunset.switch.postfix_policy.host, sunset.switch.postfix_policy.port)
        for name, sunset in switched(configuration).items()
        if sunset.switch.postfix_policy is not None
    }


def clashes(configuration: Settings) -> Iterator[str]:
    """Yield a sentence for each file or port that two would use: each would undo what the other does, for ever."""
    policy = configuration.mailboxes.hooks.postfix_policy
    taken: dict[Address, str] = {(policy.host, policy.port): "mailboxes.hooks.postfix_policy"} if policy else {}
    for place, address in places(configuration).items():
        if (other := taken.setdefault(address, place)) != place:
            yield f"{place}.port: {address[1]} is the port of {other} too"
    written: dict[object, str] = {}
    for name, sunset in switched(configuration).items():
        for hook, part in switches.configured(sunset.switch).items():
            place, path = f"sunset.{name}.switch.{hook}", getattr(part, "path", None)
            if path is not None and (other := written.setdefault(path, place)) != place:
                yield f"{place}.path: {path} is written by {other} already"
