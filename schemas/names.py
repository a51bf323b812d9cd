"""Canonical names: one string for one IP, mailbox, provider, partition and event id."""

import ipaddress
import re
from hashlib import blake2b
from zlib import crc32

_PROVIDERS = {
    "google.com": "google",
    "googlemail.com": "google",
    "gmail.com": "google",
    "outlook.com": "microsoft",
    "hotmail.com": "microsoft",
    "live.com": "microsoft",
    "msn.com": "microsoft",
    "yahoodns.net": "yahoo",
    "yahoo.com": "yahoo",
    "aol.com": "yahoo",
    "gmx.net": "united_internet",
    "gmx.de": "united_internet",
    "gmx.ch": "united_internet",
    "web.de": "united_internet",
    "t-online.de": "telekom",
    "icloud.com": "apple",
    "apple.com": "apple",
    "pphosted.com": "proofpoint",
    "mimecast.com": "mimecast",
    "iphmx.com": "cisco",
    "barracudanetworks.com": "barracuda",
    "bluewin.ch": "swisscom",
}
EMBEDDED = "embedded-"
"""How the cluster ids of the embedded broker begin; the moment of its start follows, so that they sort by it."""
_PROVIDER = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,126}")


def canonical_ip(text: str) -> str:
    """Return the one spelling of an IP address; IPv4-mapped IPv6 becomes IPv4. ValueError if it is none."""
    address = ipaddress.ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def canonical_mailbox(text: str) -> str:
    """Return the one spelling of a mailbox or login: lower case, without surrounding blanks."""
    return text.strip().lower()


def domain_of(address: str) -> str:
    """Return the domain of an address in lower case, or "" where it has none."""
    return address.rpartition("@")[2].lower().rstrip(">.") if "@" in address else ""


def is_provider(name: str) -> bool:
    """Tell whether a name can be a provider's: labels of letters, digits, hyphens and underscores, and dots between."""
    return _PROVIDER.fullmatch(name) is not None


def provider_of(relay_host: str, recipient: str) -> str:
    """Return who receives the mail: a known provider by its MX host or domain, else the recipient's domain.

    "" where that is no name: a stranger may write anything behind the @, and MTAs are told of providers.
    """
    domain = domain_of(recipient)
    for name in (relay_host.lower().rstrip("."), domain):
        labels = name.split(".")
        for start in range(max(0, len(labels) - 3), len(labels) - 1):
            known = _PROVIDERS.get(".".join(labels[start:]))
            if known:
                return known
    return domain if is_provider(domain) else ""


def suffixes_of(provider: str) -> tuple[str, ...]:
    """Return the endings of the MX hosts and domains of a known provider; none where it is just a domain."""
    return tuple(suffix for suffix, name in _PROVIDERS.items() if name == provider)


def provider_named(text: str) -> str:
    """Return the provider that a name, or one of its domains, stands for. ValueError where it is neither."""
    name = text.strip().lower()
    if name in _PROVIDERS.values():
        return name
    if "." not in name:
        known = ", ".join(sorted(set(_PROVIDERS.values())))
        raise ValueError(f"no provider {text!r}; there are {known}, and every domain")
    return provider_of("", f"@{name}")


def partition_of(sender: str, partitions: int) -> int:
    """Return the partition of a sender: CRC-32 of its name, so that every producer agrees."""
    return crc32(sender.encode()) % partitions


def source_id(*parts: object) -> str:
    """Return 16 hex digits that name a source (host, file, inode, fingerprint of its first line …)."""
    return blake2b("\0".join(map(str, parts)).encode(), digest_size=8).hexdigest()


def event_id(source: str, offset: int, number: int = 0) -> str:
    """Return the id of the `number`th event of the line at byte `offset` of a source; ids of a source sort by place."""
    many = "g" * (len(f"{number:x}") - 1)  # sorts behind every digit: `f`, then `g10`
    return f"{source}-{offset:012x}-{many}{number:x}"


def count_id(series: str, sequence: int, place: int) -> str:
    """Return the id of the count at a place of the `sequence`th ones of a series; ids of a series sort by place."""
    return f"{series}-{sequence:012x}-{place:04x}"


def opening_id(source: str) -> str:
    """Return the id of the event that opens a source: lower than that of any event of its lines."""
    return f"{source}-{0:012x}"


def source_of(identity: str) -> str:
    """Return the source of an id made by `event_id` or `opening_id`."""
    return identity[:16]


def derived_id(*parts: object) -> str:
    """Return the id of an event that follows from others: a hash of what it follows from."""
    return blake2b("\0".join(map(str, parts)).encode(), digest_size=16).hexdigest()
