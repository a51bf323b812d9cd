"""DroneBL: abused hosts (drones, open proxies, brute force), one code for each class.

Classes: https://dronebl.org/classes
How long entries last: https://mxio.io/blacklists/dronebl
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="dronebl",
    zone="dnsbl.dronebl.org",
    operator="DroneBL",
    weight=0.5,
    listed={
        "127.0.0.3": "IRC drone",
        "127.0.0.5": "bottler",
        "127.0.0.6": "unknown worm or spambot",
        "127.0.0.7": "DDoS drone",
        "127.0.0.8": "open SOCKS proxy",
        "127.0.0.9": "open HTTP proxy",
        "127.0.0.10": "proxy chain",
        "127.0.0.11": "web page proxy",
        "127.0.0.12": "open DNS resolver",
        "127.0.0.13": "brute force attacker",
        "127.0.0.14": "open WinGate proxy",
        "127.0.0.15": "compromised router or gateway",
        "127.0.0.16": "autorooting worm",
        "127.0.0.17": "botnet member found by a program",
        "127.0.0.18": "host that poses as DNS or MX on IRC",
        "127.0.0.19": "abused VPN",
        "127.0.0.255": "abuse of another kind",
    },
    good={
        "127.0.0.1": "testing class, no listing",
        "127.0.0.2": "sample data, no listing",
    },
    ipv6=True,
    removal="https://dronebl.org/lookup",
    lasts="until somebody asks",
)
