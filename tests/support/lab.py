"""JupyterLab in a browser, driven by its own commands: one server and one page for all tests."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import nbformat
from axe_playwright_python.sync_playwright import Axe
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Locator, Page, expect

CHECKOUT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
SCREENSHOTS = CHECKOUT / "test-output" / "screenshots"
NO_BROWSER = "browser tests: not run, no Chromium on the PATH; `apt-get install chromium` installs it"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
PRIVATE = {"IAM_TUTORIAL_TARGET": "private"}
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
HEIGHT, WIDE, NARROW = 900, 1280, 480
MS_TO_RUN, MS_TO_ANSWER, SECONDS_TO_END = 60_000, 20_000, 20
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
OUTPUTS = f"{PANEL} .jp-OutputArea-output"
EMPTY_WIDGET = f"{OUTPUTS}[data-mime-type*='widget-view']:not(:has(.jupyter-widgets))"

IN_TIME = """argument => Promise.race([(%s)(argument), new Promise((_, fail) =>
    setTimeout(() => fail(new Error('JupyterLab has not answered in %d ms')), %d))])"""
START = """async path => {
    const app = window.jupyterapp;
    const panel = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
    await Promise.all([panel.context.ready, panel.sessionContext.ready, panel.revealed]);
    window.opened_as = {...window.opened_as, [path]: [
        panel.content.widgets.flatMap(cell => cell.model.outputs?.toJSON() ?? []).length, panel.context.model.dirty]};
    window.opened = {...window.opened, [path]: panel};
    app.shell.activateById(panel.id);
    window.ran = {...window.ran, [path]: app.commands.execute('notebook:run-all-cells')};
}"""
OPENED_AS = "path => window.opened_as[path]"
IS_SAVED = "path => !window.opened[path].context.model.dirty"
RAN = "path => window.ran[path]"
SHOW = "path => window.jupyterapp.shell.activateById(window.opened[path].id)"
ERRORS = """path => window.opened[path].content.widgets.flatMap(cell => cell.model.outputs?.toJSON() ?? [])
    .filter(output => output.output_type === 'error').map(output => `${output.ename}: ${output.evalue}`)"""
SELECT_CELL = """index => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    notebook.mode = 'command';
    notebook.activate();
}"""
COMMAND = "([command, options]) => window.jupyterapp.commands.execute(command, options).then(() => null)"
# What is wider than the place it has: the text is cut, or the page must be scrolled sideways.
TOO_WIDE = """outputs => outputs.flatMap(output => {
    const edge = output.getBoundingClientRect().right + 1;
    return [...output.querySelectorAll('.jupyter-widgets, label, table, svg, img')]
        .filter(each => each.checkVisibility())
        .filter(each => each.getBoundingClientRect().right > edge || each.scrollWidth > each.clientWidth + 1)
        .map(each => each.outerHTML.slice(0, 200));
})"""


def browser_program() -> str | None:
    """The Chromium on the PATH, if there is one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@dataclass
class Lab:
    """JupyterLab, open in a page.

    Attributes:
        page: the page, for clicks and keys.
        folder: where its notebooks are.
        started: the notebooks that are open.
    """

    page: Page
    folder: Path
    started: set[str] = field(default_factory=set)

    def start(self, name: str) -> None:
        """Opens a notebook and starts Run All, the first time."""
        if name not in self.started:
            self._evaluate(START, f"{name}.ipynb")
            self.started.add(name)

    def open(self, name: str) -> list[str]:
        """Shows a notebook after Run All; returns the errors that its cells raised."""
        self.start(name)
        path = f"{name}.ipynb"
        ran: bool = self._evaluate(RAN, path)
        self._evaluate(SHOW, path)
        expect(self.page.locator(EMPTY_WIDGET)).to_have_count(0)
        errors: list[str] = self._evaluate(ERRORS, path)
        return errors if ran else errors or ["Run All stopped"]

    def opened_as(self, name: str) -> tuple[int, bool]:
        """How a notebook was when it was opened, before any cell ran: how many outputs; whether it was modified."""
        self.start(name)
        outputs, modified = self._evaluate(OPENED_AS, f"{name}.ipynb")
        return outputs, modified

    def wait_until_saved(self, name: str) -> dict[str, Any]:
        """Waits until JupyterLab has saved a notebook by itself; returns what the file has."""
        self.page.wait_for_function(IS_SAVED, arg=f"{name}.ipynb")
        saved: dict[str, Any] = json.loads((self.folder / f"{name}.ipynb").read_text(encoding="utf-8"))
        return saved

    def _evaluate(self, script: str, argument: object) -> Any:
        return self.page.evaluate(IN_TIME % (script, MS_TO_RUN, MS_TO_RUN), argument)

    def write(self, name: str, *cells: str) -> None:
        """Writes a notebook of code cells."""
        notebook = new_notebook(cells=[new_code_cell(source) for source in cells], metadata={"kernelspec": KERNEL})
        (self.folder / f"{name}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")

    def run_cell(self, number: int) -> Locator:
        """Runs a cell of the notebook that is shown, and returns its outputs."""
        self.select_cell(number)
        self.command("notebook:run-cell")
        return self.page.locator(f"{PANEL} .jp-Notebook-cell").nth(number).locator(".jp-OutputArea-output")

    def select_cell(self, number: int) -> None:
        """Puts the keyboard's focus on a cell, as Escape does after typing in it."""
        self._evaluate(SELECT_CELL, number)

    def command(self, command: str, **options: str) -> None:
        """Executes a command of JupyterLab's, and waits for its end."""
        self._evaluate(COMMAND, [command, options])

    def use_theme(self, theme: str) -> None:
        """Changes the theme: "Light" or "Dark"."""
        name = f"JupyterLab {theme}"
        if self.page.get_attribute("body", "data-jp-theme-name") != name:
            self.command("apputils:change-theme", theme=name)
            self.page.wait_for_selector(f"body[data-jp-theme-name='{name}']", state="attached")

    def use_width(self, width: int) -> None:
        """Makes the window this many pixels wide."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})

    @property
    def forms(self) -> list[Locator]:
        """The forms of the notebook that is shown."""
        return self.page.locator(f"{OUTPUTS} .widget-vbox:has(> button)").all()

    def violations(self) -> list[str]:
        """What axe-core finds wrong in the outputs of the notebook that is shown: rule, element, how to mend it."""
        found = Axe().run(self.page, context={"include": [[OUTPUTS]]})
        return [
            f"{violation['id']}: {node['html']} {node['failureSummary']}"
            for violation in found.response["violations"]
            for node in violation["nodes"]
        ]

    def too_wide(self) -> list[str]:
        """The widgets, tables and pictures of the notebook that is shown that have too little room in the window."""
        wide: list[str] = self.page.locator(OUTPUTS).evaluate_all(TOO_WIDE)
        return wide

    def sideways(self) -> int:
        """How many pixels the notebook that is shown can be scrolled sideways."""
        wide: int = self.page.locator(f"{PANEL} .jp-WindowedPanel-outer").evaluate(
            "outer => outer.scrollWidth - outer.clientWidth"
        )
        return wide

    def keep_screenshot(self, name: str) -> None:
        """Keeps a picture of the notebook that is shown, from its first cell to its last, to be looked at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        width = self.page.evaluate("window.innerWidth")
        length = self.page.locator(f"{PANEL} .jp-WindowedPanel-inner").evaluate("inner => inner.scrollHeight")
        self.page.set_viewport_size({"width": width, "height": length + 200})
        self.page.locator(f"{PANEL} .jp-WindowedPanel-outer").evaluate("outer => outer.scrollTo(0, 0)")
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")
        self.use_width(width)


@contextmanager
def lab_in(folder: Path, browser: Browser, environment: Mapping[str, str] = PRIVATE) -> Iterator[Lab]:
    """Starts JupyterLab on a learner's copy of the notebooks, with a page of the browser in front of it; ends both.

    Args:
        folder: an empty folder for the copy, and for what JupyterLab writes.
        browser: where the page is opened.
        environment: which account the notebooks open.
    """
    notebooks = folder / "notebooks"
    subprocess.run([sys.executable, CHECKOUT / "tools" / "working_copy.py", folder], check=True)
    with _server(folder, notebooks, environment) as address, browser.new_page() as page:
        page.set_default_timeout(MS_TO_RUN)
        expect.set_options(timeout=MS_TO_ANSWER)
        page.goto(address)
        page.wait_for_function("window.jupyterapp && window.jupyterapp.restored.then(() => true)")
        lab = Lab(page, notebooks)
        lab.command("application:toggle-left-area")
        yield lab


@contextmanager
def _server(folder: Path, root: Path, account: Mapping[str, str]) -> Iterator[str]:
    config = folder / "config"
    _copy_configuration(config)
    token = secrets.token_hex()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "IAM_TUTORIAL_"))}
    environment = inherited | {
        "AWS_EC2_METADATA_DISABLED": "true",
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_TOKEN": token,
        "IPYTHONDIR": str(folder / "ipython"),
        **account,
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.port=0", f"--ServerApp.root_dir={root}"]
    server = subprocess.Popen(
        [*command, "--LabApp.expose_app_in_browser=True"], env=environment, stderr=subprocess.PIPE, cwd=root, text=True
    )
    try:
        yield f"{_address(server)}lab?token={token}"
    finally:
        server.terminate()  # it ends its kernels first
        try:
            server.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            server.kill()
            raise


def _address(server: subprocess.Popen[str]) -> str:
    """Waits until the server says where it is; what it says later is read and dropped, so that it never blocks."""
    assert server.stderr
    said = ""
    for line in server.stderr:
        said += line
        if found := re.search(r"http://127\.0\.0\.1:[1-9]\d*/", line):
            Thread(target=server.stderr.read, daemon=True).start()
            return found[0]
    raise RuntimeError(f"JupyterLab did not start:\n{said}")


def _copy_configuration(config: Path) -> None:
    """The settings that learners have, and every cell in the page, in view or not: axe-core sees no other."""
    learners = CHECKOUT / ".jupyter"
    overrides = json.loads((learners / "labconfig" / "default_setting_overrides.json").read_text(encoding="utf-8"))
    overrides["@jupyterlab/notebook-extension:tracker"] = {"windowingMode": "none"}
    (config / "labconfig").mkdir(parents=True)
    shutil.copy(learners / "jupyter_lab_config.json", config)
    (config / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(overrides), encoding="utf-8")
