"""What the command line was told of a log: the outbound IPs (a Postfix master.cf, or NAME=IP), and the time zone."""

from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collectors.mta.master_cf import Transports, read
from schemas.names import canonical_ip


def of_master_cf(path: Path) -> Transports:
    """Return what a master.cf tells. ValueError names a file that is none, OSError one that cannot be read."""
    try:
        return read(path.read_text(errors="replace"))
    except ValueError as error:
        raise ValueError(f"--master-cf {path}: {error}") from error


def outbound_ips(master_cf: Path | None, pairs: Iterable[str]) -> Transports:
    """Return the outbound IP of each transport; the pairs win. ValueError names the pair that is none."""
    told = of_master_cf(master_cf) if master_cf else Transports({}, {})
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, ip = pair.partition("=")
        if not (name and equals):
            raise ValueError(f"--transport {pair!r}: say NAME=IP, as in out1=192.0.2.1")
        try:
            given[name] = canonical_ip(ip)
        except ValueError:
            raise ValueError(f"--transport {pair!r}: {ip!r} is no IP address") from None
    return Transports(told.ips | given, {name: why for name, why in told.unresolved.items() if name not in given})


def known_zone(name: str) -> str:
    """Return the name of a time zone. ValueError where the tz database has none of this name."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of the database is an OSError
        raise ValueError(f"--zone {name!r}: no time zone of the tz database") from None
