"""A decision made again from its stored inputs: what `relaywarden replay --decision` says, asked of the command itself.

The pages import nothing of what decides. The command writes nothing.
"""

import threading

import msgspec

from dashboards import commanded
from schemas.replay_shapes import Again

_SECONDS = 120.0
_AT_ONCE = threading.Semaphore(1)  # it takes a core: the pages of all others go on


_AGAIN = msgspec.json.Decoder(Again)


def again(config: str, identity: str) -> Again:
    """Make a decision again. ValueError with the command's own words where it cannot be."""
    with _AT_ONCE:
        said = commanded.said(
            ["replay", "--json", f"--config={config}", f"--decision={identity}"],
            _SECONDS,
            f"the replay took longer than {_SECONDS:.0f} s",
        )
    return _AGAIN.decode(said)
