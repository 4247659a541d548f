"""The notebooks as the site has them: in words that are true there, and with the rest as it is."""

import json
import re
from pathlib import Path

import pytest
import site_notebooks

from support.lab import CHECKOUT

# What there is on a machine alone, however it is said.
NOT_THERE = re.compile(r"\bmake \w+-?\w*`|\.sandbox|\.accounts|~/\.aws|own (AWS )?account\b|own terminal|checkout")


def test_no_notebook_speaks_of_what_is_not_there(tmp_path: Path) -> None:
    site_notebooks.lay_out_for_site(CHECKOUT / "notebooks", tmp_path)
    found = {
        (path.name, cell["id"], said[0])
        for path in tmp_path.glob("*.ipynb")
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "markdown"
        for said in NOT_THERE.finditer("".join(cell["source"]))
    }
    assert found == {("10_why_was_it_refused.ipynb", "why-51", "own account")}  # the role's


@pytest.mark.parametrize(
    "texts",
    [
        '[[no_such_notebook]]\ncell = "00-00"',
        '[[00_start_here]]\ncell = "no-such-cell"',
        '[[00_start_here]]\ncell = "00-00"\npassage = "no such passage"\nput = ""',
    ],
)
def test_a_text_for_what_is_gone_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: str) -> None:
    file = tmp_path / "texts.toml"
    file.write_text(texts)
    monkeypatch.setattr(site_notebooks, "TEXTS", file)
    with pytest.raises(ValueError, match=r"no.such|not there"):
        site_notebooks.lay_out_for_site(CHECKOUT / "notebooks", tmp_path / "site")
