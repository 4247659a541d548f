"""Builds the tutorial as a site of static files: JupyterLab, Python and the sandbox, all in the visitor's browser.

    python tools/build_site.py [FOLDER]

It takes Pyodide, which is Python for browsers, from npm by its hash, and everything else from this environment, which
was installed from `locks/` by hash. The site asks no other host for anything.

https://jupyterlite.readthedocs.io/en/stable/howto/index.html
"""

import argparse
import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from site_notebooks import lay_out_for_site
from site_packages import unpack_all

CHECKOUT = Path(__file__).resolve().parents[1]
SITE = CHECKOUT / "site"
PYODIDE = "314.0.7"
PYODIDE_SHA512 = "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
SETTINGS = CHECKOUT / ".jupyter/labconfig/default_setting_overrides.json"
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"


class BuildError(Exception):
    """The site cannot be built; the message says why."""


def build(target: Path) -> None:
    """Build the site.

    Args:
        target: the folder for it; what was in it is replaced.

    Raises:
        BuildError: a program is missing or fails, or what it fetched is not what it should be.
    """
    with tempfile.TemporaryDirectory(prefix="iam-tutorial-site-") as temporary:
        lite = Path(temporary)
        packages = _lay_out_python(lite / "static" / "pyodide", lite / "packages")
        lay_out_for_site(CHECKOUT / "notebooks", lite / "contents" / "notebooks")
        config = json.loads((SITE / "jupyter-lite.json").read_text(encoding="utf-8"))
        config["jupyter-config-data"]["litePluginSettings"][KERNEL]["loadPyodideOptions"]["packages"] = packages
        (lite / "jupyter-lite.json").write_text(json.dumps(config), encoding="utf-8")
        shutil.copy(SETTINGS, lite / "overrides.json")
        if target.exists():
            shutil.rmtree(target)
        folders = (f"--lite-dir={lite}", f"--contents={lite / 'contents'}", f"--output-dir={target}")
        _run(CHECKOUT / ".venv/bin/jupyter-lite", "build", *folders, "--apps=lab", "--no-sourcemaps", cwd=lite)
    _add_own_files(target)


def _lay_out_python(pyodide: Path, packages: Path) -> list[str]:
    """Lay out Python and all that it has installed, compiled for it; return the names of the packages."""
    fetched = _fetch_pyodide(packages)
    lock = json.loads((fetched / "pyodide-lock.json").read_text(encoding="utf-8"))
    unpacked = unpack_all(packages, lock["info"]["python"])
    _run("node", SITE / "compile.mjs", fetched, *(package.folder for package in unpacked), cwd=packages)
    pyodide.mkdir(parents=True)
    for name in RUNTIME:
        shutil.copy(fetched / name, pyodide / name)
    lock["packages"] = {package.name: package.write_wheel(pyodide) for package in unpacked}
    (pyodide / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return sorted(lock["packages"])


def _fetch_pyodide(folder: Path) -> Path:
    """Fetch Pyodide from npm, as npm is set up here, and return the folder that it is in then."""
    folder.mkdir(parents=True)
    _run("npm", "pack", "--silent", f"pyodide@{PYODIDE}", cwd=folder)
    archive = folder / f"pyodide-{PYODIDE}.tgz"
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != PYODIDE_SHA512:
        raise BuildError(f"npm's pyodide {PYODIDE} is not the one that is meant: its SHA-512 is {found}.")
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    archive.unlink()
    return (folder / "package").rename(folder / "pyodide")


def _add_own_files(target: Path) -> None:
    """Add what opens the first notebook, what a page looks for first, and what keeps the site in the browser."""
    shutil.copy(SITE / "index.html", target / "index.html")
    shutil.copy(target / "lab" / "favicon.ico", target / "favicon.ico")
    shutil.copytree(CHECKOUT / "notebooks" / "images", target / "lab" / "images")
    worker = target / "service-worker.js"
    worker.rename(target / "jupyterlite-service-worker.js")
    files = {
        path.relative_to(target).as_posix(): path.read_bytes() for path in sorted(target.rglob("*")) if path.is_file()
    }
    version = hashlib.sha256(b"".join(files.values())).hexdigest()[:16]
    settings = f"const FILES = {json.dumps(list(files))};\nconst VERSION = {json.dumps(version)};\n"
    worker.write_text(settings + (SITE / "service-worker.js").read_text(encoding="utf-8"), encoding="utf-8")


def _run(program: str | Path, *arguments: str | Path, cwd: Path) -> None:
    """Run a program of the build's, and show nothing of it unless it fails."""
    try:
        done = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise BuildError(f"The site's build needs {program}: install Node.js, which brings node and npm.") from error
    if done.returncode:
        raise BuildError(f"{Path(program).name} failed:\n{done.stdout}{done.stderr}")


def main() -> int:
    """Build the site; returns the exit code."""
    parser = argparse.ArgumentParser(description="Build the tutorial as a site of static files.")
    parser.add_argument("folder", nargs="?", type=Path, default=CHECKOUT / "_site", help="where to (default: _site)")
    folder = parser.parse_args().folder.resolve()
    try:
        build(folder)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    print(f"The site is in {folder.name}/ ({size:.0f} MB).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
