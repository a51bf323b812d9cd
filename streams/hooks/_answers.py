"""What Postfix is answered for a transport: `transport:`, or the transport with a next hop that the settings name."""

from collections.abc import Mapping


def known(answers: Mapping[str, str], ips: Mapping[str, str], setting: str = "answers") -> Mapping[str, str]:
    """Return what a setting says of transports. ValueError where the pool does not have one of them."""
    unknown = sorted(set(answers) - set(ips))
    if unknown:
        raise ValueError(f"{setting}: {unknown[0]!r} is no transport of the pool; there are {', '.join(sorted(ips))}")
    return answers


def answered(transport: str, answers: Mapping[str, str]) -> str:
    """Return the answer (transport(5)) that sends a mail through a transport of the pool."""
    return answers.get(transport, f"{transport}:")


def by_answer(shares: Mapping[str, float], answers: Mapping[str, str]) -> dict[str, float]:
    """Return the share of each answer; transports with the same answer share it."""
    found: dict[str, float] = {}
    for transport, share in shares.items():
        text = answered(transport, answers)
        found[text] = found.get(text, 0.0) + share
    return found
