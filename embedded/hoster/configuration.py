"""The configuration that fits a written history: its logs, its Maildir, its pool and its customers' networks."""

from pathlib import Path

import tomli_w


def configuration(folder: Path, ips: dict[str, str], networks: dict[str, str]) -> str:
    """Return the TOML text; paths are absolute, so that it works from anywhere."""
    here = folder.absolute()
    return tomli_w.dumps(
        {
            "data": str(here / "state"),
            "clickhouse": {"keep_days": 10_000},
            "mta": {
                "mx1": {"format": "postfix", "log": str(here / "mail.log"), "host": "mx1"},
                "rspamd": {"format": "rspamd", "log": str(here / "rspamd.log"), "host": "mx1"},
            },
            "logins": {"imap1": {"format": "dovecot", "log": str(here / "dovecot.log"), "host": "mx1"}},
            "complaints": {"fbl": {"format": "arf", "maildir": str(here / "complaints")}},
            "networks": networks,
            "dnsbl": {"lists": ["spamhaus_zen", "spamcop"]},
            "pool": {"main": {"transports": ips, "min_active": max(1, len(ips) // 2)}},
        }
    )
