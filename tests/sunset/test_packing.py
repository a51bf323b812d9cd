"""Uses kept packed are the same unpacked, with every field that a use has."""

import msgspec

from schemas.sunset_events import ClientUse, Use
from streams.sunset.packing import Uses, packed, unpacked


def _full(kind: type[msgspec.Struct]) -> dict[str, object]:
    """Return a value for each field of text, number or share, another for each."""
    values: dict[type, list[object]] = {str: [f"t{n}" for n in range(9)], int: list(range(1, 9)), float: [0.25]}
    return {field.name: values[field.type].pop() for field in msgspec.structs.fields(kind) if field.type in values}


def test_every_field_survives() -> None:
    clients = (ClientUse(**_full(ClientUse)), ClientUse(ip="2001:db8::1"))  # type: ignore[arg-type]
    use = Use(**_full(Use), clients=clients, hosts=("mx1", "mx2"))  # type: ignore[arg-type]
    assert not [name for name in use.__struct_fields__ if not getattr(use, name)]
    assert unpacked(use.mailbox, packed(use)) == use


def test_uses_are_a_mapping_by_mailbox() -> None:
    use = Use(mailbox="a@example.net", confidence=0.5, last=7)
    uses = Uses([use])
    assert (dict(uses), len(uses), "b@example.net" in uses) == ({"a@example.net": use}, 1, False)
