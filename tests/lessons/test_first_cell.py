"""A cell that runs before the notebook's first one, in a real kernel of this environment."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from support.lab import NOTEBOOKS


def outputs_of(*cells: str) -> list[list[nbformat.NotebookNode]]:
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    NotebookClient(notebook, allow_errors=True, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_name_that_the_first_cell_gives_is_told_in_a_sentence() -> None:
    ((error,), (own,), (other,)) = outputs_of("steps.check(account, 1)", "account = 1\nnope", "1 / 0")
    assert error.ename == "NameError"
    assert error.traceback == [
        "Run the first cell of this notebook first, and then those below it: name 'steps' is not defined. It opens the "
        "account and imports what "
        "the other cells use, also after the kernel was started anew."
    ]
    assert (own.ename, len(own.traceback) > 1) == ("NameError", True), "a mistake of one's own is shown as ever"
    assert other.ename == "ZeroDivisionError"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_notebook_opens_the_account_before_anything_else(path: Path) -> None:
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert "\naccount = open_" in next(source for source in code if "account_form()" not in source)
