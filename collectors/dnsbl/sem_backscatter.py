"""Spam Eating Monkey SEM-BACKSCATTER: hosts that sent bounces to spamtraps; a fault of the set-up, no spam source.

Lists: https://spameatingmonkey.com/lists.html
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="sem_backscatter",
    zone="backscatter.spameatingmonkey.net",
    operator="Spam Eating Monkey",
    weight=0.1,
    listed={
        "127.0.0.2": "sent bounces to spamtraps",
    },
    no_removal="entries end by themselves",
    lasts_hours=360,
    queries_a_day=100000,
)
