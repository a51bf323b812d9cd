"""One question by TCP: for what a datagram could not hold, or did not prove."""

import asyncio
import os
from contextlib import suppress

from collectors import dnswire
from collectors.dnswire import Kind, Said


async def by_tcp(place: tuple[str, int], asked: bytes, kind: Kind) -> Said:
    """Return what is said to a question. OSError or EOFError where nothing is, ValueError where it does not fit."""
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
    if wire[:2] != ident or not dnswire.fits(wire, asked):
        raise ValueError("a reply that does not fit the question")
    said = dnswire.said(wire, asked, kind)
    if said is dnswire.CUT_OFF:
        raise ValueError("a reply that is cut off, too")
    return said
