"""GeoIP: real databases on the disk tell where clients were, and what cannot be read stops the start."""

import io
import json
import time
from pathlib import Path
from typing import cast

import pytest

from collectors import history
from collectors.geo import GeoDatabases, _told
from collectors.parsing import parse_file
from schemas.events import MailboxAuthenticated, MessageSubmitted
from schemas.places import NOWHERE, Place
from schemas.settings import GeoIp, parse
from tests.geo import asn, city, database

LOGIN = (
    "2026-03-01T10:00:00Z imap1 dovecot: imap-login: Login: user=<ann@example.net>, method=PLAIN, rip={ip}, "
    "lip=192.0.2.2\n"
)
MAIL = (
    "2026-03-01T10:00:05Z mx1 postfix/smtpd[1]: 4F1qXz3abc: client=pc[{ip}], sasl_method=PLAIN, "
    "sasl_username=ann@example.net\n"
    "2026-03-01T10:00:05Z mx1 postfix/qmgr[1]: 4F1qXz3abc: from=<ann@example.net>, size=7, nrcpt=2 (queue active)\n"
)


def place(country: str = "", asn: int = 0, latitude: float = 0.0, longitude: float = 0.0) -> Place:
    values = (country, asn, latitude, longitude)
    return cast("Place", {name: value for name, value in zip(Place.__annotations__, values, strict=True) if value})


ZURICH = place("CH", 64496, 47.37, 8.54)


def swiss(folder: Path) -> tuple[Path, Path]:
    cities = {"203.0.113.0/24": city("CH", 47.37, 8.54), "2001:db8::/32": city("DE", 52.52, 13.4)}
    return (
        database(folder / "city.mmdb", "GeoLite2-City", cities),
        database(folder / "asn.mmdb", "DBIP-ASN-Lite (compat=GeoLite2-ASN)", {"203.0.113.0/24": asn(64496)}),
    )


def where(*paths: Path, look_seconds: float = 60.0) -> GeoDatabases:
    return GeoDatabases(GeoIp(databases=paths), look_seconds=look_seconds)


@pytest.mark.parametrize("reverse", [False, True])
def test_databases_of_places_and_of_networks_fill_one_place_in_any_order(tmp_path: Path, *, reverse: bool) -> None:
    paths = swiss(tmp_path)
    found = where(*(reversed(paths) if reverse else paths))
    assert found("203.0.113.9") == ZURICH
    assert found("2001:db8::9") == place("DE", 0, 52.52, 13.4)
    assert found("198.51.100.1") == found("") == NOWHERE


@pytest.mark.parametrize(
    ("kind", "record", "expected"),
    [
        ("GeoLite2-Country", {"country": {"iso_code": "AT"}}, place("AT")),
        ("DBIP-Country-Lite", {"country": {"iso_code": "AT", "names": {"en": "Austria"}}}, place("AT")),
        ("DBIP-City-Lite (compat=City)", city("AT", 48.2, 16.37), place("AT", 0, 48.2, 16.37)),
        ("GeoIP2-ISP", {"autonomous_system_number": 64496, "isp": "x"}, place("", 64496)),
        ("GeoIP2-Enterprise", {"traits": {"autonomous_system_number": 64496}}, place("", 64496)),
        ("IP2Location-City", city("at", 48.20849, 16.37208), place("AT", 0, 48.2085, 16.3721)),
        ("IP2Location-Country", {"country": {"iso_code": "-"}}, NOWHERE),
        ("ipinfo lite.mmdb", {"country_code": "AT", "country": "Austria", "asn": "AS64496"}, place("AT", 64496)),
        ("city-lite", {"country_code": "AT", "latitude": 48.2, "longitude": "16.37"}, place("AT", 0, 48.2, 16.37)),
        # Degenerate records: a region in the country's place, places that are none on Earth, fields of other types.
        ("GeoLite2-City", {"country": {"iso_code": "EU"}, "location": {"latitude": 91.0, "longitude": 200.0}}, NOWHERE),
        ("GeoLite2-City", {"country": ["AT"], "location": "AT", "latitude": "north"}, NOWHERE),
        ("GeoLite2-ASN", {"autonomous_system_number": "many"}, NOWHERE),
        ("ipinfo lite.mmdb", {"asn": "AS4294967295"}, place("", 2**32 - 1)),
        ("ipinfo lite.mmdb", {"asn": "AS4294967296"}, NOWHERE),
    ],
)
def test_each_makers_fields_are_read(tmp_path: Path, kind: str, record: dict[str, object], expected: Place) -> None:
    assert where(database(tmp_path / "a.mmdb", kind, {"203.0.113.0/24": record}))("203.0.113.9") == expected


@pytest.mark.parametrize(("number", "known"), [(-1, 0), (0, 0), (2**32 - 1, 2**32 - 1), (2**32, 0), (2**64, 0)])
def test_a_number_of_a_system_has_32_bits(number: int, known: int) -> None:
    assert _told({"autonomous_system_number": number}).get("client_asn", 0) == known


def test_private_addresses_are_nowhere_even_if_a_database_knows_them(tmp_path: Path) -> None:
    found = where(database(tmp_path / "a.mmdb", "GeoLite2-Country", {"0.0.0.0/0": {"country": {"iso_code": "CH"}}}))
    private = (
        "10.1.2.3",
        "192.168.7.7",
        "172.20.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "::1",
        "fd00::1",
        "fe80::1",
    )
    assert [ip for ip in private if found(ip) != NOWHERE] == []
    assert found("198.51.100.1") == place("CH")


def test_a_database_of_ipv4_only_knows_no_ipv6(tmp_path: Path) -> None:
    kind, record = "GeoLite2-Country", {"country": {"iso_code": "CH"}}
    found = where(database(tmp_path / "a.mmdb", kind, {"203.0.113.0/24": record}, version=4))
    assert (found("203.0.113.1"), found("2001:db8::1")) == (place("CH"), NOWHERE)


def test_a_replaced_database_is_read_anew_and_a_broken_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = database(tmp_path / "a.mmdb", "GeoLite2-City", {"203.0.113.0/24": city("CH", 47.37, 8.54)})
    found, patient = where(path, look_seconds=0.0), where(path)
    assert found("203.0.113.9").get("client_country") == "CH"
    database(path, "GeoLite2-City", {"203.0.113.0/24": city("IT", 45.46, 9.19)})
    assert (found("203.0.113.9").get("client_country"), patient("203.0.113.9").get("client_country")) == ("IT", "CH")
    fresh = tmp_path / "broken"
    fresh.write_bytes(b"no database")
    fresh.replace(path)
    assert found("203.0.113.9").get("client_country") == "IT"
    assert found("203.0.113.8").get("client_country") == "IT"
    path.unlink()
    assert found("203.0.113.7").get("client_country") == "IT"
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [text.split(": ")[2] for text in warned] == [
        "no GeoIP database",
        "No such file or directory; what was read of it before still counts",
    ]


def test_what_cannot_be_used_is_named_at_the_start(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"x" * 100)
    other = database(tmp_path / "other.mmdb", "Anonymous-Plus", {"203.0.113.0/24": {"is_vpn": True}})
    for path, why in (
        (tmp_path / "none.mmdb", "none.mmdb: No such file or directory"),
        (tmp_path, f"{tmp_path.name}: "),
        (broken, "broken.mmdb: no GeoIP database: "),
        (other, "other.mmdb: 'Anonymous-Plus' tells neither places nor autonomous systems"),
    ):
        with pytest.raises(ValueError, match=f"^geoip.databases: .*{why}"):
            where(path)


def test_the_cache_is_bounded_and_fast(tmp_path: Path) -> None:
    found = where(*swiss(tmp_path))
    for number in range(70_000):
        found(f"203.0.{number >> 8 & 255}.{number & 255}")
    assert found._found.cache_info().currsize == 65_536  # noqa: SLF001 its bound is what counts
    began = time.process_time()
    for _ in range(100_000):
        found("203.0.113.9")
    assert time.process_time() - began < 1.0


def test_mails_and_logins_say_where_their_client_was(tmp_path: Path) -> None:
    paths = ", ".join(json.dumps(str(path)) for path in swiss(tmp_path))
    settings = parse(f"[geoip]\ndatabases = [{paths}]", "test")
    (tmp_path / "mail.log").write_text(MAIL.format(ip="203.0.113.5"))
    (tmp_path / "dovecot.log").write_text(LOGIN.format(ip="203.0.113.5") + LOGIN.format(ip="10.0.0.5"))
    output = io.BytesIO()
    parse_file("postfix", str(tmp_path / "mail.log"), output, settings=settings)
    for line in output.getvalue().splitlines():
        assert ZURICH.items() <= json.loads(line).items()
    past = history.Past((("postfix", tmp_path / "mail.log"), ("dovecot", tmp_path / "dovecot.log")))
    told = [
        {name: value for name in Place.__annotations__ if (value := getattr(event, name))}
        for event in history.events(past, settings, lambda _: None)
        if isinstance(event, MessageSubmitted | MailboxAuthenticated)
    ]
    assert told == [ZURICH, NOWHERE, ZURICH, ZURICH]
    with pytest.raises(ValueError, match=r"geoip.databases: /nowhere.mmdb: No such file"):
        history.events(past, parse('[geoip]\ndatabases = ["/nowhere.mmdb"]', "test"), lambda _: None)
