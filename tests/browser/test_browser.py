"""Every notebook in JupyterLab, as a learner sees and uses it."""

import os

import pytest
from lab import NO_BROWSER, NOTEBOOKS, Lab, browser_program

if not browser_program() and os.environ.get("CI") != "true":
    pytest.skip(NO_BROWSER, allow_module_level=True)

NAMES = [path.name for path in NOTEBOOKS]


@pytest.mark.parametrize("name", NAMES)
def test_run_all_succeeds(lab: Lab, name: str) -> None:
    assert lab.run_all(name) == []
    lab.keep_screenshot(name.removesuffix(".ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_accessible(lab: Lab, name: str) -> None:
    lab.run_all(name)
    assert lab.violations() == []
