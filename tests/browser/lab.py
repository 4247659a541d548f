"""JupyterLab in a browser, driven by its own commands: one server and one page for all tests."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, sync_playwright

CHECKOUT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
SCREENSHOTS = CHECKOUT / "test-output" / "screenshots"
NO_BROWSER = "browser tests: not run, no Chromium on the PATH; `apt-get install chromium` installs it"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 480, "height": 900}
SECONDS_TO_RUN, SECONDS_TO_END = 60, 20
OUTPUTS = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output"

OPEN = """async path => {
    const app = window.jupyterapp;
    const panel = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
    await Promise.all([panel.context.ready, panel.sessionContext.ready, panel.revealed]);
    app.shell.activateById(panel.id);
    window.opened = {...window.opened, [path]: panel};
}"""
START = """path => {
    const app = window.jupyterapp;
    app.shell.activateById(window.opened[path].id);
    window.runs = {...window.runs, [path]: app.commands.execute('notebook:run-all-cells')};
}"""
SHOW = "path => window.jupyterapp.shell.activateById(window.opened[path].id)"
# What is shown while code is edited or not trusted is no part of what the notebook says.
ERRORS = """path => window.opened[path].content.widgets.flatMap(cell => cell.model.outputs?.toJSON() ?? [])
    .filter(output => output.output_type === 'error').map(output => `${output.ename}: ${output.evalue}`)"""


def browser_program() -> str | None:
    """The Chromium on the PATH, if there is one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@dataclass
class Lab:
    """JupyterLab, open in a page."""

    page: Page
    opened: set[str] = field(default_factory=set)

    def start(self, name: str) -> None:
        """Opens a notebook and begins Run All; does nothing when that was done before."""
        if name not in self.opened:
            self.opened.add(name)
            self.page.evaluate(OPEN, name)
            self.page.evaluate(START, name)

    def run_all(self, name: str) -> list[str]:
        """Waits until every cell has run, shows the notebook, and returns the errors that cells raised."""
        self.start(name)
        ran = self.page.evaluate("path => window.runs[path]", name)
        self.page.evaluate(SHOW, name)
        errors: list[str] = self.page.evaluate(ERRORS, name)
        return errors if ran else errors or ["Run All stopped"]

    def command(self, command: str, **arguments: str) -> None:
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [command, arguments])

    @property
    def outputs(self) -> Locator:
        return self.page.locator(OUTPUTS)

    def violations(self) -> list[str]:
        """What axe-core finds wrong in the outputs of the notebook that is shown: rule, element, how to mend it."""
        found = Axe().run(self.page, context={"include": [[OUTPUTS]]})
        return [
            f"{violation['id']}: {node['html']} {node['failureSummary']}"
            for violation in found.response["violations"]
            for node in violation["nodes"]
        ]

    def keep_screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@contextmanager
def lab_in(folder: Path, program: str) -> Iterator[Lab]:
    """Starts JupyterLab on a copy of the notebooks, and a browser in front of it; ends both.

    Args:
        folder: an empty folder for the copy, and for what JupyterLab writes.
        program: the Chromium to start.
    """
    with _server(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS.split())
        page = browser.new_page(viewport=WIDE)
        page.set_default_timeout(SECONDS_TO_RUN * 1000)
        page.goto(address)
        page.wait_for_function("window.jupyterapp && window.jupyterapp.restored.then(() => true)")
        lab = Lab(page)
        lab.command("application:toggle-left-area")
        yield lab
        browser.close()


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    root, config = folder / "notebooks", folder / "config"
    shutil.copytree(CHECKOUT / "notebooks", root, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    _copy_configuration(config)
    token = secrets.token_hex()
    environment = os.environ | {
        "IAM_TUTORIAL_TARGET": "private",
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_TOKEN": token,
        "IPYTHONDIR": str(folder / "ipython"),
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
