"""Chromium without a window, for the tests of pages; a test that has none skips and says what installs it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from patience import PATIENCE

__all__ = ["NEEDS_BROWSER", "WINDOWS", "barriers", "headless_browser", "show"]

_CHROMIUM, _DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
_AXE: Final = Path(__file__).parents[1] / "frontend/node_modules/axe-core/axe.min.js"
NEEDS_BROWSER: Final = [
    pytest.mark.skipif(not (_CHROMIUM and _DRIVER), reason="install them: apt-get install chromium chromium-driver"),
    pytest.mark.skipif(not _AXE.is_file(), reason="install it: cd frontend && npm ci"),
]
"""Marks for a module, or a test, that drives a browser."""
WINDOWS: Final = [(390, "light"), (1280, "dark")]
"""Widths and schemes of colours: each page is looked at in each, but not in each pair, for none depends on the other."""
_FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip


@contextmanager
def headless_browser(profile: Path, **logs: str) -> Iterator[Any]:
    """A browser with a profile of its own, and the logs named, such as `browser="ALL"`."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="install it: pip install selenium")
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = webdriver.ChromeOptions()
    options.binary_location = _CHROMIUM
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    if logs:
        options.set_capability("goog:loggingPrefs", logs)
    driver = webdriver.Chrome(options=options, service=Service(_DRIVER))
    driver.set_script_timeout(PATIENCE)
    try:
        yield driver
    finally:
        driver.quit()


def show(browser: Any, *, width: int = 1280, scheme: str = "light", scripts: bool = True) -> None:  # noqa: ANN401
    """The window, as a phone or a desk has it."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"media": "", "features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})


def barriers(browser: Any) -> list[str]:  # noqa: ANN401
    """What axe finds on the page, and whether it is wider than the window (WCAG 2.2, 1.4.10)."""
    browser.execute_cdp_cmd("Runtime.evaluate", {"expression": _AXE.read_text(encoding="utf-8")})
    found: list[str] = browser.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document, { resultTypes: ['violations'] }).then((r) => done(r.violations.map("
        "(v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 200)).slice(0, 3).join(' | ')}`)))"
    )
    if browser.execute_script("return document.documentElement.scrollWidth > innerWidth + 1"):
        found.append("the page is wider than the window")
    return found
