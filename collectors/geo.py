"""Where clients are: the configured GeoIP databases (MaxMind's format), opened anew when they are replaced.

Each database tells what it can: its metadata (`database_type`) says that it is one of places or autonomous systems, its
records hold the fields. MaxMind's GeoLite2 and GeoIP2, DB-IP's and IP2Location's nest them, IPinfo's and others' do
not. Where several tell the same, the first of the configuration counts.

Format: https://maxmind.github.io/MaxMind-DB/
"""

import logging
import re
import time
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from threading import Lock

import maxminddb

from schemas.places import NOWHERE, Place
from schemas.settings import GeoIp

LOG = logging.getLogger("relaywarden.geo")

_MOST_ADDRESSES = 65536
_LOOK_SECONDS = 60.0
_MOST_AS = 2**32 - 1
_KNOWN = re.compile(r"asn|isp|city|country|location|enterprise|insights|connection|ip2l|ipinfo", re.IGNORECASE)
_COUNTRY = re.compile(r"[A-Z]{2}")
_NO_COUNTRIES = frozenset(("AP", "EU", "XX", "ZZ"))  # regions, and "unknown", in the place of a country
_OURS = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.168.0.0/16", "::/127", "fc00::/7", "fe80::/10"),
        ),
    )
)
_Stamp = tuple[int, int, int]


class GeoDatabases:
    """Tells where an address is; for many threads. ValueError, naming the file, where one cannot be used."""

    def __init__(self, settings: GeoIp, *, look_seconds: float = _LOOK_SECONDS) -> None:
        self._paths = settings.databases
        self._look_seconds = look_seconds
        self._looked_at = time.monotonic()
        self._lock = Lock()
        self._stamps = [_stamp(path) for path in self._paths]
        self._readers = [_opened(path) for path in self._paths]
        self._found = lru_cache(maxsize=_MOST_ADDRESSES)(self._search)

    def __call__(self, ip: str) -> Place:
        """Return where a canonical IP is; nothing of "", of private addresses and of those no database knows."""
        if not self._readers:
            return NOWHERE
        if time.monotonic() - self._looked_at >= self._look_seconds:
            self._look()
        return self._found(ip)

    def _search(self, ip: str) -> Place:
        if not ip:
            return NOWHERE
        address = ip_address(ip)
        if any(address in network for network in _OURS):
            return NOWHERE
        place: Place = {}
        for reader in self._readers:
            if address.version == 6 and reader.metadata().ip_version == 4:  # noqa: PLR2004 IP's versions
                continue
            record = reader.get(address)
            if isinstance(record, Mapping):
                place = {**_told(record), **place}
        return place

    def _look(self) -> None:
        """Open anew what was replaced on the disk. A new file that cannot be read is warned of; the old one stays."""
        with self._lock:
            if time.monotonic() - self._looked_at < self._look_seconds:
                return
            self._looked_at = time.monotonic()
            for number, path in enumerate(self._paths):
                stamp = _stamp(path)
                if stamp == self._stamps[number]:
                    continue
                self._stamps[number] = stamp
                try:
                    self._readers[number] = _opened(path)  # the old one is closed when the last look-up has left it
                except ValueError as error:
                    LOG.warning("%s; what was read of it before still counts", error)
                    continue
                self._found.cache_clear()
                LOG.info("geoip.databases: %s was replaced and is read anew", path)


def _stamp(path: Path) -> _Stamp:
    """Return what changes when a file is replaced, zeros where it is gone."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_mtime_ns, found.st_size


def _opened(path: Path) -> maxminddb.Reader:
    try:
        reader = maxminddb.open_database(path)
        reader.get("192.0.2.1")
    except OSError as error:
        raise ValueError(f"geoip.databases: {path}: {error.strerror or error}") from error
    except (ValueError, maxminddb.InvalidDatabaseError) as error:
        raise ValueError(f"geoip.databases: {path}: no GeoIP database: {error}") from error
    kind = reader.metadata().database_type
    if not _KNOWN.search(kind):
        raise ValueError(f"geoip.databases: {path}: {kind!r} tells neither places nor autonomous systems")
    return reader


def _told(record: Mapping[str, object]) -> Place:
    """Return what a record tells."""
    place: Place = {}
    country = _country(record)
    if country:
        place["client_country"] = country
    asn = _number(record, "autonomous_system_number") or _number(record, "asn") or _number(record, "as_number")
    asn = asn or _number(_part(record, "traits"), "autonomous_system_number")
    if asn:
        place["client_asn"] = asn
    spot = _part(record, "location") or record
    latitude, longitude = _degrees(spot, 90, "latitude", "lat"), _degrees(spot, 180, "longitude", "lon", "lng")
    if latitude or longitude:
        place["client_latitude"], place["client_longitude"] = latitude, longitude
    return place


def _part(record: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _country(record: Mapping[str, object]) -> str:
    for found in (_part(record, "country").get("iso_code"), record.get("country_code"), record.get("country")):
        code = found.upper() if isinstance(found, str) else ""
        if _COUNTRY.fullmatch(code) and code not in _NO_COUNTRIES:
            return code
    return ""


def _number(record: Mapping[str, object], name: str) -> int:
    """Return a number that may be written as text (`AS64496`), 0 where there is none of 32 bits."""
    found = record.get(name)
    digits = found.upper().removeprefix("AS") if isinstance(found, str) else ""
    if digits.isascii() and digits.isdecimal() and len(digits) <= len(str(_MOST_AS)):
        found = int(digits)
    return found if isinstance(found, int) and 0 <= found <= _MOST_AS else 0


def _degrees(record: Mapping[str, object], most: int, *names: str) -> float:
    found = next((record[name] for name in names if name in record), 0.0)
    try:
        degrees = round(float(found), 4) if isinstance(found, int | float | str) else 0.0
    except ValueError:
        return 0.0
    return degrees if -most <= degrees <= most else 0.0
