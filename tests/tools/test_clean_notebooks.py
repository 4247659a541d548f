"""The project's own tools: what sets it up, and what cleans its notebooks."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from support.sandbox_clients import CHECKOUT

TOOLS = CHECKOUT / "tools"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

SAVED_BY_AN_EDITOR: dict[str, Any] = {
    "nbformat_minor": 5,
    "nbformat": 4,
    "cells": [
        {
            "cell_type": "code",
            "execution_count": 1,
            "id": "a1",
            "metadata": {
                "execution": {"iopub.execute_input": "2026-01-01T00:00:00Z"},
                "jupyter": {"source_hidden": True, "outputs_hidden": True},
                "tags": ["solution"],
                "vscode": {"languageId": "python"},
            },
            "outputs": [
                {
                    "data": {"text/plain": ["Größe"], WIDGET_VIEW: {"model_id": "1f"}},
                    "execution_count": 1,
                    "metadata": {},
                    "output_type": "execute_result",
                }
            ],
            "source": ["form"],
        }
    ],
    "metadata": {
        "kernelspec": {"display_name": "mine", "language": "python", "name": "mine"},
        "language_info": {"name": "python", "version": "3.11.7"},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}},
    },
}


def run(tool: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, TOOLS / tool, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "saved.ipynb"
    path.write_text(json.dumps(SAVED_BY_AN_EDITOR), encoding="utf-8")
    return path


def test_cleaning_keeps_what_the_author_made_and_drops_what_one_run_left(notebook: Path):
    assert run("clean_notebooks.py", notebook).returncode == 0
    cleaned = json.loads(notebook.read_text(encoding="utf-8"))
    wanted = {
        "id": "a1",
        "metadata": {"jupyter": {"source_hidden": True}, "tags": ["solution"]},
        "source": ["form"],
    }
    assert wanted.items() <= cleaned["cells"][0].items()
    assert cleaned["cells"][0]["outputs"][0]["data"] == {"text/plain": ["Größe"]}
    assert cleaned["metadata"] == {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_a_clean_notebook_stays_byte_for_byte(notebook: Path):
    run("clean_notebooks.py", notebook)
    before = notebook.read_bytes()
    again = run("clean_notebooks.py", notebook)
    assert (again.returncode, again.stdout, notebook.read_bytes()) == (0, "", before)


def test_a_clean_notebook_is_written_as_jupyter_writes_it(notebook: Path):
    run("clean_notebooks.py", notebook)
    text = notebook.read_text(encoding="utf-8")
    assert text == nbformat.writes(nbformat.reads(text, as_version=4)) + "\n"


def test_check_names_the_notebook_and_writes_nothing(notebook: Path):
    before = notebook.read_bytes()
    checked = run("clean_notebooks.py", "--check", notebook)
    assert checked.returncode == 1
    assert str(notebook) in checked.stdout
    assert notebook.read_bytes() == before
    run("clean_notebooks.py", notebook)
    assert run("clean_notebooks.py", "--check", notebook).returncode == 0


def test_a_python_that_can_set_up_the_tutorial_is_accepted_silently():
    accepted = run("check_python.py")
    assert (accepted.returncode, accepted.stdout, accepted.stderr) == (0, "", "")


def test_a_python_without_venv_is_told_what_to_install_in_one_sentence(tmp_path: Path):
    (tmp_path / "ensurepip.py").write_text("raise ImportError('left out by this system')")
    refused = run("check_python.py", PYTHONPATH=str(tmp_path))
    assert refused.returncode == 1
    assert f"python{sys.version_info.major}.{sys.version_info.minor}-venv" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_python_that_is_too_old_is_told_so_in_one_sentence(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.version_info = (3, 10, 13, 'final', 0)")
    refused = run("check_python.py", PYTHONPATH=str(tmp_path))
    assert refused.returncode == 1
    assert "needs Python 3.11 or newer, and this is Python 3.10" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
