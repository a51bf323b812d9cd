"""Whether each of our DKIM selectors stands in a domain, with a key that receivers accept (RFC 6376, 8301, 8463)."""

from collectors.customerdomain import dkimkey, zonefile
from collectors.customerdomain.dkimkey import Key
from collectors.customerdomain.finding import check
from collectors.customerdomain.inquiry import Answer, Inquiry
from collectors.customerdomain.wanted import Wanted
from schemas.domain_events import DomainCheck, DomainOutcome
from schemas.domain_list import Listed

_LEAST_BITS, _GOOD_BITS = 1024, 2048


async def checks(listed: Listed, wanted: Wanted, inquiry: Inquiry) -> list[DomainCheck]:
    """Return what is found of each selector; nothing where none is looked for."""
    found: list[DomainCheck] = []
    for selector in wanted.selectors_of(listed):
        name = f"{selector}._domainkey.{listed.domain}"
        target = wanted.cname_of(selector, listed.domain)
        publish = zonefile.cname(name, target) if target and target != name else ""
        found += _of(selector, name, await inquiry(name, "TXT"), publish)
    return found


def _of(selector: str, name: str, answer: Answer, publish: str) -> list[DomainCheck]:
    record = " | ".join(answer.values)

    def one(outcome: DomainOutcome, code: str, *values: str, wrong: bool = True) -> DomainCheck:
        return check(
            "dkim",
            outcome,
            code,
            name,
            *values,
            subject=selector,
            record=record if wrong else "",
            publish=publish if wrong else "",
        )

    if answer.failure:
        return [check("dkim", "unknown", "dkim_unknown", name, answer.failure, subject=selector)]
    if not answer.values:
        return [one("fail", "dkim_dangling", answer.alias) if answer.alias else one("absent", "dkim_absent")]
    if len(answer.values) > 1:
        return [one("fail", "dkim_several", str(len(answer.values)))]
    try:
        key = dkimkey.key(answer.values[0])
    except ValueError as error:
        return [one("fail", "dkim_error", str(error))]
    found = [one(*_judged(key), wrong=key.revoked or bool(key.unfit) or _is_weak(key))]
    return [*found, one("advice", "dkim_testing", wrong=False)] if key.testing and not key.revoked else found


def _judged(key: Key) -> tuple[DomainOutcome, str, str]:
    """Return the outcome and the finding of a key, with what fills in its sentence."""
    if key.revoked:
        return "fail", "dkim_revoked", ""
    if key.unfit:
        return "fail", "dkim_unfit", key.unfit
    if key.algorithm == "ed25519":
        return "pass", "dkim_key", "Ed25519"
    if _is_weak(key):
        return "fail", "dkim_weak", str(key.bits)
    if key.bits < _GOOD_BITS:
        return "advice", "dkim_short", str(key.bits)
    return "pass", "dkim_key", f"RSA {key.bits}"


def _is_weak(key: Key) -> bool:
    return key.algorithm == "rsa" and key.bits < _LEAST_BITS
