"""A file with the whole set for programs of your own: one JSON object, or a line per transport.

    out1<tab>192.0.2.1<tab>1<tab>google,yahoo

The columns of a line: transport, IP, share (0: withdrawn), the providers to which it may not send ("-": none).
"""

from schemas.pool_hooks_more import PoolFileHook
from streams.deeds import WriteFile
from streams.hooks import ActiveSet, Effect
from streams.hooks._whole import text, whole


def effects(active: ActiveSet, settings: PoolFileHook) -> tuple[Effect, ...]:
    """Return the one effect: the file."""
    content = text(active) if settings.format == "json" else _lines(active)
    return (WriteFile(path=str(settings.path), content=content),)


def _lines(active: ActiveSet) -> str:
    told = whole(active)
    rows = [
        *((each.transport, each.ip, f"{each.share:g}", ",".join(each.not_to) or "-") for each in told.active),
        *((each.transport, each.ip, "0", "-") for each in told.withdrawn),
    ]
    head = f"# pool {told.pool}, decision {told.decision or '-'}\n"
    return head + "".join("\t".join(row) + "\n" for row in sorted(rows))
