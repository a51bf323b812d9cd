"""Abusix Guardian Mail, combined: the lists black, exploit and policy in one answer.

Zones and codes: https://docs.abusix.com/docs/guardian-mail/production-zones
Free volume: https://mxio.io/blacklists/abusix
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="abusix_combined",
    zone="{key}.combined.mail.abusix.zone",
    operator="Abusix",
    weight=0.7,
    listed={
        "127.0.0.2": "black: sent to a spamtrap",
        "127.0.0.3": "black: very low reputation, or a neighbour of hosts that hit spamtraps",
        "127.0.0.200": "black: listed by hand for a long time",
        "127.0.0.4": "exploit: speaks SMTP as infected or abused hosts do",
        "127.0.0.11": "policy: generic reverse DNS",
        "127.0.0.12": "policy: no reverse DNS",
    },
    ipv6=True,
    removal="https://lookup.abusix.com/",
    needs="a key (free up to 5,000 questions a day)",
    queries_a_day=5000,
    key_env="RELAYWARDEN_ABUSIX_KEY",
    includes=(
        "abusix_black",
        "abusix_exploit",
        "abusix_policy",
    ),
    seen="2026-06",
    lasts="as in the list it comes from",
)
