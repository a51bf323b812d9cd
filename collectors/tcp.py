"""One question by TCP: for what a datagram could not hold, or did not prove."""

import asyncio
import os
from contextlib import suppress

from collectors import dnswire


async def by_tcp(place: tuple[str, int], asked: bytes) -> bytes:
    """Return the reply to a question. OSError or EOFError where there is none, ValueError where it does not fit."""
    reader, writer = await asyncio.open_connection(*place)
    try:
        ident = os.urandom(2)
        question = ident + dnswire.HEAD + asked
        writer.write(len(question).to_bytes(2) + question)
        wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    if wire[:2] != ident or not dnswire.fits(wire, asked) or dnswire.is_truncated(wire):
        raise ValueError("a reply that does not fit the question")
    return wire
