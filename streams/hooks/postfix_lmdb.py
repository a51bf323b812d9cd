"""The table of 100 slots as an LMDB file: Postfix reads its new rows without a reload.

    sender_dependent_default_transport_maps =
        pipemap:{randmap:{00,01,…,99},lmdb:/etc/postfix/relaywarden-pool}

An LMDB table is replaced in one transaction, and each look-up of Postfix is one of its own: it sees the old rows or the
new ones. What is withdrawn for one provider only, it cannot express.

Manual: https://www.postfix.org/lmdb_table.5.html
"""

from schemas.pool_hooks import LmdbHook
from streams.deeds import Expect, Run, WriteFile
from streams.hooks import ActiveSet, Effect
from streams.hooks.postfix_randmap import HEAD, table

_POSTMAP_SECONDS = 30.0


def effects(active: ActiveSet, settings: LmdbHook) -> tuple[Effect, ...]:
    """Return the text, its building, and the reading back of what was built, in this order."""
    place = f"lmdb:{settings.path}"
    return (
        WriteFile(path=str(settings.path), content=HEAD + table(active, settings.answers, " ")),
        Run(command=(*settings.postmap, place), timeout_seconds=_POSTMAP_SECONDS),
        Expect(
            command=(*settings.postmap, "-s", place),
            output=table(active, settings.answers, "\t"),
            timeout_seconds=_POSTMAP_SECONDS,
        ),
    )
