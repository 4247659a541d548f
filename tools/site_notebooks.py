"""Lays out the notebooks for the site, in the words that are true there; `site/texts.toml` has them."""

import json
import tomllib
from pathlib import Path
from typing import Any

from working_copy import lay_out

TEXTS = Path(__file__).resolve().parents[1] / "site" / "texts.toml"
KERNEL = {
    "kernelspec": {"display_name": "Python (Pyodide)", "language": "python", "name": "python"},
    "language_info": {
        "codemirror_mode": {"name": "python", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": "3.8",
    },
}
"""As the site's kernel tells of itself: JupyterLab calls a notebook modified where it differs."""


def lay_out_for_site(source: Path, target: Path) -> None:
    """Lay out the notebooks without outputs, and the files that they show.

    Args:
        source: the folder with the notebooks.
        target: where to.

    Raises:
        ValueError: the texts name a notebook, a cell or a passage that is not there.
    """
    lay_out(source, target)
    (target / ".given.json").unlink()
    reworded = tomllib.loads(TEXTS.read_text(encoding="utf-8"))
    if gone := [name for name in reworded if not (target / f"{name}.ipynb").exists()]:
        raise ValueError(f"{TEXTS.name} speaks of notebooks that are not there: {', '.join(gone)}.")
    for path in target.glob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["metadata"] |= KERNEL
        for rewording in reworded.get(path.stem, ()):
            _reword(notebook, path.name, **rewording)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _reword(notebook: Any, name: str, cell: str, passage: str = "", put: str = "") -> None:
    found = next((one for one in notebook["cells"] if one["id"] == cell), None)
    source = "".join(found["source"]) if found else ""
    if not found or (passage and source.count(passage) != 1):
        raise ValueError(f"{TEXTS.name} speaks of what is not in {name}: {cell}, {passage!r}.")
    if passage:
        found["source"] = source.replace(passage, put)
    else:
        notebook["cells"].remove(found)
