"""The house itself: package names, the example configuration, the documents."""

import re
import tomllib
from functools import partial
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from schemas import (
    access_settings,
    alert_settings,
    api_settings,
    dnsbl_settings,
    domain_settings,
    mailbox_hooks,
    mailbox_settings,
    metrics_settings,
    pool_hooks,
    pool_settings,
    reply_settings,
    report_settings,
    settings,
    sunset_settings,
    sunset_stages,
)
from schemas.events import EVENT_TYPES
from streams import bars, hooks, switches
from tests.parts import require, require_root

if TYPE_CHECKING:
    from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[1]
_SKIP = r"pytest\.(skip\(|mark\.skip|importorskip)"
PACKAGES = ("collectors", "streams", "dashboards", "schemas", "embedded")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_owns_our_package_names(package: str) -> None:
    assert set(packages_distributions().get(package, [])) <= {"relaywarden"}


def _keys(table: dict[str, object], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in table.items():
        place = f"{prefix}{key}"
        found.add(place)
        if isinstance(value, dict):
            found |= _keys(value, f"{place}.")
    return found


def test_the_example_configuration_is_sound_and_complete() -> None:
    text = (ROOT / "relaywarden.example.toml").read_text()
    example = settings.parse(text, "relaywarden.example.toml")
    assert example.pool["main"].min_active == 2
    assert example.directory is not None
    given = _keys(tomllib.loads(text))
    parts: dict[str, type[BaseModel]] = {
        "": settings.Settings,
        "kafka.": settings.Kafka,
        "clickhouse.": settings.ClickHouse,
        "mta.mx1.": settings.Log,
        "logins.imap1.": settings.Log,
        "complaints.fbl.": settings.Maildir,
        "dnsbl.": dnsbl_settings.Dnsbl,
        "dnsbl.list.spamhaus_zen.": dnsbl_settings.Asking,
        "dnsbl.own.mylist.": dnsbl_settings.OwnList,
        "pool.main.": pool_settings.Pool,
        "pool.main.capacity.": pool_settings.Capacity,
        "pool.main.providers.": pool_settings.Providers,
        "pool.main.culprits.": pool_settings.Culprits,
        "pool.main.hooks.": pool_hooks.Hooks,
        **{
            f"pool.main.hooks.{name}.": type(hook)
            for name, hook in hooks.configured(example.pool["main"].hooks).items()
        },
        "mailboxes.": mailbox_settings.Mailboxes,
        "mailboxes.hooks.": mailbox_hooks.MailboxHooks,
        **{f"mailboxes.hooks.{name}.": type(hook) for name, hook in bars.configured(example.mailboxes.hooks).items()},
        "customers.customer-4711.": mailbox_settings.Customer,
        "directory.": type(example.directory),
        "domains.": domain_settings.Domains,
        "replies.": reply_settings.Replies,
        "sunset.smtp_after_pop.": sunset_settings.Sunset,
        **{f"sunset.{name}.mail.": sunset_settings.SunsetMail for name, each in example.sunset.items() if each.mail},
        "sunset.smtp_after_pop.stages.": sunset_stages.Stages,
        "sunset.smtp_after_pop.stages.tickets.": sunset_stages.Tickets,
        **{
            f"sunset.{name}.switch.{switch}.": type(part)
            for name, each in example.sunset.items()
            for switch, part in switches.configured(each.switch).items()
        },
        "report.customers.": report_settings.Report,
        "report.customers.mail.": report_settings.ReportMail,
        "alert.": alert_settings.Alerting,
        "alert.rule.mailbox_flagged.": alert_settings.AlertRule,
        "alert.channel.noc.": alert_settings.AlertChannel,
        "geoip.": settings.GeoIp,
        **{f"input.{name}.": type(each) for name, each in example.input.items()},
        "dashboard.": access_settings.Dashboard,
        "dashboard.access.": access_settings.Access,
        "dashboard.access.roles.": access_settings.Roles,
        "api.": api_settings.Api,
        "api.token.panel.": api_settings.ApiToken,
        "metrics.": metrics_settings.Metrics,
        "embedded.": settings.Embedded,
    }
    assert {switch for each in example.sunset.values() for switch in switches.configured(each.switch)} == set(
        switches.names()
    )
    assert set(example.input) == {path.stem for path in (ROOT / "schemas" / "inputs").glob("[a-z]*.py")} - {"taken"}
    instead = {"mta.mx1.input": "mta.relays.input", "logins.imap1.input": "mta.relays.input"}
    instead["complaints.fbl.input"] = "complaints.bounces.input"
    given |= {key for key, other in instead.items() if other in given}
    missing = {prefix + name for prefix, part in parts.items() for name in part.model_fields} - given
    assert missing == set()


def test_words_has_every_event() -> None:
    words = (ROOT / "docs" / "words.md").read_text()
    missing = [event.__name__ for event in EVENT_TYPES if f"`{event.__name__}`" not in words]
    assert missing == []


def test_every_default_of_an_event_is_its_types_empty_value() -> None:
    """Fields at their default are left out of the JSON, and ClickHouse fills in the empty value."""
    for event in EVENT_TYPES:
        for field in msgspec.structs.fields(event):
            if not field.required:
                made = field.default_factory is not msgspec.NODEFAULT
                default = field.default_factory() if made else field.default
                assert not default, f"{event.__name__}.{field.name}"


def test_every_file_named_by_the_readme_is_there() -> None:
    text = (ROOT / "README.md").read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize(("asked", "outcome"), [("1", "Failed"), ("", "Skipped")])
def test_what_is_absent_fails_where_the_real_parts_are_required(
    asked: str, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELAYWARDEN_REQUIRE_REAL", asked)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    for lacks in (partial(require, "no-such-program", "no-package"), partial(require_root, "a server")):
        with pytest.raises((pytest.fail.Exception, pytest.skip.Exception)) as ended:
            lacks()
        assert type(ended.value).__name__ == outcome


def test_no_test_is_skipped_but_for_an_absent_part() -> None:
    """Each skip goes through `tests.parts.absent`, which fails where CI requires the real parts."""
    skips = {path.name for path in (ROOT / "tests").rglob("*.py") if re.search(_SKIP, path.read_text())}
    assert skips == {"parts.py"}


def test_no_two_modules_of_tests_have_one_name() -> None:
    """Folders of tests are no packages: pytest would collect only one of them."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
