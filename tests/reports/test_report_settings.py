"""`[report.NAME]`: what cannot be sent as it is meant is refused, with its place."""

import pytest

from schemas.settings import SettingsError, parse

MAIL = 'mail = { sender = "noc@isp.example", company = "ISP" }'


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ('audience = "noc"', "report.daily: recipients: a report for noc needs at least one"),
        (
            'audience = "customer"\nrecipients = ["a@b.example"]',
            "report.daily: recipients: a customer's report goes to his contact in the directory, and to nobody else",
        ),
        (
            'audience = "customer"\nparts = ["reputation"]',
            "report.daily: parts: 'reputation' is of the whole pool; a customer's report has only what is his own",
        ),
        (
            'audience = "noc"\nrecipients = ["a@b.example"]\nflag = "report"',
            "report.daily: flag: 'report' picks customers, and this report is for noc",
        ),
        ('audience = "customer"\nhours = [19, 7]', "report.daily: hours: [19, 7] must ascend, each once"),
        (
            'audience = "customer"\nevery = "weekly"\nhours = [7, 19]',
            "report.daily: hours: a weekly report goes once; several hours are for daily ones",
        ),
        ('audience = "customer"\nhours = [24]', "report.daily.hours.0: input should be less than or equal to 23"),
        ('audience = "customer"\nday = 31', "report.daily.day: input should be less than or equal to 28"),
        ('audience = "customer"\ntimezone = "Mars/Base"', "report.daily.timezone: 'Mars/Base' is no time zone"),
        ('audience = "customer"\nflag = "a:b"', "report.daily.flag: string should match pattern"),
    ],
)
def test_a_report_that_cannot_go_as_it_is_meant_is_refused(given: str, why: str) -> None:
    with pytest.raises(SettingsError) as told:
        parse(f"[report.daily]\n{given}\n{MAIL}\n", "relaywarden.toml")
    assert why in str(told.value)


def test_without_parts_a_report_has_all_that_its_audience_may_have() -> None:
    text = (
        f'[report.noc]\naudience = "noc"\nrecipients = ["a@b.example"]\n{MAIL}\n[report.own]\naudience = "customer"\n'
    )
    found = parse(text, "relaywarden.toml").report
    assert found["noc"].shown == ("deliverability", "reputation", "cases", "sunset", "domains")
    assert found["own"].shown == ("deliverability", "cases", "sunset", "domains")
