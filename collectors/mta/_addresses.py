"""Addresses between angle brackets, as envelopes have them: a quoted local part may hold anything, brackets too."""

ADDRESS = r'(?:"(?:[^"\\]|\\.)*+"[^>]*+|[^>"]*+)'
"""A pattern (without a group) of what stands between `<` and `>`: linear, and never past the bracket that closes it."""

_DOUBLE_BOUNCE = "#@[]"


def sender_of(text: str) -> str:
    """Return an envelope sender, "" for that of a notification about a notification, too (qmail's and Courier's)."""
    return "" if text == _DOUBLE_BOUNCE else text
