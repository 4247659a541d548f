"""The tutorial in a browser alone, from static files: each notebook runs there as it runs on a machine."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from support.lab import CHECKOUT, NO_BROWSER, NOTEBOOKS, PANEL, browser_program
from support.site import SiteLab, served, show_all_cells, site_lab

if not browser_program() and os.environ.get("CI") != "true":
    pytest.skip(NO_BROWSER, allow_module_level=True)

BUILT = CHECKOUT / "_site"
BRIEFLY = ["00_start_here", "04_trust_user_in_role"]
NAMES = [path.stem for path in NOTEBOOKS]
MOST_BYTES = 60_000_000

NOT_THERE = {
    "from helpers.account import open_account; open_account('aws')": "TargetError: In a browser there is the sandbox "
    "alone",
    "from helpers.forms import account_form; account_form()": "FormError: In a browser there is the sandbox alone",
    "from helpers.forms import home_profile_form; home_profile_form(None, role_arn='', key=None)": "no AWS files of "
    "your own",
    "import boto3; boto3.client('sts', region_name='us-east-1').get_caller_identity()": "Unable to locate credentials",
    "%pip install six": "six cannot be installed: this page asks no other host",
}
"""What a learner may try, and what comes of it."""

WRITE = "line => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource(line)"
RESULTS = """path => window.opened[path].content.widgets.filter(cell => cell.model.type === 'code')
    .map(cell => [cell.model.id, cell.model.outputs.toJSON()])"""
ALL_ARE_KEPT = """async wanted => {
    const kept = async name => (await (await caches.open(name)).keys()).length;
    const most = async () => Math.max(...await Promise.all((await caches.keys()).map(kept)));
    while (await most() < wanted) await new Promise(wait => setTimeout(wait, 200));
}"""


def texts(outputs: list[dict[str, Any]]) -> list[str]:
    """What a cell showed, as plain text."""
    told = [output.get("data", {}).get("text/plain", output.get("text", "")) for output in outputs]
    return ["".join(each) for each in told]


def stored(name: str) -> dict[str, list[str]]:
    """What each cell of a notebook shows in the repository, by its id."""
    notebook = json.loads((CHECKOUT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    return {cell["id"]: texts(cell["outputs"]) for cell in notebook["cells"] if cell["cell_type"] == "code"}


def check_notebook(lab: SiteLab, name: str) -> None:
    path = f"notebooks/{name}"
    assert lab.open(path) == []
    shown = {cell: texts(outputs) for cell, outputs in lab.page.evaluate(RESULTS, f"{path}.ipynb")}
    assert shown == {cell: told for cell, told in stored(name).items() if cell in shown}
    assert len(shown) > 6


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that was built just now, as `make site` builds it."""
    if shutil.which("npm") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("The site: there is no npm on the PATH. In CI it is always built.", pytrace=False)
        pytest.skip("the site: not built, no npm on the PATH")
    folder = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, CHECKOUT / "tools" / "build_site.py", folder], check=True)
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    show_all_cells(site)
    with served(site) as address:
        yield address


@pytest.fixture(scope="module")
def only_lab(browser: Browser, address: str) -> Iterator[SiteLab]:
    with site_lab(address, browser) as lab:
        lab.visit("index.html")
        yield lab


@pytest.fixture
def lab(only_lab: SiteLab) -> SiteLab:
    """The site in a browser, in which nothing was complained of yet."""
    only_lab.complaints.clear()
    return only_lab


@pytest.fixture
def new_lab(browser: Browser, address: str) -> Iterator[SiteLab]:
    """The site in a browser of its own, on the first notebook, in which nothing ran yet."""
    with site_lab(address, browser) as lab:
        lab.visit("index.html")
        expect(lab.page.locator(f"{PANEL} h1")).to_contain_text("Start here")
        yield lab


def test_the_site_runs_as_it_was_built(browser: Browser) -> None:
    if not BUILT.exists():
        pytest.skip("the site in _site/: not built, `make site` builds it")
    with served(BUILT) as address, site_lab(address, browser) as lab:
        lab.visit("index.html")
        for name in BRIEFLY:
            check_notebook(lab, name)
        assert (lab.elsewhere, lab.complaints) == ([], [])


@pytest.mark.exhaustive
def test_it_is_small_and_opens_on_the_first_notebook(site: Path, lab: SiteLab) -> None:
    files = [path for path in site.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    assert not [path for path in files if path.suffix == ".map"]
    expect(lab.page.locator(f"{PANEL} h1")).to_have_text("Start here: open the account¶")


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_as_on_a_machine(lab: SiteLab, name: str) -> None:
    check_notebook(lab, name)
    assert lab.opened_as(f"notebooks/{name}") == (0, False)
    assert lab.violations() == []
    assert (lab.elsewhere, lab.complaints) == ([], [])
    lab.close(f"notebooks/{name}")


@pytest.mark.exhaustive
def test_a_form_is_used_with_the_keyboard(new_lab: SiteLab) -> None:
    lab = new_lab
    assert lab.open("notebooks/03_allow_user_to_assume_role") == []
    form = lab.forms[0]
    field = form.locator("input")
    field.press("Control+a")
    field.press_sequentially("arn:aws:iam::111122223333:role/tutorial-rolle")
    expect(form.get_by_role("status")).to_contain_text("tutorial-rolle")
    field.press("Enter")
    expect(form.get_by_role("alert")).to_contain_text("the account has no such role")
    field.press("Backspace")
    field.press("Backspace")
    field.press_sequentially("e")
    expect(form.get_by_role("status")).to_contain_text("tutorial-role")
    field.press("Enter")
    expect(form).to_contain_text("the next cell uses role tutorial-role")
    lab.page.locator(f"{PANEL} a", has_text="Trust the user in the role").click()
    expect(lab.page.locator(f"{PANEL} h1")).to_contain_text("Trust the user in the role")


@pytest.mark.exhaustive
def test_a_cell_before_the_first_says_what_to_do(new_lab: SiteLab) -> None:
    asking = new_lab.page.locator(f"{PANEL} .jp-Notebook-cell").filter(has_text="sts.who_am_i(")
    number = asking.first.evaluate("cell => [...cell.parentElement.children].indexOf(cell)")
    expect(new_lab.run_cell(number)).to_contain_text("Run the first cell of this notebook first")
    assert new_lab.elsewhere == []


@pytest.mark.exhaustive
def test_what_is_not_there_in_a_browser_is_said_not_to_be_there(new_lab: SiteLab) -> None:
    lab = new_lab
    for line, words in NOT_THERE.items():
        lab.command("notebook:insert-cell-below")
        lab.page.evaluate(WRITE, line)
        lab.command("notebook:run-cell")
        ran = lab.page.locator(f"{PANEL} .jp-Notebook-cell.jp-mod-active .jp-OutputArea-output")
        expect(ran).to_contain_text(words)
    assert lab.elsewhere == []


@pytest.mark.exhaustive
def test_it_works_without_a_network_after_the_first_visit(browser: Browser, site: Path) -> None:
    with site_lab("http://127.0.0.1/", browser) as lab:
        with served(site) as address:
            lab.address = address
            lab.visit("index.html")
            files = [path for path in site.rglob("*") if path.is_file()]
            lab.page.evaluate(ALL_ARE_KEPT, len(files) - 1)  # the service worker itself is the browser's
        lab.complaints.clear()
        lab.visit("index.html")
        check_notebook(lab, "00_start_here")
        assert lab.complaints == []


@pytest.mark.exhaustive
def test_what_was_typed_stays_in_this_browser_until_it_is_taken_back(browser: Browser, address: str) -> None:
    with site_lab(address, browser) as lab:
        lab.visit("index.html")
        title = lab.page.locator(f"{PANEL} .jp-MarkdownCell h1")
        expect(title).to_be_visible()
        lab.select_cell(0)
        lab.page.keyboard.press("Enter")
        lab.page.keyboard.press("Control+a")
        lab.page.keyboard.type("# My own words")
        lab.command("docmanager:save")
        lab.visit("index.html")
        expect(title).to_contain_text("My own words")
        lab.page.evaluate("() => window.jupyterapp.serviceManager.contents.delete('notebooks/00_start_here.ipynb')")
        lab.visit("index.html")
        expect(title).to_contain_text("Start here")
