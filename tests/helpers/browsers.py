"""A headless Chromium for tests of pages, and the rules of accessibility that it checks."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def chromium():
    """Yield a browser; the test is skipped, with the reason, where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser, file, width=1280, scheme="light", **options):
    """Yield the page of a file; an error on its console, also of its policy, fails the test."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(Path(file).resolve().as_uri())
    yield page
    context.close()
    assert problems == [], problems


def axe_violations(page):
    """Return what axe finds wrong with a page, opened with ``bypass_csp``; each rule with the first element."""
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python, with axe, is missing")
    page.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    run = "axe.run().then(found => found.violations.map(one => [one.id, one.nodes[0].html]))"
    return page.evaluate(run)
