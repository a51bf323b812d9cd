"""Addresses between angle brackets, as envelopes have them: a quoted local part may hold anything, brackets too."""

ADDRESS = r'(?:"(?:[^"\\]|\\.)*+"[^>]*+|[^>"]*+)'
"""A pattern (without a group) of what stands between `<` and `>`: linear, and never past the bracket that closes it."""
