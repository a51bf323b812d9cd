"""UCEPROTECT Level 3: all of a provider's addresses; the operator sells faster removal.

Policy: https://www.uceprotect.net/en/index.php?m=3&s=5
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="uceprotect_3",
    zone="dnsbl-3.uceprotect.net",
    operator="UCEPROTECT",
    weight=0.05,
    scope="as",
    listed={
        "127.0.0.2": "in the network of a provider with many spam sources",
    },
    removal="https://www.uceprotect.net/en/rblcheck.php",
    seen="2024-07",
    lasts="while enough of the provider's addresses are on Level 1",
)
