"""`make bench`, after `make site`: how long a visitor waits, from the first byte on, and how long each notebook runs.

The browser has nothing yet of the site at each visit, and the disk's cache is warm.
"""

import time
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from support.lab import FLAGS, NOTEBOOKS, OUTPUTS, browser_program
from support.site import served, site_lab

SITE = Path(__file__).resolve().parents[1] / "_site"
MOST_SECONDS_TO_CARD, MOST_SECONDS_TO_RUN = 15, 12

KERNEL_READY = "async () => { const session = window.jupyterapp.shell.currentWidget.sessionContext.session; "
KERNEL_READY += "await session.kernel.requestExecute({code: ''}).done; }"


def main() -> None:
    """Prints a line for the card of the first notebook, and one for each notebook's Run All."""
    program = browser_program()
    if not (SITE.exists() and program):
        print("the site in a browser: not measured, for there is no _site/ (`make site`) or no Chromium")
        return
    with served(SITE) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS.split())
        for path in NOTEBOOKS:
            with site_lab(address, browser) as lab:
                began = time.perf_counter()
                lab.visit(f"lab/index.html?path=notebooks/{path.name}")
                lab.page.wait_for_function("window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel")
                if path is NOTEBOOKS[0]:
                    lab.command("notebook:run-all-cells")
                    expect(lab.page.locator(OUTPUTS).first).to_contain_text("Region")
                    report("site: first byte to the card of the first notebook", began, MOST_SECONDS_TO_CARD)
                lab.page.evaluate(KERNEL_READY)
                began = time.perf_counter()
                lab.command("notebook:run-all-cells")
                report(f"site: Run All of {path.stem}", began, MOST_SECONDS_TO_RUN)
        browser.close()


def report(title: str, began: float, most: float) -> None:
    """Prints the seconds since then."""
    seconds = time.perf_counter() - began
    print(f"{title:58} {seconds:9.1f} s   ({'within' if seconds <= most else 'OVER'} {most} s)", flush=True)


if __name__ == "__main__":
    main()
