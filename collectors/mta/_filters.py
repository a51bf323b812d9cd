"""What the lines of spam filters have in common: how they write addresses and queue ids."""

# An envelope's address: blanks and brackets stand in its quotes only; one that breaks this is not read at all.
ADDRESS = r'(?:"(?:[^"\\]|\\.)*+")?[^<>" ]*+'


def queue_id_or_empty(text: str | None) -> str:
    """Return a queue id of Postfix, "" for anything else (`undef`, `0`, nothing)."""
    return text if text and 5 <= len(text) <= 24 and text.isascii() and text.isalnum() else ""  # noqa: PLR2004
