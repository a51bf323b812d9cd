"""The customers' domains for the command line: the newest look at each, and the report to a customer."""

from collections.abc import Sequence
from importlib import resources

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.domain_events import CustomerDomainChecked, DomainEvent, DomainOutcome
from schemas.domain_list import Listed
from schemas.moments import rfc3339
from schemas.settings import Settings
from streams import domainreport
from streams.domainreport import Report
from streams.notices import LANGUAGES, Language
from streams.notices.paragraphs import Words

_NEWEST = """(domain, at) IN (SELECT domain, max(at) FROM domain_checks WHERE at > {since:Int64} GROUP BY domain)
  AND type = 'customer_domain_checked'"""
_SEEN = f"SELECT domain, at, outcome, mx, spf, dkim, dmarc, wrong FROM domain_checks WHERE {_NEWEST} LIMIT 1 BY domain"  # noqa: S608 our own text
_FAILING = f"""SELECT countIf(outcome IN ('fail', 'absent')), count() FROM
(SELECT outcome FROM domain_checks WHERE {_NEWEST} LIMIT 1 BY domain)"""  # noqa: S608 likewise
_LOOKS = """SELECT type, id, at, domain, customer, outcome, mx, spf, dkim, dmarc, checks, questions FROM domain_checks
WHERE type IN ('customer_domain_checked', 'customer_domain_removed') AND domain IN {domains:Array(String)}
  AND at > {since:Int64} ORDER BY at DESC, id DESC LIMIT 1 BY domain"""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """What the newest look at a domain came to, and what does not pass, in words."""

    domain: str
    at: int
    outcome: DomainOutcome
    mx: DomainOutcome
    spf: DomainOutcome
    dkim: DomainOutcome
    dmarc: DomainOutcome
    wrong: str


_NUMBERS = {"output_format_json_quote_64bit_integers": 0}
_NAMES = {"output_format_json_named_tuples_as_objects": 1}
_ROW: msgspec.json.Decoder[Seen] = msgspec.json.Decoder(Seen)
_LOOK: msgspec.json.Decoder[DomainEvent] = msgspec.json.Decoder(DomainEvent)


def since(settings: Settings, now: int) -> int:
    """Return from when on a look counts: what was seen before three intervals is not known any more."""
    return now - settings.domains.known_for


def seen(client: Client, settings: Settings, now: int) -> dict[str, Seen]:
    """Return what the newest look at each domain came to, of those within three intervals."""
    text = client.raw_query(
        _SEEN, parameters={"since": since(settings, now)}, fmt="JSONCompactEachRow", settings=_NUMBERS
    )
    return {each.domain: each for each in _ROW.decode_lines(text)}


def looks(client: Client, settings: Settings, names: Sequence[str], now: int) -> dict[str, CustomerDomainChecked]:
    """Return the newest look at each of some domains, where it is within three intervals."""
    values = {"domains": list(names), "since": since(settings, now)}
    text = client.raw_query(_LOOKS, parameters=values, fmt="JSONEachRow", settings=_NUMBERS | _NAMES)
    return {each.domain: each for each in _LOOK.decode_lines(text) if isinstance(each, CustomerDomainChecked)}


def failing(client: Client, settings: Settings, now: int) -> tuple[int, int]:
    """Return how many domains fail by their newest look, and of how many."""
    ((wrong, known),) = client.query(_FAILING, parameters={"since": since(settings, now)}).result_rows
    return int(wrong), int(known)


def rows(listed: Sequence[Listed], found: dict[str, Seen]) -> list[dict[str, object]]:
    """Return a row a domain; of one that was never looked at nothing is said but that."""
    return [_row(each, found.get(each.domain)) for each in listed]


def _row(listed: Listed, look: Seen | None) -> dict[str, object]:
    if look is None:
        nothing = dict.fromkeys(("mx", "spf", "dkim", "dmarc", "checked", "wrong"), "")
        return {"domain": listed.domain, "customer": listed.customer, "outcome": "not yet checked", **nothing}
    return {
        "domain": listed.domain,
        "customer": listed.customer,
        "outcome": look.outcome or "nothing to check",
        **{name: getattr(look, name) or "not asked" for name in ("mx", "spf", "dkim", "dmarc")},
        "checked": rfc3339(look.at),
        "wrong": look.wrong,
    }


def language_of(text: str) -> Language:
    """Return a language. ValueError lists those that exist."""
    for language in LANGUAGES:
        if text == language:
            return language
    raise ValueError(f"--lang {text!r}: there are {', '.join(LANGUAGES)}")


def report(
    settings: Settings, customer: str, listed: Sequence[Listed], looks: dict[str, CustomerDomainChecked], language: str
) -> Words:
    """Return the report to a customer about his domains. ValueError where there is no such customer or language."""
    own = [each for each in listed if each.customer == customer]
    if not own:
        raise ValueError(f"--customer {customer!r}: no domain is his, by [customers] or the file of [domains]")
    configured, hook = settings.customers.get(customer), settings.mailboxes.hooks.customer_mail
    usual = (configured.language if configured else "") or (hook.language if hook else "en")
    return domainreport.said(
        Report(
            customer=customer,
            language=language_of(language or usual),
            looks=tuple(looks[each.domain] for each in own if each.domain in looks),
            unseen=tuple(each.domain for each in own if each.domain not in looks),
            company=hook.company if hook else "",
            support=hook.support if hook else "",
        ),
        texts(),
    )


def texts() -> dict[str, str]:
    """Return the templates of the report by their names."""
    folder = resources.files("streams.domainreport") / "templates"
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file()}
