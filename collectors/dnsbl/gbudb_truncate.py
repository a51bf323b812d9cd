"""GBUdb Truncate: IPv4 hosts of which the Message Sniffer network sees nothing but spam.

Policy and code: https://www.suped.com/learn/blocklists/gbudb-truncate-dnsbl
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="gbudb_truncate",
    zone="truncate.gbudb.net",
    operator="GBUdb (ARM Research Labs)",
    weight=0.2,
    listed={
        "127.0.0.2": "nothing but spam comes from it",
    },
    no_removal="entries come and go by themselves",
    seen="2026-06",
    lasts="some days after the last spam",
)
