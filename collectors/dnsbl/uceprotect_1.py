"""UCEPROTECT Level 1: single IPs that sent to spamtraps; they leave the list a week after the last hit.

Policy: https://www.uceprotect.net/en/index.php?m=3&s=3
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="uceprotect_1",
    zone="dnsbl-1.uceprotect.net",
    operator="UCEPROTECT",
    weight=0.4,
    listed={
        "127.0.0.2": "sent to a spamtrap of UCEPROTECT",
    },
    removal="https://www.uceprotect.net/en/rblcheck.php",
    seen="2024-07",
    lasts_hours=168,
)
