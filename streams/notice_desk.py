"""Notices on the command line: how one would read, a test mail, and what was sent."""

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.mailbox_hooks import ADDRESS, CustomerMailHook
from schemas.moments import rfc3339
from schemas.names import derived_id, domain_of
from schemas.settings import Settings
from streams.notice_files import texts
from streams.notices import LANGUAGES, TEMPLATES, Language, Notice, Template
from streams.notices.addressing import Addressing
from streams.notices.examples import example, examples
from streams.notices.letter import letter
from streams.notices.rendering import Renderer
from streams.operating import now
from streams.smtp import handed_over

_MOST_ROWS = 1000
_NOTICES = (
    "SELECT at AS time, mailbox, customer, recipient, template, language, status, reply, message_id"
    " FROM mailbox_signals FINAL WHERE type = 'notice_sent' AND %(mailbox)s IN ('', mailbox)"
    " ORDER BY at DESC, id LIMIT %(most)s"
)


def hook_of(settings: Settings) -> CustomerMailHook:
    """Return the configured hook. ValueError where there is none."""
    hook = settings.mailboxes.hooks.customer_mail
    if hook is None:
        raise ValueError("mailboxes.hooks.customer_mail: no mails to customers are configured")
    return hook


def faults(hook: CustomerMailHook) -> list[str]:
    """Return what is wrong with the templates of a configuration."""
    try:
        return Renderer(texts(hook.templates), hook).wrong(examples())
    except ValueError as error:
        return [str(error)]


def template_of(text: str) -> Template:
    """Return a template's name. ValueError lists those that exist."""
    for template in TEMPLATES:
        if text == template:
            return template
    raise ValueError(f"--template {text!r}: there are {', '.join(TEMPLATES)}")


def language_of(text: str) -> Language:
    """Return a language. ValueError lists those that exist."""
    for language in LANGUAGES:
        if text == language:
            return language
    raise ValueError(f"--language {text!r}: there are {', '.join(LANGUAGES)}")


def preview(settings: Settings, mailbox: str, template: str, language: str) -> dict[str, str]:
    """Return a mail about a mailbox, with made-up reasons, as its parts; `problem` says who cannot be told, and why.

    ValueError where a template cannot be filled in.
    """
    hook = hook_of(settings)
    to = Addressing(settings, hook).of(mailbox)
    chosen = language_of(language) if language else to.language
    notice = example(mailbox, to.recipient, chosen, template_of(template))
    words = Renderer(texts(hook.templates), hook).words(msgspec.structs.replace(notice, since=now()))
    return {
        "mailbox": mailbox,
        "customer": to.customer,
        "to": to.recipient,
        "problem": to.problem,
        "language": chosen,
        "subject": words.subject,
        "text": words.text,
        "html": words.html,
    }


def send_example(settings: Settings, recipient: str, template: str, language: str) -> dict[str, str]:
    """Send one example to an address, and return how it ended. ValueError where it is no address.

    OSError, with the server's words, where the server does not take it.
    """
    hook = hook_of(settings)
    if not ADDRESS.fullmatch(recipient):
        raise ValueError(f"{recipient!r} is no mail address")
    at = now()
    notice: Notice = example(
        "example@example.net", recipient, language_of(language or hook.language), template_of(template)
    )
    named = f"<{derived_id('test', recipient, at)}@{domain_of(hook.sender)}>"
    words = Renderer(texts(hook.templates), hook).words(notice)
    mail = letter(msgspec.structs.replace(notice, message_id=named, since=at), words, hook, at)
    reply = handed_over(mail, recipient, hook.sender, hook, "mailboxes.hooks.customer_mail")
    if reply.status != "sent":
        raise OSError(f"mailboxes.hooks.customer_mail: {reply.words}")
    return {"to": recipient, "message_id": named, "reply": reply.words}


def sent(client: Client, mailbox: str) -> list[dict[str, object]]:
    """Return the newest events of mails to customers, or (unless "") about one mailbox."""
    answer = client.query(_NOTICES, parameters={"mailbox": mailbox, "most": _MOST_ROWS})
    rows = (dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows)
    return [row | {"time": rfc3339(row["time"])} for row in rows]
