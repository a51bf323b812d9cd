"""Notices as they could be, for a preview, a test mail and the check of the templates."""

from collections.abc import Iterator

from schemas.facts import Evidence
from streams.notices import LANGUAGES, TEMPLATES, Language, Notice, Template

SINCE = 1_772_363_045_000_000  # 2026-03-01, 11:04:05 UTC
EVIDENCE = (
    Evidence(rule="client_networks", text="41 networks in 10 minutes, usually at most 2", value=41, usual=2, points=40),
    Evidence(rule="unknown_users", text="22% of 300 recipients unknown", value=0.22, usual=0.01, points=38),
    Evidence(rule="complaints", text="1 complaint in a day", value=1, points=25),
    Evidence(rule="burst", text="1 250 messages in an hour, usually at most 12", value=1250, usual=12, points=20),
)


def example(mailbox: str, recipient: str, language: Language, template: Template) -> Notice:
    """Return a notice about this mailbox with made-up reasons."""
    return Notice(
        mailbox=mailbox,
        recipient=recipient,
        language=language,
        template=template,
        message_id="<example@relaywarden.invalid>",
        decision="example",
        since=SINCE,
        recipients_per_hour=20 if template == "throttled" else 0,
        evidence=EVIDENCE if template != "released" else (),
    )


def examples() -> Iterator[Notice]:
    """Yield one of each template in each language, and one without reasons."""
    for language in LANGUAGES:
        for template in TEMPLATES:
            yield example("alice@example.net", "admin@example.net", language, template)
