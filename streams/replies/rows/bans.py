"""What is banned or on a list though it is no IP: contents, senders and their domains, recipients.

These are asked early, so that general words about lists do not turn them into evidence against the IP.
"""

from streams.replies.row import Row

_NOT_US = r"(?:(?!\b(?:ips?|client|host|server|mta|0\.0\.0\.0)\b|(?<!\w)::(?!\w))[^\"])"
_MICROSOFT = "https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/"
_LISTS = r"(?:black ?list|black ?listed|block ?list|block ?listed|banned|deny ?list)"

ROWS = (
    Row(
        name="amavis_banned",
        kind="content",
        rank=0,
        words=("banned:", "- banned"),
        pattern=r".{0,120}(?:\bid=\S{1,60} - BANNED\b|\bBANNED[:(])",
        sample="554 5.7.0 Reject, id=01234-05 - BANNED: .exe,.exe-ms",
        source="https://gitlab.com/amavis/amavis/-/blob/master/README_FILES/README.customize",
    ),
    Row(
        name="microsoft_banned_account",
        kind="content",
        rank=0,
        codes=("5.7.501", "5.7.502", "5.7.503"),
        words=("access denied", "spam abuse", "banned", "spam activity"),
        pattern=r".{0,120}(?:spam abuse detected|banned sender|account has been banned|spam activity)",
        sample="550 5.7.501 Service unavailable. Access denied, spam abuse detected. The sending account has been "
        "banned due to detected spam activity.",
        source=_MICROSOFT + "fix-error-code-5-7-700-through-5-7-750",
    ),
    Row(
        name="banned_content",
        constructed=True,
        kind="content",
        rank=0,
        words=("banned", "attachment"),
        pattern=_NOT_US + r"{0,120}(?:\bbanned (?:attachment|word|phrase|content|file|extension|subject|url|link)"
        r"|\b(?:attachments?|file|extension|subject|content|phrase|word|url|link)\b" + _NOT_US + r"{0,40}\bbanned"
        r"|\bblocked\b" + _NOT_US + r"{0,60}\battachment)",
        sample="550 5.7.1 Attachment type banned",
        source="https://gitlab.com/amavis/amavis/-/blob/master/README_FILES/README.customize",
    ),
    Row(
        name="sender_on_a_list",
        constructed=True,
        kind="content",
        rank=0,
        words=("sender", "domain", "mail from", "account", "e-mail address", "email address"),
        pattern=_NOT_US
        + r"{0,120}\b(?:sender|domain|mail from|account|e-?mail address)\b"
        + _NOT_US
        + r"{0,80}\b"
        + _LISTS,
        sample="550 5.7.1 Message refused: sender is on our blacklist",
        source="https://www.postfix.org/postconf.5.html#check_sender_access",
    ),
    Row(
        name="recipient_on_a_list",
        constructed=True,
        kind="recipient",
        rank=0,
        words=("recipient", "user"),
        pattern=_NOT_US
        + r"{0,80}\b(?:recipient|user)(?: address| domain| server)? (?:is |has been |was |on |in |our |the |a )"
        r"{0,3}\b(?:" + _LISTS + r"|blocked|denied)",
        sample="550 5.1.0 recipient blacklisted",
        source="https://www.postfix.org/postconf.5.html#check_recipient_access",
    ),
)
