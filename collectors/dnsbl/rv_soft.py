"""RVS-TECH DNSBL: sources reported in the Czech Republic; entries end by themselves once the reports do.

Codes: https://www.suped.com/learn/blocklists/rv-soft-technology-rvs-tech-dnsbl
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="rv_soft",
    zone="dnsbl.rv-soft.info",
    operator="RV-SOFT Technology",
    weight=0.1,
    listed={
        "127.0.0.2": "open relay",
        "127.0.0.3": "open proxy",
        "127.0.0.4": "spam source",
        "127.0.0.5": "malware",
        "127.0.0.6": "phishing",
        "127.0.0.7": "spear phishing",
        "127.0.0.8": "fraud or hoaxes",
        "127.0.0.9": "blackmail",
        "127.0.0.10": "spam from an end user's machine",
        "127.0.0.11": "breaks the RFCs",
        "127.0.0.12": "does not heed 5xx replies",
        "127.0.0.13": "compromised: DDoS",
        "127.0.0.14": "compromised: relay",
        "127.0.0.15": "compromised: proxy",
        "127.0.0.16": "compromised: scanner",
        "127.0.0.17": "compromised: mass mailing virus",
        "127.0.0.18": "compromised: mass phishing",
        "127.0.0.19": "bad reputation",
        "127.0.0.20": "mass mailing",
    },
    no_removal="entries end by themselves",
    lasts="while reports come",
)
