"""The demo: the simulated hoster's configuration, and the process that plays it (`python -m embedded.demo`)."""

import argparse
import logging
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from embedded.broker import free_port
from embedded.hoster import customer_domains
from embedded.hoster.configuration import configuration as configuration_of
from embedded.hoster.live import Show, Stage
from embedded.hoster.past import Plan, start_of, write
from embedded.ports import refusal

IPS = {"out1": "192.0.2.11", "out2": "192.0.2.12", "out3": "192.0.2.13", "out4": "192.0.2.14"}
HOSTS = {ip: f"{transport}.relay.example" for transport, ip in IPS.items()}
DASHBOARD_PORT = 8501
ZONES = {"trapnet": "trapnet.example", "echo": "echo.trapnet.example"}


def configuration(folder: Path) -> dict[str, Any]:
    """Return the demo's configuration as a TOML table: a pool of four IPs, times short enough to watch."""
    own = {
        "trapnet": {
            "zone": ZONES["trapnet"],
            "weight": 1.0,
            "codes": {"127.0.0.2": "spamtrap hit"},
            "removal": "https://lookup.trapnet.example/",
        },
        "echo": {"zone": ZONES["echo"], "weight": 0.5, "codes": {"127.0.0.2": "copied from Trapnet"}},
        "silent": {"zone": "silent.example", "weight": 1.0, "codes": {"127.0.0.2": "listed"}},
    }
    return {
        "data": str(folder / "state"),
        "tick_seconds": 1.0,
        "mta": {"mx1": {"format": "postfix", "log": str(folder / "mail.log"), "host": "mx1"}},
        "logins": {"imap1": {"format": "dovecot", "log": str(folder / "dovecot.log"), "host": "mx1"}},
        "complaints": {"fbl": {"format": "arf", "maildir": str(folder / "complaints")}},
        "alert": {"calm_minutes": 1.0, "rule": {"source_silent": {"enabled": False}}},
        "dashboard": {"port": DASHBOARD_PORT if not refusal("127.0.0.1", DASHBOARD_PORT) else free_port()},
        "dnsbl": {
            "own": own,
            "port": free_port(),
            "interval_seconds": 3.0,
            "timeout_seconds": 1.0,
            "listed_ttl_max_seconds": 1.0,
            "clean_ttl_max_seconds": 1.0,
        },
        "domains": {
            "extra": list(customer_domains.DOMAINS),
            "dkim_selectors": [customer_domains.SELECTOR],
            "spf_include": customer_domains.SPF_INCLUDE,
        },
        "pool": {
            "main": {
                "transports": IPS,
                "helo": {transport: HOSTS[ip] for transport, ip in IPS.items()},
                "min_active": 2,
                "threshold": 1.0,
                "quarantine_minutes": 0.4,
                "probation_minutes": 0.25,
                "probation_shares": [0.1, 0.5],
                "stale_minutes": 1.0,
                "culprits": {"quiet_minutes": 0.1, "most_minutes": 0.1},
                "verify_seconds": 5.0,
                "hooks": {
                    "postfix_socketmap": {"port": free_port(), "state": str(folder / "state" / "socketmap.json")}
                },
            }
        },
    }


def write_past(  # noqa: PLR0913 as many as the command has options
    folder: Path, *, seed: int, days: float, mailboxes: int, takeovers: int, kinds: str = "", start: str = ""
) -> str:
    """Write a history and a configuration that fits it into a folder; return a sentence about what was written.

    `kinds`: of takeovers, with commas between; `start`: an RFC 3339 time. ValueError where one is not known or no time.
    """
    wanted = tuple(kind.strip() for kind in kinds.split(",") if kind.strip())
    plan = Plan(seed, _moment(start) if start else start_of(seed), days, IPS, mailboxes, takeovers, wanted)
    done = write(folder, plan)
    (folder / "relaywarden.toml").write_text(configuration_of(folder, plan.ips, done.networks))
    return (
        f"{folder}: {done.mails} mails, {done.logins} logins, {done.complaints} complaints, "
        f"{len(done.takeovers)} takeovers (labels.jsonl)"
    )


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"--start: {text!r} is no RFC 3339 time") from error
    if moment.tzinfo is None:
        raise ValueError(f"--start: {text!r} lacks a zone; put Z behind it for UTC")
    return round(moment.timestamp() * 1_000_000)


def main() -> int:
    """Play the hoster until SIGTERM: serve its DNSBL zones, write its logs, drop its feedback reports."""
    from embedded.zones import Zones  # noqa: PLC0415 only this process serves DNS

    parser = argparse.ArgumentParser(prog="python -m embedded.demo")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--socketmap-port", type=int, required=True)
    parser.add_argument("--dns-port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    socketmap = ("127.0.0.1", given.socketmap_port)
    stage = Stage(given.folder, IPS, socketmap, given.seed, first_takeover_seconds=9.0, takeover_seconds=34.0)
    with Zones(
        port=given.dns_port,
        zones=tuple(ZONES.values()),
        relays=HOSTS,
        records=customer_domains.records(IPS),
        others=customer_domains.zones(),
    ) as zones:
        Show(stage, zones).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
