"""Why the system refuses an address."""

import os


def words_of(error: OSError) -> str:
    """Return the system's own words: the standard library adds the address to some of them."""
    number = error.errno or 0
    return os.strerror(number) if number > 0 else str(error.strerror or error)
