"""What `relaywarden check` finds about the stages of sunsets: the switches' files and programs, the tickets' token."""

from collections.abc import Iterator

from embedded.checking_paths import runnable, writable
from schemas.settings import Settings
from schemas.sunset_stages import WebhookSwitch
from streams import switches
from streams.deeds import Secret
from streams.effects import EffectError
from streams.hook_secrets import absent
from streams.stage_task import token_of
from streams.switchplaces import clashes, switched


def stages(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each thing that would not work."""
    yield from _files(settings)
    yield from clashes(settings)
    for name, sunset in settings.sunset.items():
        if sunset.stages is not None and sunset.stages.tickets is not None:
            try:
                token_of(name, sunset.stages.tickets)
            except EffectError as error:
                yield str(error)


def _files(settings: Settings) -> Iterator[str]:
    for name, sunset in switched(settings).items():
        for switch, part in switches.configured(sunset.switch).items():
            place = f"sunset.{name}.switch.{switch}"
            path = getattr(part, "path", None)
            if path is not None:
                yield from writable(f"{place}.path", path)
            if isinstance(part, WebhookSwitch):
                file = str(part.secret_file or "")
                yield from absent([Secret(setting=f"{place}.secret", env=part.secret_env, file=file)])
            for key in ("reload", "command"):
                if command := getattr(part, key, ()):
                    yield from runnable(f"{place}.{key}", command)
