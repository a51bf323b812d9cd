"""abuse.ro PBL: ranges of home connections; a listing is a mistake about our range, no spam.

Codes: https://abuse.ro
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="abuse_ro_pbl",
    zone="pbl.abuse.ro",
    operator="abuse.ro",
    weight=0.1,
    scope="network",
    listed={
        "127.0.0.9": "in a range of home connections",
    },
    removal="mailto:admin@abuse.ro",
    seen="2024-11",
)
