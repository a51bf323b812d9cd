"""Abusix policy: all of IPv4 whose reverse DNS is generic or absent, until somebody asks; no spam, a fault of our DNS.

Zone and codes: https://docs.abusix.com/ami-production-zones/policy
Free volume: https://mxio.io/blacklists/abusix
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="abusix_policy",
    zone="{key}.dynamic.mail.abusix.zone",
    operator="Abusix",
    weight=0.2,
    listed={
        "127.0.0.11": "policy: generic reverse DNS",
        "127.0.0.12": "policy: no reverse DNS",
    },
    removal="https://lookup.abusix.com/",
    needs="a key (free up to 5,000 questions a day)",
    queries_a_day=5000,
    key_env="RELAYWARDEN_ABUSIX_KEY",
    lasts="until somebody asks",
)
