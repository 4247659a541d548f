"""The one JupyterLab and the one browser of all browser tests."""

from collections.abc import Iterator

import pytest
from lab import NO_BROWSER, WIDE, Lab, browser_program, lab_in


@pytest.fixture(scope="session")
def only_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    program = browser_program()
    if program is None:
        pytest.fail(f"{NO_BROWSER}. In CI they always run.", pytrace=False)
    with lab_in(tmp_path_factory.mktemp("jupyterlab"), program) as lab:
        yield lab


@pytest.fixture
def lab(only_lab: Lab) -> Lab:
    only_lab.use_width(WIDE)
    return only_lab
