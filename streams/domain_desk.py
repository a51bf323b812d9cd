"""The customers' domains for the command line: the newest look at each, and the report to a customer."""

from collections.abc import Sequence
from importlib import resources

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.domain_events import FAILING, CustomerDomainChecked
from schemas.domain_list import Listed
from schemas.moments import rfc3339
from schemas.settings import Settings
from streams import domainreport
from streams.domainreport import Report
from streams.notices import LANGUAGES, Language
from streams.notices.paragraphs import Words

_NEWEST = """SELECT type, id, at, domain, customer, outcome, mx, spf, dkim, dmarc, checks, questions
FROM domain_checks
WHERE (domain, at, id) IN
(
    SELECT domain, place.1, place.2
    FROM (SELECT domain, max((at, id)) AS place FROM domain_checks WHERE at > {since:Int64} GROUP BY domain)
)
LIMIT 1 BY domain"""
_FAILING = """SELECT countIf(newest IN ('fail', 'absent')), count() FROM
(SELECT argMax(outcome, (at, id)) AS newest FROM domain_checks WHERE at > {since:Int64} GROUP BY domain)"""
_LOOK: msgspec.json.Decoder[CustomerDomainChecked] = msgspec.json.Decoder(CustomerDomainChecked)


def since(settings: Settings, now: int) -> int:
    """Return from when on a look counts: what was seen before three intervals is not known any more."""
    return now - settings.domains.known_for


def newest(client: Client, settings: Settings, now: int) -> dict[str, CustomerDomainChecked]:
    """Return the newest look at each domain within three intervals."""
    text = client.raw_query(
        _NEWEST,
        parameters={"since": since(settings, now)},
        fmt="JSONEachRow",
        settings={"output_format_json_quote_64bit_integers": 0, "output_format_json_named_tuples_as_objects": 1},
    )
    looks = map(_LOOK.decode, text.splitlines())
    return {look.domain: look for look in looks}


def failing(client: Client, settings: Settings, now: int) -> tuple[int, int]:
    """Return how many domains fail by their newest look, and of how many."""
    ((wrong, known),) = client.query(_FAILING, parameters={"since": since(settings, now)}).result_rows
    return int(wrong), int(known)


def rows(listed: Sequence[Listed], looks: dict[str, CustomerDomainChecked]) -> list[dict[str, object]]:
    """Return a row a domain; of one that was never looked at nothing is said but that."""
    return [_row(each, looks.get(each.domain)) for each in listed]


def _row(listed: Listed, look: CustomerDomainChecked | None) -> dict[str, object]:
    if look is None:
        nothing = dict.fromkeys(("mx", "spf", "dkim", "dmarc", "checked", "wrong"), "")
        return {"domain": listed.domain, "customer": listed.customer, "outcome": "not yet checked", **nothing}
    wrong = " ".join(each.text for each in look.checks if each.outcome in {*FAILING, "unknown"})
    return {
        "domain": listed.domain,
        "customer": listed.customer,
        "outcome": look.outcome or "nothing to check",
        **{name: getattr(look, name) or "not asked" for name in ("mx", "spf", "dkim", "dmarc")},
        "checked": rfc3339(look.at),
        "wrong": wrong,
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
