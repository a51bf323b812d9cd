"""`relaywarden reasons`: the classes of refusals in words, and what a reply is about."""

import re
from typing import Annotated

import typer

from embedded.terminal import Json, show, tell

reasons_app = typer.Typer(help="See why mails are refused, and what can be done about it.")
Tongue = Annotated[str, typer.Option("--language", "-l", help="de, en, fr or it.")]


@reasons_app.callback(invoke_without_command=True)
def reasons(context: typer.Context, language: Tongue = "en", *, as_json: Json = False) -> None:
    """List the reasons with cause and remedy; `explain` tells the one of a reply."""
    from schemas.reasons import FOR_EVER, NAMES
    from schemas.reasons import words as tongues

    if context.invoked_subcommand is not None:
        return
    words = tongues.language(language).words
    rows = [{"reason": name, "can_be_permanent": name in FOR_EVER, **words[name]._asdict()} for name in NAMES]
    show(rows, "there are no reasons", as_json=as_json)


@reasons_app.command("explain")
def reasons_explain(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A reply, with or without the MTA's words around it.")],
    language: Tongue = "en",
    status: Annotated[str, typer.Option(help="The enhanced status (dsn=), where the text has none.")] = "",
    command: Annotated[str, typer.Option(help="What was answered, if known: connect, mail, rcpt or data.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Tell the reason of a reply, whether it is permanent, its cause, and what operator and customer can do."""
    from schemas.reasons import classify
    from schemas.reasons import words as tongues

    if not text.strip():
        raise ValueError(f"the reply {text!r} is empty")
    if status and not re.fullmatch(r"[45]\.\d{1,3}\.\d{1,3}", status, re.ASCII):
        raise ValueError(f"--status {status!r} is no enhanced status of a refusal, as 5.1.1 is")
    if command not in {"", "connect", "mail", "rcpt", "data"}:
        raise ValueError(f"--command {command!r} is none of connect, mail, rcpt and data")
    told = tongues.language(language)
    reason = classify(text, status, 0, command)
    words, outlook = told.words[reason.name], tongues.outlook(reason, language)
    tell(
        {"reason": reason.name, "permanent": reason.permanent, "outlook": outlook, **words._asdict()},
        f"{words.title} ({reason.name})\n{words.cause} {outlook}\n"
        f"{told.operator}: {words.operator}\n{told.customer}: {words.customer}",
        as_json=as_json,
    )
