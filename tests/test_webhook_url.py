"""A webhook's URL: what cannot be called is refused at the start, and never ends the hook's thread."""

import pytest

from schemas.mailbox_hooks import WebhookHook
from schemas.settings import SettingsError, parse
from streams.deeds import HttpCall, Secret
from streams.effects import EffectError
from streams.effects_http import call

BAD_URLS = [
    "http://[::1/tok",
    "http://ex..ample:99999/tok",
    "http://ex..ample/tok",
    "http://127.0.0.1:99999/tok",
    "http://" + "a" * 64 + ".example.net/tok",
    "http://panel\u2100.example.net/tok",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_that_cannot_be_called_is_a_failure_that_tells_no_token(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_SECRET", "s3cret")
    with pytest.raises(EffectError) as failed:
        call(
            HttpCall(
                url=url,
                body="{}",
                idempotency_key="k",
                secret=Secret(setting="webhook.secret", env="TEST_SECRET"),
                timeout_seconds=1.0,
            )
        )
    assert "tok" not in str(failed.value)


@pytest.mark.parametrize(
    "url",
    [
        *BAD_URLS,
        "ftp://example.net/",
        "panel.example.net",
        "https://",
        "http://:80/",
        "http://a:0/",
        "http://a:x/",
        "http://a/b c",
    ],
)
def test_a_url_that_cannot_be_called_is_refused_at_the_start_without_its_token(url: str) -> None:
    with pytest.raises(
        ValueError, match=r"is no URL like 'https://panel.example.net/hook': http or https, a host, a port"
    ):
        WebhookHook(url=url)


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1]:8080/tok",
        "https://b\u00fccher.example/",
        "http://panel_1:1/",
        "https://example.net.:65535?k=1@2",
    ],
)
def test_a_url_that_can_be_called_is_taken(url: str) -> None:
    assert WebhookHook(url=url).url == url


@pytest.mark.parametrize("url", ["https://user:tok@example.net/", "http://tok@example.net", "http://@example.net/"])
def test_a_url_with_a_user_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="holds a user or a password before the host") as refused:
        parse(f"[pool.main.hooks.webhook]\nurl = '{url}'\n", "test")
    assert "tok" not in str(refused.value)
