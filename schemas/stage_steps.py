"""What holds of the steps of stages for whoever reads the log: an operator's order stands until an operator ends it."""

from schemas.sunset_events import StageStep

HELD = frozenset[StageStep](("paused", "rolled_back"))
"""The steps from which a stage goes on only when an operator says so."""


def overruled(step: str, operator: str, before: str) -> bool:
    """Tell whether a step comes too late to count: the desk decided it before it knew what an operator had ordered.

    `before` is the step at which the stage is. The desk itself takes none from a held one on, nor opens what is closed;
    its own pause of a stage that was rolled back meanwhile would hold all others, which that order let go on.
    """
    return not operator and (before in HELD or (before == "closed" and step in {"open", "brownout"}))


def outdated(follows: str, newest: str) -> bool:
    """Tell whether a moved plan is none: another than the one that it `follows` was made since.

    Both are ids; "" is a plan that follows none, and that no plan is known.
    """
    return bool(follows and newest) and follows != newest
