"""`relaywarden sunset`: what is going away, who still uses it, and who was told. Each part adds its own commands."""

from embedded.sunset_app import sunset_app
from embedded.sunset_desk_commands import (
    sunset_exempt,
    sunset_exemptions,
    sunset_plan_letters,
    sunset_send,
    sunset_status,
    sunset_unexempt,
)
from embedded.sunset_find_commands import sunset_find
from embedded.sunset_letterbox_commands import sunset_letters, sunset_settle
from embedded.sunset_letters_commands import sunset_preview, sunset_test
from embedded.sunset_stage_commands import stage_app, stage_plan, sunset_stages

sunset_app.command("status")(sunset_status)
sunset_app.command("plan-letters")(sunset_plan_letters)
sunset_app.command("send")(sunset_send)
sunset_app.command("exempt")(sunset_exempt)
sunset_app.command("unexempt")(sunset_unexempt)
sunset_app.command("exemptions")(sunset_exemptions)
sunset_app.command("find")(sunset_find)
sunset_app.command("letters")(sunset_letters)
sunset_app.command("settle")(sunset_settle)
sunset_app.command("preview")(sunset_preview)
sunset_app.command("test")(sunset_test)
sunset_app.command("stages")(sunset_stages)
sunset_app.command("plan")(stage_plan)
sunset_app.add_typer(stage_app, name="stage")

__all__ = ["sunset_app"]
