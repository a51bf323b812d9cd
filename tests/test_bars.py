"""The suspension hooks: golden files of what is barred and changed, the registry, and names that try to break out."""

import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.utils.dn import parse_dn
from pydantic import ValidationError

from schemas.mailbox_hooks import (
    CommandHook,
    DovecotDenyHook,
    LdapHook,
    MailboxHooks,
    PostfixAccessHook,
    PostfixPolicyHook,
    SqlHook,
    WebhookHook,
)
from schemas.part import Part
from streams import bars
from streams.bars import Bar, ForMailbox, LdapModify, Pass, Policy, Refuse
from streams.deeds import RunWith, SqlStatement, WriteFile

GOLDEN = Path(__file__).parent / "golden" / "bars"
THEIRS = {"customer_mail", "postfix_queue"}  # tests of their own
SETTINGS: dict[str, Part] = {
    "postfix_policy": PostfixPolicyHook(),
    "postfix_access": PostfixAccessHook(senders=Path("/etc/postfix/relaywarden-senders")),
    "dovecot_deny": DovecotDenyHook(kick=("doveadm", "kick", "{mailbox}")),
    "command": CommandHook(
        suspend=("/usr/local/sbin/lock", "--why={reason}", "{mailbox}"),
        release=("/usr/local/sbin/unlock", "--", "{mailbox}"),
    ),
    "sql": SqlHook(
        suspend="UPDATE mailbox SET locked = 1, why = :reason WHERE address = :mailbox",
        throttle="UPDATE mailbox SET hourly = :recipients_per_hour WHERE address = :mailbox",
        release="UPDATE mailbox SET locked = 0, hourly = NULL WHERE address = :mailbox",
    ),
    "ldap": LdapHook(
        bind_dn="cn=relaywarden,dc=example,dc=net",
        dn="uid={user},ou={domain},dc=example,dc=net",
        suspend={"smtpAllowed": ("FALSE",), "pager": ("locked",)},
        release={"smtpAllowed": ("TRUE",), "pager": ()},
    ),
    "webhook": WebhookHook(url="https://panel.example.net/hook", steps=frozenset(("suspend", "release"))),
}
SUSPENDED = Bar(step="suspend", since=1, decision="d1", reason="41 networks in 10 min")
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


class Case(msgspec.Struct, frozen=True):
    """What a hook is given."""

    barred: dict[str, Bar]
    changed: dict[str, Bar]


def _cases() -> list[tuple[str, str, str]]:
    """Return (hook, expected effects, case) of the golden files: a line `# expect:` and the case under it."""
    found = []
    for file in sorted(GOLDEN.glob("*.txt")):
        expected = ""
        for line in file.read_text().splitlines():
            if line.startswith("# expect: "):
                expected = line.removeprefix("# expect: ")
            elif line and not line.startswith("#"):
                found.append((file.stem, expected, line))
    return [case for case in found if case[0] not in THEIRS]


@pytest.mark.parametrize(("name", "expected", "case"), _cases())
def test_golden(name: str, expected: str, case: str) -> None:
    given_case = msgspec.json.decode(case, type=Case)
    effects = bars.load(name)(given_case.barred, given_case.changed, SETTINGS[name])
    assert json.loads(msgspec.json.encode(effects)) == json.loads(expected)


def test_every_hook_has_its_golden_file_and_its_settings() -> None:
    ours = set(bars.names()) - THEIRS
    assert ours == {file.stem for file in GOLDEN.glob("*.txt")} - THEIRS == set(SETTINGS)
    fields = {name for name, field in MailboxHooks.model_fields.items() if field.annotation is not bool}
    assert set(bars.names()) == fields


def test_an_unknown_hook_is_named_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="no suspension hook 'exim'; there are command, "):
        bars.load("exim")


def test_only_the_hooks_of_the_configuration_run() -> None:
    assert bars.configured(MailboxHooks(dry_run=True)) == {}
    access = PostfixAccessHook()
    assert bars.configured(MailboxHooks(postfix_access=access)) == {"postfix_access": access}


def test_the_manual_has_a_part_for_every_hook_with_its_defaults() -> None:
    manual = (Path(__file__).parents[1] / "docs" / "hooks-mailboxes.md").read_text()
    assert all(f"\n## {name}\n" in manual for name in set(bars.names()) - THEIRS)
    policy, access, deny = PostfixPolicyHook(), PostfixAccessHook(), DovecotDenyHook()
    assert f"check_policy_service {{ inet:{policy.host}:{policy.port}, timeout=5s, default_action=DUNNO }}" in manual
    assert f"check_sasl_access hash:{access.path},\n" in manual
    assert f"      args = username_format=%Lu {deny.path}\n" in manual


def _effects(name: str, barred: dict[str, Bar]) -> tuple[bars.Effect, ...]:
    return bars.load(name)(barred, barred, SETTINGS[name])


ATTACKS = [
    "x@example.net OK\nroot@example.net",  # a second line
    "x@example.net\tOK",  # an action of its own
    "x@example.net\r",
    "x@example.net\0",
    "x\u2028y@example.net",  # a line separator
    "#x@example.net",  # a comment
    '"x@example.net',  # a quote that never ends
    "x y@example.net",
    "",
]


@pytest.mark.parametrize("name", ATTACKS)
def test_a_name_never_breaks_out_of_a_table(name: str) -> None:
    barred = {"alice@example.net": SUSPENDED, name: SUSPENDED}
    logins, senders, _, *left_out = _effects("postfix_access", barred)
    assert isinstance(logins, WriteFile)
    assert isinstance(senders, WriteFile)
    entry = "alice@example.net REJECT 5.7.1 This mailbox may not send mail at present: please call your provider"
    assert logins.content.splitlines()[1:] == senders.content.splitlines()[1:] == [entry]
    assert [left.mailbox for left in left_out if isinstance(left, Refuse)] == [name], "and that is told"


@pytest.mark.parametrize("name", ["example.org", ".example.org", "@example.org", "alice@", "alice", "127.0.0.1"])
def test_a_name_that_is_no_address_stands_for_nobody_else_in_the_senders(name: str) -> None:
    logins, senders, *_ = _effects("postfix_access", {name: SUSPENDED})
    assert isinstance(logins, WriteFile)
    assert isinstance(senders, WriteFile)
    assert [line.split()[0] for line in logins.content.splitlines()[1:]] == [name], "a login is looked up as a whole"
    assert senders.content.splitlines()[1:] == []


@pytest.mark.parametrize("name", [*ATTACKS[:-3], "x:y@example.net", "x y@example.net", ""])
def test_a_name_never_breaks_out_of_the_deny_list(name: str) -> None:
    deny, *rest = _effects("dovecot_deny", {"alice@example.net": SUSPENDED, name: SUSPENDED})
    assert isinstance(deny, WriteFile)
    assert deny.content == "alice@example.net:\n"
    assert [left.mailbox for left in rest if isinstance(left, Refuse)] == [name]


@pytest.mark.parametrize("name", ["*", "a*@example.net", "?", "-A", "--help"])
def test_a_name_never_kicks_others(name: str) -> None:
    deny, refused = _effects("dovecot_deny", {name: SUSPENDED})
    assert isinstance(deny, WriteFile)
    assert deny.content == f"{name}:\n", "it is denied all the same"
    assert isinstance(refused, Refuse)
    assert refused.reason.startswith("its logins are denied; not kicked")


@given(NAMES)
def test_every_name_is_an_entry_of_its_own_or_is_refused(name: str) -> None:
    logins, _, _, *left_out = _effects("postfix_access", {name: SUSPENDED})
    assert isinstance(logins, WriteFile)
    rows = logins.content.split("\n")[1:-1]
    assert [row.split(" ", 1)[0] for row in rows] == ([] if left_out else [name])
    deny, *rest = _effects("dovecot_deny", {name: SUSPENDED})
    assert isinstance(deny, WriteFile)
    assert deny.content in {"", f"{name}:\n"}
    assert bool(deny.content) or any(isinstance(one, Refuse) for one in rest)


@given(NAMES, st.text(max_size=30))
def test_an_argument_stays_one_argument(name: str, reason: str) -> None:
    bar = msgspec.structs.replace(SUSPENDED, reason=reason)
    (effect,) = bars.load("command")({}, {name: bar}, SETTINGS["command"])
    if isinstance(effect, Refuse):
        assert name.startswith("-") or not (name.isprintable() and reason.isprintable())
        return
    assert isinstance(effect, ForMailbox)
    (run,) = effect.effects
    assert isinstance(run, RunWith)
    assert run.command == ("/usr/local/sbin/lock", f"--why={reason}", name)
    assert json.loads(run.stdin) == {
        "mailbox": name,
        "step": "suspend",
        "reason": reason,
        "decision": "d1",
        "recipients_per_hour": 0,
        "since": 1,
    }
    assert run.stdin.count("\n") == 1


@pytest.mark.parametrize("name", ["-rf", "--password=x", "-"])
def test_a_name_is_no_option_unless_options_ended(name: str) -> None:
    (suspend,) = bars.load("command")({}, {name: SUSPENDED}, SETTINGS["command"])
    assert suspend == Refuse(mailbox=name, reason=f"{name!r} would be an option: put '--' before '{{mailbox}}'")
    release = Bar(step="", since=2, decision="d2")
    (released,) = bars.load("command")({}, {name: release}, SETTINGS["command"])
    assert isinstance(released, ForMailbox)
    (run,) = released.effects
    assert isinstance(run, RunWith)
    assert run.command == ("/usr/local/sbin/unlock", "--", name)


@given(
    st.from_regex(r"[^@\ud800-\udfff]{1,20}", fullmatch=True), st.from_regex(r"[^@\ud800-\udfff]{1,20}", fullmatch=True)
)
def test_a_dn_has_the_parts_of_its_template_whatever_the_name(user: str, domain: str) -> None:
    (effect,) = _effects("ldap", {f"{user}@{domain}": SUSPENDED})
    assert isinstance(effect, ForMailbox)
    (modify,) = effect.effects
    assert isinstance(modify, LdapModify)
    parts = parse_dn(modify.dn)
    assert [attribute for attribute, _, _ in parts] == ["uid", "ou", "dc", "dc"]
    assert [_unescaped(value) for _, value, _ in parts] == [user, domain, "example", "net"]


def _unescaped(value: str) -> str:
    raw = re.sub(rb"\\([0-9a-f]{2})", lambda pair: bytes([int(pair[1], 16)]), value.encode())
    return raw.decode()


@given(NAMES)
def test_a_name_is_a_value_of_a_statement_never_its_text(name: str) -> None:
    (effect,) = _effects("sql", {name: SUSPENDED})
    if "\0" in name:
        assert isinstance(effect, Refuse)
        return
    assert isinstance(effect, ForMailbox)
    (statement,) = effect.effects
    assert isinstance(statement, SqlStatement)
    assert statement.statement == "UPDATE mailbox SET locked = 1, why = :reason WHERE address = :mailbox"
    assert statement.values == {"mailbox": name, "reason": "41 networks in 10 min"}


@given(st.dictionaries(NAMES, st.sampled_from(["throttle", "suspend"]), max_size=8))
def test_a_hook_speaks_of_every_change_once_and_of_no_other(steps: dict[str, str]) -> None:
    barred = {
        name: Bar(step="suspend" if step == "suspend" else "throttle", since=1, decision="d", recipients_per_hour=5)
        for name, step in steps.items()
    }
    for hook in ("command", "sql", "ldap", "webhook"):
        effects = bars.load(hook)({}, barred, SETTINGS[hook])
        named = [effect.mailbox for effect in effects if isinstance(effect, ForMailbox | Pass | Refuse)]
        assert sorted(named) == sorted(barred)
        assert len(named) == len(effects)
    (policy,) = bars.load("postfix_policy")(barred, {}, SETTINGS["postfix_policy"])
    assert isinstance(policy, Policy)
    assert policy.barred == barred


@pytest.mark.parametrize(
    ("part", "values", "wrong"),
    [
        (PostfixPolicyHook, {"suspended": "OK"}, "suspended: is no answer like 'REJECT 5.7.1 Some ASCII text'"),
        (PostfixPolicyHook, {"throttled": "DEFER 4.7.1 two\nlines"}, "throttled: is no answer"),
        (PostfixAccessHook, {"answer": "REJECT 5.7.1 für"}, "answer: is no answer"),
        (PostfixPolicyHook, {"port": 70000}, "port: Input should be less than or equal to 65535"),
        (PostfixPolicyHook, {"programs": ["localhost"]}, "programs.0: 'localhost' is no network"),
        (CommandHook, {}, ": neither suspend nor throttle is set: it would do nothing"),
        (CommandHook, {"suspend": ["lock", "{password}"]}, "suspend: has {password}; there are {mailbox}, {step}"),
        (CommandHook, {"suspend": ["lock", "{mailbox!r}"]}, "suspend: '{mailbox!r}' formats {mailbox}"),
        (CommandHook, {"suspend": ["lock", "{"]}, "suspend: "),
        (CommandHook, {"suspend": ["{mailbox}"]}, "suspend: begins with no program"),
        (SqlHook, {"release": "DELETE"}, ": neither suspend nor throttle is set"),
        (SqlHook, {"suspend": "UPDATE x SET y = :user"}, "suspend: has :user; there are :mailbox, :step"),
        (LdapHook, {"bind_dn": "cn=a", "dn": "cn=all", "suspend": {"a": ["b"]}}, "dn: 'cn=all' names neither"),
        (
            LdapHook,
            {"bind_dn": "cn=a", "dn": "uid={uid}", "suspend": {"a": ["b"]}},
            "dn: has {uid}; there are {mailbox}",
        ),
        (LdapHook, {"bind_dn": "cn=a", "dn": "uid={user}", "suspend": {"a=b": ["c"]}}, "suspend.a=b.[key]: String"),
        (LdapHook, {"bind_dn": "cn=a", "dn": "uid={user}", "suspend": {"a": ["b"]}, "url": "x"}, "url: String"),
        (WebhookHook, {"url": "ftp://example.net"}, "url: is no URL like"),
        (WebhookHook, {"url": "https://example.net", "steps": ["watch"]}, "steps.0: Input should be"),
        (WebhookHook, {"url": "https://example.net", "steps": []}, "steps: "),
    ],
)
def test_settings_refuse_nonsense_and_name_the_key(part: type[Part], values: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValidationError) as refused:
        part.model_validate(values)
    (error,) = refused.value.errors()
    place = ".".join(map(str, error["loc"]))
    assert f"{place}: {error['msg'].removeprefix('Value error, ')}".startswith(wrong)
