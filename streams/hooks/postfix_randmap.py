"""A table of 100 slots, of which Postfix's randmap draws one per mail; a reload makes Postfix read a new table.

    sender_dependent_default_transport_maps =
        pipemap:{randmap:{00,01,…,99},texthash:/etc/postfix/relaywarden-pool.cf}

main.cf stays as it is: Postfix cannot include a file there, so randmap draws the slot's number and pipemap looks it up
in the file. What is withdrawn for one provider only, it cannot express.

Manual: https://www.postfix.org/DATABASE_README.html
"""

from schemas.pool_hooks import RandmapHook
from streams.deeds import Run, WriteFile
from streams.hooks import ActiveSet, Effect, checked
from streams.hooks._answers import answered, known
from streams.hooks._slots import drawn

RELOAD_SECONDS = 30.0
HEAD = "# Written by relaywarden hooks at each change of the pool; do not edit.\n"


def table(active: ActiveSet, answers: dict[str, str], between: str) -> str:
    """Return a line per slot: its number and what Postfix is answered."""
    slots, told = drawn(checked(active.shares)), known(answers, active.ips)
    return "".join(f"{slot:02}{between}{answered(name, told)}\n" for slot, name in enumerate(slots))


def effects(active: ActiveSet, settings: RandmapHook) -> tuple[Effect, ...]:
    """Return the table and the reload, in this order."""
    rows = WriteFile(path=str(settings.path), content=HEAD + table(active, settings.answers, " "))
    return (rows, Run(command=settings.reload, timeout_seconds=RELOAD_SECONDS))
