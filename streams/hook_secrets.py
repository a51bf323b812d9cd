"""Where the hooks' secrets come from: the environment, else a file that only its owner reads."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from schemas.password import password_in
from streams.deeds import Secret
from streams.effects import EffectError


def secret_of(secret: Secret) -> str:
    """Return a secret. EffectError, naming the setting, where neither the variable nor the file holds one."""
    given = os.environ.get(secret.env, "")
    if given:
        return given
    if not secret.file:
        raise EffectError(f"{secret.setting}_env: the variable {secret.env} is not set, and there is no file")
    try:
        found = password_in(Path(secret.file), f"{secret.setting}_file")
    except ValueError as error:
        raise EffectError(str(error)) from error
    if not found:
        raise EffectError(f"{secret.setting}_file: {secret.file} begins with an empty line")
    return found


def absent(secrets: Iterable[Secret]) -> Iterator[str]:
    """Yield a sentence for each secret that cannot be had, with its place in the configuration."""
    for secret in secrets:
        try:
            secret_of(secret)
        except EffectError as error:
            yield str(error)
