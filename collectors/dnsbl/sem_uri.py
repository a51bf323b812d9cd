"""Spam Eating Monkey SEM-URI: domains found in mail to its spamtraps.

Policy: https://www.suped.com/learn/blocklists/spam-eating-monkey-sem-uri
Test points: https://spameatingmonkey.com/faq.html
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="sem_uri",
    zone="uribl.spameatingmonkey.net",
    operator="Spam Eating Monkey",
    weight=0.0,
    listed={
        "127.0.0.2": "found in mail to spamtraps",
    },
    removal="https://spameatingmonkey.com/lookup",
    lasts_hours=720,
    queries_a_day=100000,
    kind="domain",
    must="_dnsbl_.test",
    must_not="_dnsblneg_.test",
)
