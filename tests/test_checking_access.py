"""What `relaywarden check`, and the server's start, say of a proxy's secret and the file of OpenID Connect."""

from pathlib import Path

import pytest

from dashboards import serve
from embedded import checking
from schemas.settings import Settings, parse

PLACE = "dashboard.access"
HEADER = """[dashboard.access]
mode = "header"
hosts = ["noc.example.net"]
proxies = ["{proxies}"]
secret_env = "{env}"
{more}
[dashboard.access.roles]
viewer = ["*"]
"""
OIDC = """[dashboard.access]
mode = "oidc"
hosts = ["noc.example.net"]
oidc_file = "{file}"
[dashboard.access.roles]
viewer = ["*"]
"""
AUTH = {
    "redirect_uri": "https://noc.example.net/oauth2callback",
    "cookie_secret": "0123456789-0123456789",
    "client_id": "relaywarden",
    "client_secret": "s",
    "server_metadata_url": "https://login.example.net/.well-known/openid-configuration",
}


def _found(settings: Settings) -> list[str]:
    return [each for each in checking.findings(settings) if each.startswith(PLACE)]


def _noted(settings: Settings) -> list[str]:
    return [each for each in checking.notes(settings) if each.startswith(PLACE)]


def _written(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "secret"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_good_secret_is_not_spoken_of(tmp_path: Path) -> None:
    file = _written(tmp_path, "0123456789-0123456789\n")
    settings = parse(HEADER.format(proxies="127.0.0.1/32", env="", more=f'secret_file = "{file}"'), "x.toml")
    assert (_found(settings), _noted(settings)) == ([], [])


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        ("0123456789-0123456789", 0o644, "secret_file: {} is open to others (mode 0644); chmod 600 it"),
        ("", 0o600, "secret_file: {} is empty"),
        ("0123456789-012345678 ", 0o600, "secret: a header cannot hold it"),
        ("0123456789-012345678ü", 0o600, "secret: a header cannot hold it"),
    ],
)
def test_a_secret_that_is_no_use_is_found(tmp_path: Path, text: str, mode: int, says: str) -> None:
    file = _written(tmp_path, text, mode)
    settings = parse(HEADER.format(proxies="127.0.0.1/32", env="", more=f'secret_file = "{file}"'), "x.toml")
    (found,) = _found(settings)
    assert found.startswith(f"{PLACE}.{says.format(file)}")


def test_a_secret_that_is_not_set_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    settings = parse(HEADER.format(proxies="127.0.0.1/32", env="NO_SUCH_SECRET", more=""), "x.toml")
    assert _found(settings) == [f"{PLACE}.secret_env: the environment has no NO_SUCH_SECRET"]
    assert _noted(settings) == []


def test_a_secret_that_is_guessed_and_proxies_that_are_everybody_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT_SECRET", "guess")
    settings = parse(HEADER.format(proxies="0.0.0.0/0", env="SHORT_SECRET", more=""), "x.toml")
    assert _found(settings) == []
    assert _noted(settings) == [
        f"{PLACE}.proxies: 0.0.0.0/0 is every address: whoever knows the secret may be anybody",
        f"{PLACE}.secret: it is shorter than 20 characters: it can be guessed",
    ]


def _auth(**changed: str) -> str:
    return "[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in (AUTH | changed).items() if value)


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        (_auth(), 0o600, ""),
        (_auth(redirect_uri="http://localhost:8501/oauth2callback"), 0o600, ""),
        (_auth(), 0o644, "{} is open to others (mode 0644); chmod 600 it"),
        ("[auth", 0o600, "{}: no TOML: "),
        ("auth = 1", 0o600, "{}: there is no table [auth]"),
        ("", 0o600, "{}: there is no table [auth]"),
        (_auth(cookie_secret=""), 0o600, "{}: auth.cookie_secret is not there, or no text"),
        (_auth(cookie_secret="short"), 0o600, "{}: auth.cookie_secret is shorter than 20 characters"),
        (
            _auth(redirect_uri="https://noc.example.net/"),
            0o600,
            "{}: auth.redirect_uri: 'https://noc.example.net/' is no",
        ),
        (
            _auth(redirect_uri="https://[/oauth2callback"),
            0o600,
            "{}: auth.redirect_uri: 'https://[/oauth2callback' is no URL",
        ),
        (
            _auth(redirect_uri="https://evil.example.org/oauth2callback"),
            0o600,
            "{}: auth.redirect_uri: evil.example.org is none of dashboard.access.hosts",
        ),
    ],
)
def test_a_file_with_which_nobody_could_log_in_is_found_and_nothing_starts(
    tmp_path: Path, text: str, mode: int, says: str
) -> None:
    file = _written(tmp_path, text, mode)
    settings = parse(OIDC.format(file=file), "x.toml")
    found = _found(settings)
    assert len(found) == bool(says)
    if says:
        assert found[0].startswith(f"{PLACE}.oidc_file: {says.format(file)}")
        with pytest.raises(ValueError, match="oidc_file") as refused:
            serve.run(settings, tmp_path / "x.toml")
        assert str(refused.value) == found[0]


def test_a_file_that_is_not_there_is_found(tmp_path: Path) -> None:
    settings = parse(OIDC.format(file=tmp_path / "none"), "x.toml")
    assert _found(settings) == [f"{PLACE}.oidc_file: {tmp_path / 'none'}: No such file or directory"]
