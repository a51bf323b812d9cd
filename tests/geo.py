"""Small GeoIP databases for tests, as mmdb_writer makes them: the formats of MaxMind, DB-IP, IP2Location and IPinfo."""

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]  # it ships no types


def database(path: Path, kind: str, networks: dict[str, dict[str, Any]], *, version: int = 6) -> Path:
    """Write a database of that `database_type`; IPv4 networks lie where MaxMind puts them."""
    writer = MMDBWriter(version, kind, ipv4_compatible=version == 6, int_type="u32")
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    fresh = path.with_suffix(".new")
    writer.to_db_file(str(fresh))
    fresh.replace(path)  # as geoipupdate does
    return path


def city(code: str, latitude: float, longitude: float) -> dict[str, Any]:
    """Return a record of a City database."""
    return {"country": {"iso_code": code}, "location": {"latitude": latitude, "longitude": longitude}}


def asn(number: int) -> dict[str, Any]:
    """Return a record of an ASN database."""
    return {"autonomous_system_number": number, "autonomous_system_organization": "Example"}
