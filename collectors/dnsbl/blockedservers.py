"""BLOCKEDSERVERS: hosts taken for sources of spam or scans.

Its operator documents no meaning per code, so every code says listed:
https://www.suped.com/learn/blocklists/blockedservers-blocklist-rbl
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="blockedservers",
    zone="rbl.blockedservers.com",
    operator="BLOCKEDSERVERS",
    weight=0.1,
    listed={},
    other="listed",
    removal="https://www.blockedservers.com/",
    seen="2026-06",
    lasts="until somebody asks",
)
