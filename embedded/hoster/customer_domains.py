"""What some of the town's customers publish in the DNS: one all that he should, each other lacks something else."""

from collections.abc import Mapping

SELECTOR = "relay1"
SPF_INCLUDE = "spf.relay.example"
UNTOLD = "customer6.example"
"""A customer's domain that the demo's name server knows nothing of: it stays unknown."""

_KEY = '"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="'  # the example of RFC 8463
_SPF = f'"v=spf1 include:{SPF_INCLUDE} -all"'
_DMARC = '"v=DMARC1; p=reject; rua=mailto:dmarc@DOMAIN"'
_IN_ORDER = {"spf": _SPF, "dkim": _KEY, "dmarc": _DMARC}
_PUBLISHED: Mapping[str, Mapping[str, str]] = {
    "customer0.example": _IN_ORDER,
    "customer1.example": {**_IN_ORDER, "dmarc": ""},
    "customer2.example": {**_IN_ORDER, "spf": '"v=spf1 mx -all"'},
    "customer3.example": {**_IN_ORDER, "dkim": '"v=DKIM1; k=ed25519; p="'},
    "customer4.example": {},
    "customer5.example": {**_IN_ORDER, "spf": '"v=spf1 include:spf.relay.example +all"'},
}
DOMAINS = (*_PUBLISHED, UNTOLD)
ABOVE = "_dmarc.example"


def zones() -> tuple[str, ...]:
    """Return the zones to serve: each domain, and the name above all where DMARC looks, too."""
    return (*_PUBLISHED, ABOVE)


def records(ips: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the records of each name; our include permits the relays' IPs."""
    found = {SPF_INCLUDE: {"TXT": f'"v=spf1 {" ".join(f"ip4:{ip}" for ip in ips.values())} -all"'}}
    for domain, published in _PUBLISHED.items():
        found[domain] = {"MX": f"10 mx.{domain}."}
        found[f"mx.{domain}"] = {"A": "198.51.100.25"}
        if published.get("spf"):
            found[domain]["TXT"] = published["spf"]
        if published.get("dkim"):
            found[f"{SELECTOR}._domainkey.{domain}"] = {"TXT": published["dkim"]}
        if published.get("dmarc"):
            found[f"_dmarc.{domain}"] = {"TXT": published["dmarc"].replace("DOMAIN", domain)}
    return found
