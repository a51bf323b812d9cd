"""blocklist.de: hosts that attacked a partner's server in the last 48 hours; the code tells the service attacked.

Manual: https://www.blocklist.de/en/rbldns.html
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="blocklist_de",
    zone="bl.blocklist.de",
    operator="blocklist.de",
    weight=0.4,
    listed={
        "127.0.0.2": "attack reported by the service amavis",
        "127.0.0.3": "attack reported by the service apacheddos",
        "127.0.0.4": "attack reported by the service asterisk",
        "127.0.0.5": "attack reported by the service badbot",
        "127.0.0.6": "attack reported by the service ftp",
        "127.0.0.7": "attack reported by the service imap",
        "127.0.0.8": "attack reported by the service ircbot",
        "127.0.0.9": "attack reported by the service mail",
        "127.0.0.10": "attack reported by the service pop3",
        "127.0.0.11": "attack reported by the service regbot",
        "127.0.0.12": "attack reported by the service rfi-attack",
        "127.0.0.13": "attack reported by the service sasl",
        "127.0.0.14": "attack reported by the service ssh",
        "127.0.0.15": "attack reported by the service w00tw00t",
        "127.0.0.16": "attack reported by the service portflood",
        "127.0.0.17": "attack reported by the service sql-injection",
        "127.0.0.18": "attack reported by the service webmin",
        "127.0.0.19": "attack reported by the service trigger-spam",
        "127.0.0.20": "attack reported by the service manual",
        "127.0.0.21": "attack reported by the service bruteforcelogin",
        "127.0.0.22": "attack reported by the service mysql",
    },
    removal="https://www.blocklist.de/en/delist.html",
    lasts_hours=48,
)
