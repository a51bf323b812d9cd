"""Hostkarma: one zone of several colours, of which only black and brown blame the IP.

Manual: https://wiki.junkemailfilter.com/index.php/Spam_DNS_Lists
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="hostkarma",
    zone="hostkarma.junkemailfilter.com",
    operator="Junk Email Filter",
    weight=0.3,
    listed={
        "127.0.0.2": "black: spam source",
        "127.0.0.4": "brown: nearly only spam",
    },
    good={
        "127.0.0.1": "white: trusted",
        "127.0.0.3": "yellow: spam and good mail, never to be blocked",
        "127.0.0.5": "never to be blocked",
    },
    removal="https://ipadmin.junkemailfilter.com/remove.php",
)
