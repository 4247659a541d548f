"""A learner's own copy of the notebooks: without outputs, and never overwritten once it is theirs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.sandbox_clients import CHECKOUT

TOOL = CHECKOUT / "tools" / "working_copy.py"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that the test may update."""
    (tmp_path / "tools").mkdir()
    shutil.copy(TOOL, tmp_path / "tools")
    shutil.copytree(CHECKOUT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    return tmp_path


def lay_out(checkout: Path) -> str:
    """What the tool says, run in a checkout."""
    command = [sys.executable, str(checkout / "tools" / "working_copy.py")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def copies(checkout: Path) -> dict[str, bytes]:
    folder = checkout / "my_copy" / "notebooks"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def update(checkout: Path, name: str) -> None:
    """What a new version of the tutorial may bring."""
    path = checkout / "notebooks" / name
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][0]["source"] = ["# Updated"]
    path.write_text(json.dumps(notebook), encoding="utf-8")


def test_a_copy_has_all_cells_and_no_outputs(checkout: Path) -> None:
    assert lay_out(checkout) == ""
    for path in (checkout / "notebooks").glob("*.ipynb"):
        given, own = (
            json.loads(one.read_text(encoding="utf-8"))
            for one in (path, checkout / "my_copy" / "notebooks" / path.name)
        )
        assert [cell["source"] for cell in own["cells"]] == [cell["source"] for cell in given["cells"]]
        code = [cell for cell in own["cells"] if cell["cell_type"] == "code"]
        assert [(cell["outputs"], cell["execution_count"]) for cell in code] == [([], None)] * len(code)
    assert (checkout / "my_copy" / "notebooks" / "images" / "handshake.svg").exists()


def test_again_changes_nothing(checkout: Path) -> None:
    lay_out(checkout)
    before = copies(checkout)
    assert lay_out(checkout) == ""
    assert copies(checkout) == before


def test_an_update_reaches_what_is_as_it_was_given_and_leaves_what_is_the_learners(checkout: Path) -> None:
    lay_out(checkout)
    own = checkout / "my_copy" / "notebooks" / "01_create_role.ipynb"
    own.write_text("mine", encoding="utf-8")
    for name in ("00_start_here.ipynb", "01_create_role.ipynb"):
        update(checkout, name)
    assert "my_copy/notebooks/01_create_role.ipynb is yours" in lay_out(checkout)
    assert own.read_text(encoding="utf-8") == "mine"
    assert b"# Updated" in copies(checkout)["00_start_here.ipynb"]
    own.rename(own.with_name("mine.ipynb"))
    assert lay_out(checkout) == ""
    assert b"# Updated" in copies(checkout)["01_create_role.ipynb"]


def test_where_nobody_knows_what_was_given_all_stays(checkout: Path) -> None:
    lay_out(checkout)
    own = checkout / "my_copy" / "notebooks" / "01_create_role.ipynb"
    own.write_text("mine", encoding="utf-8")
    (own.parent / ".given.json").write_text("damaged", encoding="utf-8")
    lay_out(checkout)
    assert own.read_text(encoding="utf-8") == "mine"


def test_where_it_cannot_be_written_it_says_so_in_a_sentence(checkout: Path) -> None:
    (checkout / "my_copy").write_text("in the way", encoding="utf-8")
    command = [sys.executable, str(checkout / "tools" / "working_copy.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Your copy of the notebooks cannot be kept in my_copy/")
