"""Spam Eating Monkey SEM-FRESH15: domains registered within the last 15 days; their age, no accusation.

Policy: https://www.suped.com/learn/blocklists/spam-eating-monkey-sem-fresh15
Test points: https://spameatingmonkey.com/faq.html
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="sem_fresh",
    zone="fresh15.spameatingmonkey.net",
    operator="Spam Eating Monkey",
    weight=0.0,
    listed={
        "127.0.0.2": "registered within the last 15 days",
    },
    no_removal="a domain leaves when it is 15 days old",
    lasts="until the domain is 15 days old",
    queries_a_day=100000,
    kind="domain",
    must="_dnsbl_.test",
    must_not="_dnsblneg_.test",
    seen="2026-06",
)
