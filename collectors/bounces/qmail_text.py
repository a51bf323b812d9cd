"""The text of qmail ("Hi. This is the qmail-send program", QSBMF), and of those that took it over: Yahoo and others.

A recipient stands in angle brackets at a line's beginning, with a colon; why stands below.
Format: https://cr.yp.to/proto/qsbmf.txt
"""

import re

from collectors import headers
from collectors.bounced import Failed, Told
from collectors.bouncemail import ADDRESS, BounceMail, after, entries

_ANCHOR = re.compile(
    r"^(?:Hi\. This is the|I'm afraid I wasn't able to deliver|Sorry, we were unable to deliver your message"
    r"|Unable to deliver message to the following address|Your mail message to the following address"
    r"|This is the (?:Postfix program|mail system) at host|I'm sorry to have to inform you that)"
)
_HEAD = re.compile(rf"<(?P<to>{ADDRESS})>(?: \(expanded from [^()]{{1,300}}\))?:(?: +(?P<rest>\S.*))?")
_END = re.compile(r" Giving up on \S{1,100}$")
_HOST = re.compile(r"^(?:Hi\. )?This is the \S{1,40} (?:program|system) at (?:host )?(\S{1,253})\.$", re.MULTILINE)


def read(bounce: BounceMail) -> Told | None:
    """Return what such a text tells, None for any other mail. ValueError where it names no recipient.

    The first words are translated in places; the subject and how a recipient stands are not.
    """
    lines = after(bounce.lines, _ANCHOR)
    said = entries(bounce.lines if lines is None else lines, _HEAD)
    if lines is None and not (said and headers.first(bounce.mail, "Subject") == "failure notice"):
        return None
    if not said:
        raise ValueError("a bounce in the words of qmail or Postfix that names no recipient")
    host = _HOST.search(bounce.text)
    final = "permanent" in bounce.text
    failed = tuple(Failed(to, _END.sub("", reply), final=final) for to, reply in said)
    return Told(failed, host[1] if host else "")
