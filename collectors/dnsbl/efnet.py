"""EFnet RBL: hosts barred from an IRC network: open proxies, Tor exits, drones; hardly used for mail.

Codes: https://rbl.efnetrbl.org/
Policy: https://whoisping.com/rbl_details/26
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="efnet",
    zone="rbl.efnetrbl.org",
    operator="EFnet",
    weight=0.05,
    listed={
        "127.0.0.1": "open proxy",
        "127.0.0.2": "spamtrap: spreads viruses",
        "127.0.0.3": "spamtrap: likely spreads viruses",
        "127.0.0.4": "Tor exit",
        "127.0.0.5": "drone, or listed by hand",
    },
    removal="https://rbl.efnetrbl.org/",
    lasts_hours=168,
)
