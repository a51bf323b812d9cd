"""Performs `DnsAddresses`: one signed update over TCP, its answer looked at, and the name asked for afterwards."""

from base64 import b64decode
from ipaddress import ip_address

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.update

from schemas.names import canonical_ip
from streams.deeds import DnsAddresses
from streams.effects import EffectError
from streams.hook_secrets import secret_of

_KINDS = {4: "A", 6: "AAAA"}


def bring(effect: DnsAddresses) -> None:
    """Replace the addresses. EffectError says why the name has others afterwards."""
    name = dns.name.from_text(effect.name)
    update = dns.update.UpdateMessage(dns.name.from_text(effect.zone))
    for version, kind in _KINDS.items():
        update.delete(name, kind)
        for ip in effect.addresses:
            if ip_address(ip).version == version:
                update.add(name, effect.ttl, kind, ip)
    _asked(effect, update)
    found = differs(effect)
    if found:
        raise EffectError(f"{_place(effect)}: {found}")


def differs(effect: DnsAddresses) -> str:
    """Return in words which addresses the primary gives instead, or "". EffectError where it cannot be asked."""
    there: set[tuple[str, int]] = set()
    for kind in _KINDS.values():
        answer = _asked(effect, dns.message.make_query(effect.name, kind))
        there |= {
            (canonical_ip(record.to_text()), rrset.ttl)
            for rrset in answer.answer
            if rrset.rdtype == dns.rdatatype.from_text(kind)
            for record in rrset
        }
    if there == {(ip, effect.ttl) for ip in effect.addresses}:
        return ""
    held = ", ".join(f"{ip} (TTL {ttl})" for ip, ttl in sorted(there)) or "no address"
    return f"{effect.name} has {held} instead of {', '.join(effect.addresses)} (TTL {effect.ttl})"


def _asked(effect: DnsAddresses, message: dns.message.Message) -> dns.message.Message:
    """Return the primary's signed answer. EffectError where there is none, or it refuses."""
    secret = secret_of(effect.secret)
    try:
        b64decode(secret, validate=True)
    except ValueError as error:
        raise EffectError(f"{effect.secret.setting}: is no key in base64") from error
    keyring = dns.tsigkeyring.from_text({effect.key: secret})
    message.use_tsig(keyring, algorithm=dns.name.from_text(effect.algorithm))
    try:
        answer = dns.query.tcp(message, effect.server, effect.timeout_seconds, effect.port)
    except (dns.exception.DNSException, OSError, EOFError) as error:
        raise EffectError(f"{_place(effect)}: {error or type(error).__name__}") from error
    if answer.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        raise EffectError(f"{_place(effect)}: {effect.name}: {dns.rcode.to_text(answer.rcode())}")
    if not answer.had_tsig:
        raise EffectError(f"{_place(effect)}: the answer is not signed")
    return answer


def _place(effect: DnsAddresses) -> str:
    return f"{effect.server} port {effect.port}"
