"""What the API says while a server behind it is away, and that nothing is lost by it."""

import os
from pathlib import Path

import pytest
import tomli_w

from embedded import checking
from embedded.health import ailments
from schemas.settings import SettingsError, load, parse
from streams.api.gate import Gate
from tests.api.counter import Counter, Follower, restored
from tests.certificates import make
from tests.command.shell import refusal, run_process
from tests.whole.lab import until

ORDER = {"action": "pin", "ip": "192.0.2.12", "reason": "a drill"}
LONG = "0123456789-0123456789"
TOKEN = '[api.token.a]\nscopes = ["read"]\ntoken_env = "API_TOKEN"\n'


@pytest.mark.slow
def test_what_is_away_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    with Counter(tmp_path) as lab:
        lab.run("sink")
        lab.serve()
        follower = Follower(lab).begun()
        lab.clickhouse.stop()
        answer = lab.get("/v1/pools")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.json()["detail"].startswith(
            "ClickHouse does not answer: clickhouse: no answer from ClickHouse at"
        )
        assert lab.get("/ready", "").status_code == 503
        assert list(lab.get("/ready", "").json()["waits_for"]) == ["ClickHouse"]
        ordered = lab.post("/v1/pools/orders", ORDER)
        assert ordered.status_code == 202, "an order needs no ClickHouse"
        lab.publish([restored(1, "away")])
        until(lambda: follower.ids == ["away-0001"], 30, "nor does the stream")
        follower.stop()
        lab.broker.stop()
        answer = lab.post("/v1/pools/orders", ORDER, Idempotency_Key="away")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.json()["detail"].endswith(
            "whether the order was taken is not known: send it again with the same Idempotency-Key"
        )
        refused = Follower(lab, follower.last)
        refused.join(60)
        assert (refused.status, "follow again with the same Last-Event-ID" in refused.said) == (503, True)
        assert lab.get("/healthz", "").status_code == 200
        assert ailments(lab.settings, "api") == []
        assert lab.end("api") == 0
        assert ailments(lab.settings, "api") == [f"api: GET /healthz does not answer on 127.0.0.1:{lab.port}"]
        assert "Traceback" not in lab.log("api")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[api]\nport = 1", "api.token: field required"),
        ('[api.token.a]\nscopes = []\ntoken_env = "X"', "api.token.a.scopes"),
        ('[api.token.a]\nscopes = ["root"]\ntoken_env = "X"', "(is 'root')"),
        ('[api.token.a]\nscopes = ["read", "admin"]\ntoken_env = "X"', "admin goes with order"),
        ('[api.token.a]\nscopes = ["read"]', "token_env or token_file is needed"),
        ('[api]\ncertificate = "x"\n' + TOKEN, "certificate and key go together"),
        (TOKEN.replace("read", "complaints"), "api.complaints names no table"),
        ('[api]\ncomplaints = "fbl"\n' + TOKEN, "there is no table complaints.fbl; there are none"),
    ],
)
def test_what_cannot_be_served_is_told_before_it_is(text: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(text, "x.toml")
    assert says in str(refused.value)


def test_short_missing_and_shared_tokens_are_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "".join(f'[api.token.{n}]\nscopes = ["read"]\ntoken_env = "API_{n.upper()}"\n' for n in "abcd")
    for name, secret in {"A": LONG, "B": LONG, "C": "x" * 19}.items():
        monkeypatch.setenv(f"API_{name}", secret)
    settings = parse(text, "x.toml")
    assert settings.api is not None
    with pytest.raises(ValueError, match="api") as refused:
        Gate(settings.api)
    assert str(refused.value).split("; ") == [
        "api.token.b.token: is that of a too: nobody could tell who acts",
        "api.token.c.token: a token is of 20 characters or more, ASCII without blanks",
        "api.token.d.token_env: the environment has no API_D",
    ]
    assert {each for each in checking.findings(settings) if each.startswith("api.")} == set(
        str(refused.value).split("; ")
    )
    config = tmp_path / "relaywarden.toml"
    config.write_text(text)
    assert refusal(run_process("api", "--config", config, env=dict(os.environ))).startswith(
        "api.token.b.token: is that of a"
    )


def test_check_notes_tokens_in_the_clear_and_an_open_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("API_TOKEN", LONG)
    open_file = tmp_path / "token"
    open_file.write_text(LONG)
    open_file.chmod(0o644)
    told = checking.notes(parse('[api]\nhost = "192.0.2.1"\n' + TOKEN, "x.toml"))
    assert "api.host: 192.0.2.1 without a certificate: tokens cross the network in the clear" in told
    found = checking.findings(parse(TOKEN.replace('token_env = "API_TOKEN"', f'token_file = "{open_file}"'), "x.toml"))
    assert f"api.token.a.token_file: {open_file} is open to others (mode 0644); chmod 600 it" in found
    certificate, key = make(tmp_path)
    key.chmod(0o644)
    found = checking.findings(parse(f'[api]\ncertificate = "{certificate}"\nkey = "{key}"\n' + TOKEN, "x.toml"))
    assert f"api.key: {key} is open to others (mode 0644); chmod 600 it" in found


def test_without_a_table_there_is_no_api(tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text(tomli_w.dumps({"data": str(tmp_path)}))
    assert (
        refusal(run_process("api", "--config", config)) == "api: there is no table [api], so there is no API to serve"
    )
    assert load(config).api is None
