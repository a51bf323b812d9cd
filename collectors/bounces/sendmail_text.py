"""Transcripts of a session: sendmail of all ages, and gateways that write like it.

The recipients stand below "The following addresses had", the replies in the transcript: what a server answered (`<<<`)
belongs to the recipient of the command before it (`>>>`), else to the one that the reply itself names. Sendmail 5
has no list of recipients: each stands in its reply. Postfix tells its postmaster of failed sessions alike ("Out:").
Manual: https://man.openbsd.org/OpenBSD-5.6/sendmail.8
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from collectors import headers
from collectors.bounced import Failed, Told
from collectors.bouncemail import ADDRESS, BounceMail, subject

_LIST = re.compile(
    r"-{3,5} ?The following addresses had (?:permanent |transient )?(?:non-)?(?:fatal |delivery )*(?:errors|problems)"
)
_TRANSCRIPT = re.compile(
    r"-{3,5} (?:Transcript of session follows|Non-delivered information) -{3,5}|Transcript of session follows\.$"
)
_NAMED = re.compile(
    rf"(?:>>> )?[ <\"|]{{0,3}}(?P<to>{ADDRESS})[>\"]?(?: <{ADDRESS}>)?"
    r"(?: +\[(?P<said>[^\[\]]{1,200})\])?(?: \(unrecoverable error\))?"
)
_SAID = re.compile(r"\(reason: (.{1,900})\)?")
_COMMAND = re.compile(rf">>> (?:RCPT TO|Recipient):? ?<(?P<to>{ADDRESS})>.*", re.IGNORECASE)
_POSTFIX = re.compile(r"^(?:Out: {1,2}|In: {1,2})")
_VERB = re.compile(r"[:<].*")
_TALKING = ("while talking to", "... while talking to")
_WITHIN = re.compile(rf"^[245]\d\d (?:[245]\.\d{{1,3}}\.\d{{1,3}} )?<?(?P<to>{ADDRESS})>?(?:\.\.\.|,|:)")
_MOST_REPLIES = 50
_DELAYED = re.compile(r"WARNING MESSAGE ONLY|Warning: could not send message", re.IGNORECASE)


class _Said(NamedTuple):
    """A line of a transcript: of which recipient, and in answer to which command, either "" where nothing tells it."""

    to: str
    reply: str
    command: str


def read(bounce: BounceMail) -> Told | None:
    """Return what a transcript tells, None for any other mail. ValueError where it names no recipient."""
    failed = transcribed(bounce)
    if failed is not None and not failed:
        raise ValueError("a transcript that names no recipient")
    return None if failed is None else Told(failed)


def transcribed(bounce: BounceMail) -> tuple[Failed, ...] | None:
    """Return the recipients of a transcript, None where the text holds neither their list nor a session."""
    lines = [line.strip() for line in bounce.lines]
    listed = next((at for at, line in enumerate(lines) if _LIST.match(line)), None)
    transcript = next((at for at, line in enumerate(lines) if _TRANSCRIPT.match(line)), None)
    if listed is None and transcript is None:
        return None
    named = dict(_listed(lines[listed + 1 : transcript])) if listed is not None else {}
    said = list(_transcript(lines[transcript + 1 :])) if transcript is not None else []
    named = named or {each.to: "" for each in said if each.to}
    if not named and (to := headers.address(headers.first(bounce.returned, "To"))):
        named = {to: "" if said else subject(bounce.mail)}
    owned: dict[str, list[_Said]] = {}
    for each in said:
        owned.setdefault(each.to.lower(), []).append(each)
    failed = tuple(_failed(to, reason, owned) for to, reason in named.items())
    delayed, final = _DELAYED.search(bounce.text) is not None, " permanent " in bounce.text
    return tuple(replace(each, action="delayed" if delayed else "failed", final=final) for each in failed)


def _listed(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each recipient of the list, with the reason that stands there for it."""
    to = ""
    for line in lines:
        if (named := _NAMED.fullmatch(line)) is not None:
            if to:
                yield to, ""
            to = named["to"]
            if named["said"]:
                yield to, named["said"]
                to = ""
        elif to and (said := _SAID.match(line)) is not None:
            yield to, said[1]
            to = ""
    if to:
        yield to, ""


def _transcript(lines: list[str]) -> Iterator[_Said]:
    """Yield each reply with its recipient, and the command that it answers.

    The recipient is that of the command before it, or the one that our own host's line names: to him belongs what was
    said before to nobody.
    """
    to, command = "", ""
    waiting: list[_Said] = []
    accepted: list[str] = []
    for line in (_POSTFIX.sub(_arrows, line) for line in lines):
        if line.lower().startswith(_TALKING):
            yield from waiting
            waiting, accepted, to = [], [], ""
        elif line.startswith(">>>"):
            named = _COMMAND.fullmatch(line)
            to, command = named["to"] if named else "", _VERB.sub("", line[4:])
        elif line.startswith(("<<< 2", "<<< 3")):
            accepted += [to] if to else []
        elif line.startswith("<<<"):
            waiting += [_Said(whose, line[4:], command) for whose in ([to] if to or not accepted else accepted)]
        elif line:
            within = _WITHIN.match(line)
            whose = within["to"] if within else ""
            waiting.append(_Said(whose or to, line, ""))
            if whose:
                yield from (each._replace(to=each.to or whose) for each in waiting)
                waiting, to = [], ""
    yield from waiting


def _arrows(found: re.Match[str]) -> str:
    return "<<< " if found[0].startswith("Out") else ">>> "


def _failed(to: str, reason: str, owned: dict[str, list[_Said]]) -> Failed:
    """Return what was said of a recipient: his own replies, else the reason in the list, else what nobody owns."""
    used = owned.get(to.lower()) or ([] if reason else owned.get("", []))
    command = next((each.command for each in used if each.command), "")
    return Failed(to, " ".join(each.reply for each in used[:_MOST_REPLIES]) or reason, command=command)
