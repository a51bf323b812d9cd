"""abuse.ro URIBL: domains advertised in spam.

Codes: https://abuse.ro
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="abuse_ro_uri",
    zone="uribl.abuse.ro",
    operator="abuse.ro",
    weight=0.0,
    listed={
        "127.0.0.2": "advertised in much spam",
        "127.0.0.4": "advertised in spam",
        "127.0.0.9": "name of a dynamic DNS service",
    },
    removal="mailto:admin@abuse.ro",
    kind="domain",
    seen="2024-11",
)
