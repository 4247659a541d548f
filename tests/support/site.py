"""The tutorial's site, served as a static host does, and JupyterLab on it in a browser."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.sync_api import Browser, BrowserContext, expect

from support.lab import MS_TO_ANSWER, MS_TO_RUN, Lab

# Every cell in the page, in view or not: axe-core sees no other.
NOT_WINDOWED = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}


class SiteLab(Lab):
    """JupyterLab on the site.

    Attributes:
        context: the browser's profile, which keeps what the site stores.
        address: of the site.
        elsewhere: the addresses of other hosts that were asked for something.
        complaints: what the browser's console said was wrong.
    """

    def __init__(self, context: BrowserContext, address: str) -> None:
        super().__init__(context.new_page(), Path())
        self.context, self.address = context, address
        self.elsewhere, self.complaints = list[str](), list[str]()
        context.on("request", lambda request: self._note(request.url))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.set_default_timeout(MS_TO_RUN)
        expect.set_options(timeout=MS_TO_ANSWER)

    def _note(self, url: str) -> None:
        if not url.startswith((self.address, "blob:", "data:")):
            self.elsewhere.append(url)

    def visit(self, path: str = "lab/index.html") -> None:
        """Opens a page of the site, and waits until JupyterLab is there."""
        self.page.goto(self.address + path)
        self.page.wait_for_function("window.jupyterapp && window.jupyterapp.restored.then(() => true)")
        self.started.clear()

    def close(self, name: str) -> None:
        """Closes a notebook, and ends its kernel."""
        self.command("kernelmenu:shutdown")
        self.command("application:close")
        self.started.discard(name)


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript", ".wasm": "application/wasm"}

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a test's output is its own."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a folder on a port of this machine; yields its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@contextmanager
def site_lab(address: str, browser: Browser) -> Iterator[SiteLab]:
    """Opens the site as in a new browser: nothing of it is kept yet, and nothing is kept after the block."""
    with browser.new_context() as context:
        yield SiteLab(context, address)


def show_all_cells(folder: Path) -> None:
    """Has a site keep every cell of a notebook in the page, in view or not."""
    path = folder / "overrides.json"
    overrides = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(overrides | NOT_WINDOWED), encoding="utf-8")
