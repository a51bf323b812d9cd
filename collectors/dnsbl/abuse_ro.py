"""abuse.ro RBL: hosts and networks that sent to its spamtraps.

Codes: https://abuse.ro
Removal: https://www.suped.com/blocklists/abusero-realtime-block-list-rbl
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="abuse_ro",
    zone="rbl.abuse.ro",
    operator="abuse.ro",
    weight=0.2,
    listed={
        "127.0.0.2": "spam source",
        "127.0.0.3": "abused or infected host",
        "127.0.0.4": "in a network that sends spam",
    },
    removal="mailto:admin@abuse.ro",
    seen="2024-11",
    lasts="until the owner of the block asks",
)
