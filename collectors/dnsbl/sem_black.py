"""Spam Eating Monkey SEM-BLACK: IPs that sent to spamtraps, and some by policy.

Manual: https://spameatingmonkey.com/services
Pace: https://spameatingmonkey.com/faq.html
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="sem_black",
    zone="bl.spameatingmonkey.net",
    operator="Spam Eating Monkey",
    weight=0.4,
    listed={
        "127.0.0.2": "sent to a spamtrap of Spam Eating Monkey",
    },
    removal="https://spameatingmonkey.com/lookup",
    lasts_hours=360,
    queries_a_day=100000,
)
