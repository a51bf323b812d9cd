"""A letter in its frame, in a real browser: whatever stands in it, nothing of it runs, loads or goes anywhere."""

import socket

import pytest
from playwright.sync_api import Browser

from dashboards.preview import framed


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_runs_or_loads_in_the_frame_of_a_letter(browser: Browser, *, dark: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"
        hostile = f"""<style>p {{ color: rgb(1, 2, 3) }}
            @media screen and (prefers-color-scheme: dark) {{ p {{ color: rgb(4, 5, 6) }} }}</style><p>Hello</p>
            <script>parent.hurt = top.hurt = 1</script><img src="{url}x.png" onerror="top.hurt=1">
            <link rel="stylesheet" href="{url}x.css"><form action="{url}"><button>send</button></form>
            <a href="{url}" target="_top">go</a>"><script>window.hurt = 1</script>"""
        page = browser.new_page(color_scheme="light")
        page.set_content(framed(hostile, dark=dark))
        letter = page.frame_locator("iframe")
        colour = letter.get_by_text("Hello").evaluate("e => getComputedStyle(e).color")
        assert colour == ("rgb(4, 5, 6)" if dark else "rgb(1, 2, 3)")
        letter.get_by_role("button", name="send").click()
        letter.get_by_text("go").click()
        page.wait_for_timeout(500)
        assert page.evaluate("window.hurt") is None
        elsewhere.settimeout(0)
        with pytest.raises(BlockingIOError):  # nobody came; Chromium tells of requests that its policy stops, too
            elsewhere.accept()
        assert page.url == "about:blank"
        elsewhere.settimeout(10)
        page.close()
        page = browser.new_page()
        page.evaluate("html => document.write(html)", hostile)
        elsewhere.accept()[0].close()  # without the frame somebody comes
        page.close()
