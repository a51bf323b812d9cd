"""UCEPROTECT Level 2: whole allocations with too many listed neighbours; not a verdict about the IP itself.

Policy: https://www.uceprotect.net/en/index.php?m=3&s=4
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="uceprotect_2",
    zone="dnsbl-2.uceprotect.net",
    operator="UCEPROTECT",
    weight=0.2,
    scope="network",
    listed={
        "127.0.0.2": "in a network with many spam sources",
    },
    removal="https://www.uceprotect.net/en/rblcheck.php",
    seen="2024-07",
    lasts="while enough of its neighbours are on Level 1",
)
