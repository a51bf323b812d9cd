"""`relaywarden sunset`: what is going away, who still uses it, and who was told. Each part adds its own commands."""

from embedded.sunset_app import sunset_app
from embedded.sunset_letterbox_commands import sunset_letters

sunset_app.command("letters")(sunset_letters)

__all__ = ["sunset_app"]
