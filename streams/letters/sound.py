"""Which of a company's own templates can be used: one that cannot is told, and gives way to what comes along."""

from collections.abc import Iterator, Mapping

from schemas.sunset_settings import Sunset, SunsetMail
from streams.letters.examples import examples
from streams.letters.writing import NAMES, Letters
from streams.notices.filling import Filling, TemplateFaultError


def sound(
    own: Mapping[str, str], built_in: Mapping[str, str], sunset: Sunset, mail: SunsetMail, name: str
) -> tuple[Letters, list[ValueError]]:
    """Return what writes a sunset's letters, and what is wrong: a `TemplateFaultError` names an own template not used.

    A template that names what is not known there, in whatever branch, or cannot be filled in, gives way to the one of
    the same name that comes along. Any other ValueError concerns every letter.
    """
    kept = dict(own)
    found: list[ValueError] = []
    for fault in _unfit(own, built_in):
        found.append(fault)
        kept.pop(fault.name, None)
    while True:
        letters = Letters({**built_in, **kept}, sunset, mail)
        faults = list(letters.faults(examples(sunset, name)))
        at_fault = {fault.name: fault for fault in faults if isinstance(fault, TemplateFaultError)}.keys() & kept.keys()
        told = [fault for fault in faults if not at_fault or getattr(fault, "name", "") in at_fault]
        found += told
        if not at_fault:
            return letters, list({str(fault): fault for fault in found}.values())
        kept = {each: text for each, text in kept.items() if each not in at_fault}


def _unfit(own: Mapping[str, str], built_in: Mapping[str, str]) -> Iterator[TemplateFaultError]:
    """Yield what is wrong with own templates as they stand.

    Of what they include, only that it is a template: it may name what the including one has set.
    """
    filling = Filling({**built_in, **own})
    broken = {name: filling.broken(name) for name in own}
    whole = [name for name in own if not broken[name]]
    included = {part for name in whole for part in filling.included(name) - {name}}
    for name in sorted(own):
        yield from broken[name]
        if name in whole and _replaces(name, built_in):
            yield from filling.unknown(name, NAMES)
        elif name in whole and name not in included:
            yield TemplateFaultError(name, 0, "replaces nothing: no template has this name")


def _replaces(name: str, built_in: Mapping[str, str]) -> bool:
    """Tell whether a template takes the place of one, or of the layout for one letter."""
    letter = name.removesuffix(".html") + ".txt"
    return name in built_in or (letter != name and letter in built_in and letter.count("/") == 1)
