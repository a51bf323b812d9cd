"""Relaying network: an infected PC at a customer who relays by address sends through us, without any login."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from embedded.hoster.activity import Activity, Mail
from embedded.hoster.population import SPAMMED, living
from embedded.hoster.takeovers import Theft
from embedded.hoster.takeovers._loot import SpamList, moments, some

HOURS = (0.3, 60.0)
MAILS = (200, 6000)
VICTIMS = ("relay_network",)


def activity(theft: Theft) -> Iterator[Activity]:
    """Yield the spam, from another address of the network or from the one that all share, with changing senders."""
    rng = theft.rng
    machine = str(IPv4Network(theft.resident.network)[2 if rng.random() < 0.3 else rng.randint(5, 14)])
    spam, each = SpamList(theft), some(rng, (1, 1), (1, 5), (1, 20))
    senders = rng.choice(("own", "forged", "forged", "random"))
    domain = rng.choice(SPAMMED)
    for at in moments(theft):
        mail = spam.mail(at, machine, rng.randint(*each), "relay")
        sender = f"person{rng.randint(0, 99)}@{theft.resident.mailbox}.example"
        if senders != "own":
            local = living(rng.getrandbits(30)).address.partition("@")[0]
            sender = f"{local}@{domain if senders == 'forged' else rng.choice(SPAMMED)}"
        yield Mail(
            mail.at, mail.mailbox, mail.client_ip, mail.recipients, mail.kind, mail.size, "relay", sender,
            complaints=mail.complaints,
        )  # fmt: skip
