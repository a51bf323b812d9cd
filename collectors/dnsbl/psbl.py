"""Passive Spam Block List: IPs that sent to spamtraps and are no known mail servers; anyone may remove an IP.

Manual: https://psbl.org/about/
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="psbl",
    zone="psbl.surriel.com",
    operator="Rik van Riel",
    weight=0.5,
    listed={
        "127.0.0.2": "sent to a spamtrap of PSBL",
    },
    removal="https://psbl.org/remove",
    lasts="until anybody asks, or a time that is not told",
)
