"""What is given on a command line of `bench`."""

from argparse import ArgumentTypeError


def positive(text: str) -> int:
    """Return a whole number of one at least. ArgumentTypeError names what is none."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number of one at least")
    return int(text)
