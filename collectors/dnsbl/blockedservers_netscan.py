"""BLOCKEDSERVERS, netscan: hosts seen to scan networks.

Its operator documents no meaning per code, so every code says listed:
https://www.suped.com/blocklists/blockedservers-netscan-blocklist
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="blockedservers_netscan",
    zone="netscan.rbl.blockedservers.com",
    operator="BLOCKEDSERVERS",
    weight=0.05,
    listed={},
    other="listed",
    removal="https://www.blockedservers.com/",
    seen="2026-06",
    lasts="until somebody asks",
)
