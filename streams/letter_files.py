"""The letters of a configured sunset: with the templates of the company's own folder, as far as they are sound."""

from schemas.settings import Settings
from schemas.sunset_settings import Sunset, SunsetMail
from streams.letters.sound import sound
from streams.letters.writing import Letters
from streams.notice_files import built_in, folder_of
from streams.notices.filling import TemplateFaultError


def letters_of(sunset: Sunset, mail: SunsetMail, name: str) -> tuple[Letters, list[str]]:
    """Return what writes the letters of the sunset `name`, and what is wrong with its templates, by file and line.

    What is wrong with one of the company's own is told, and the one that comes along is used in its place: letters go.
    ValueError where no letter could go, because of what its settings hold.
    """
    place = f"sunset.{name}.mail"
    own, told = folder_of(mail.templates, f"{place}.templates") if mail.templates else ({}, [])
    letters, faults = sound(own, built_in("streams.letters"), sunset, mail, name)
    for fault in faults:
        if not isinstance(fault, TemplateFaultError) or fault.name not in own:
            raise ValueError(f"{place}: {fault}")
        line = f":{fault.line}" if fault.line else ""
        told.append(f"{place}.templates: {mail.templates}/{fault.name}{line}: {fault.why}")
    return letters, told


def faults(settings: Settings) -> list[str]:
    """Return what is wrong with the letters of all sunsets that write some."""
    return [fault for name, sunset in settings.sunset.items() for fault in _faults(sunset, name)]


def _faults(sunset: Sunset, name: str) -> list[str]:
    if sunset.mail is None:
        return []
    try:
        return letters_of(sunset, sunset.mail, name)[1]
    except ValueError as error:
        return [str(error)]
