"""Settings about our own side: the HELO name of each transport, and the domains that lists are asked about."""

from collections.abc import Collection, Mapping

from schemas.checked import Domain

HeloNames = dict[str, Domain]


def of_transports(helo: Mapping[str, str], transports: Collection[str]) -> None:
    """Raise ValueError where a HELO name is that of a transport which the pool does not have."""
    unknown = sorted(set(helo) - set(transports))
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is no transport of the pool")
