"""The one browser of all browser tests, the JupyterLab of most, and a screenshot of whatever fails."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from support.lab import FLAGS, NO_BROWSER, WIDE, Lab, browser_program, lab_in

FAILED = pytest.StashKey[bool]()


def pytest_exception_interact(node: pytest.Item) -> None:
    node.stash[FAILED] = True


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = browser_program()
    if program is None:
        pytest.fail(f"{NO_BROWSER}. In CI they always run.", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def only_lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_in(tmp_path_factory.mktemp("jupyterlab"), browser) as lab:
        yield lab


@pytest.fixture
def lab(only_lab: Lab, request: pytest.FixtureRequest) -> Iterator[Lab]:
    only_lab.use_width(WIDE)
    yield only_lab
    if request.node.stash.get(FAILED, False):
        only_lab.keep_screenshot(request.node.name)
