"""Takes out of notebooks what is of one machine or one run: widget state, versions, times, editors' marks.

    python tools/clean_notebooks.py [--check] NOTEBOOK...

Sources, outputs, cell ids and tags stay. With `--check` nothing is written: it names the notebooks that are
not clean, and its exit code is 1 when there are any.
"""

import argparse
import json
import sys
from pathlib import Path

NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = ("jupyter", "tags")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def clean(text: str) -> str:
    """A notebook's text with only the metadata that the project wants."""
    notebook = json.loads(text)
    notebook["metadata"] = NOTEBOOK_METADATA
    for cell in notebook["cells"]:
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key in CELL_METADATA}
        # Folded outputs are shown as a line of raw HTML, as wide as it is long.
        cell["metadata"].get("jupyter", {}).pop("outputs_hidden", None)
        for output in cell.get("outputs", []):
            # It names a widget of a kernel that is gone: viewers would show an error, not the plain text.
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> int:
    """Cleans the notebooks given; returns the exit code, 1 when `--check` found one that is not clean."""
    parser = argparse.ArgumentParser(description="Clean the metadata of notebooks.")
    parser.add_argument("--check", action="store_true", help="write nothing, only say which are not clean")
    parser.add_argument("notebooks", nargs="*", type=Path)
    options = parser.parse_args()
    unclean = False
    for path in options.notebooks:
        text = path.read_text(encoding="utf-8")
        cleaned = clean(text)
        if cleaned == text:
            continue
        unclean = True
        if options.check:
            print(f"{path} is not clean: run tools/clean_notebooks.py on it.")
        else:
            path.write_text(cleaned, encoding="utf-8")
            print(f"{path} cleaned")
    return int(unclean and options.check)


if __name__ == "__main__":
    sys.exit(main())
