"""Spam Eating Monkey SEM-IPV6BL: the /64 networks of IPv6 that sent to its spamtraps.

News of 26 February 2010: https://spameatingmonkey.com/
Code and test points: https://spameatingmonkey.com/faq.html
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="sem_ipv6",
    zone="bl.ipv6.spameatingmonkey.net",
    operator="Spam Eating Monkey",
    weight=0.3,
    scope="network",
    listed={
        "127.0.0.2": "in a /64 that sent to a spamtrap",
    },
    ipv4=False,
    ipv6=True,
    removal="https://spameatingmonkey.com/lookup",
    queries_a_day=100000,
)
