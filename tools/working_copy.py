"""Lays out the notebooks for a learner: a copy of their own, without the outputs that are stored as examples.

    python tools/working_copy.py [FOLDER]

What the learner has run or written stays as it is, whatever an update brings: a notebook is written anew only where
it is still as it was given. So the tracked notebooks never change by being used, and what a notebook shows is of the
learner's own account.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from ipykernel.ipkernel import IPythonKernel

CHECKOUT = Path(__file__).resolve().parents[1]
GIVEN = ".given.json"
PATTERNS = ("*.ipynb", "*.py", "*.md", "images/*")


def without_outputs(text: str) -> str:
    """A notebook's text as the kernel of this machine would have it before any cell ran.

    JupyterLab calls a notebook modified when it is opened and its language is another than the kernel's.
    """
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    notebook["metadata"]["language_info"] = IPythonKernel.language_info
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def lay_out(source: Path, target: Path) -> list[str]:
    """Copies what is new or changed in `source`, and returns the names that were left alone, for they are changed.

    Args:
        source: the folder with the notebooks, and the files that they show.
        target: the learner's folder; made where it is missing.
    """
    given = _read(target / GIVEN)
    left_alone = []
    for path in sorted(path for pattern in PATTERNS for path in source.glob(pattern)):
        name = path.relative_to(source).as_posix()
        content = path.read_bytes()
        if path.suffix == ".ipynb":
            content = without_outputs(content.decode()).encode()
        own = target / name
        if own.exists() and _hash(own.read_bytes()) != given.get(name):
            if _hash(content) != given.get(name) and own.read_bytes() != content:
                left_alone.append(name)
            continue
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_bytes(content)
        given[name] = _hash(content)
    (target / GIVEN).write_text(json.dumps(given, indent=1), encoding="utf-8")
    return left_alone


def _read(path: Path) -> dict[str, str]:
    try:
        read: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}  # everything that is there counts as changed then, and stays
    return read


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> int:
    """Lays out the copy; returns the exit code, 1 where it cannot be written."""
    parser = argparse.ArgumentParser(description="Lay out a learner's copy of the notebooks.")
    parser.add_argument(
        "folder", nargs="?", type=Path, default=CHECKOUT / "my_copy", help="where to (default: my_copy)"
    )
    folder = parser.parse_args().folder
    try:
        left_alone = lay_out(CHECKOUT / "notebooks", folder / "notebooks")
    except OSError as error:
        print(
            f"Your copy of the notebooks cannot be kept in {folder.name}/ of this checkout ({error.strerror}): clone "
            "the tutorial into a folder of your own.",
            file=sys.stderr,
        )
        return 1
    for name in left_alone:
        print(f"{folder.name}/notebooks/{name} is yours and was left as it is: rename it to get the updated one.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
