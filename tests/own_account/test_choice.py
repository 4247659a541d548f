"""Where the notebooks act: what the environment says, what the start notebook saved, and which of them counts."""

import json
import stat
from pathlib import Path

import pytest

from helpers.own_account.choice import VARIABLES, Choice, ChoiceError, read_choice, save_choice

SAVED = Choice("aws", "work", "eu-central-1", "anna", "111122223333")

NUMBERS = json.dumps(dict.fromkeys(VARIABLES, 7))


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)


def test_without_a_choice_it_is_the_sandbox(tmp_path: Path) -> None:
    assert read_choice(tmp_path / "not there") == Choice(target="sandbox")


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    save_choice(SAVED, tmp_path / "accounts")
    assert read_choice(tmp_path / "accounts") == SAVED
    save_choice(Choice(), tmp_path / "accounts")
    assert read_choice(tmp_path / "accounts") == Choice()


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "accounts"
    folder.mkdir(mode=0o755)
    save_choice(SAVED, folder)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())] == [0o700, 0o600]


def test_a_variable_comes_before_what_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_choice(SAVED, tmp_path)
    monkeypatch.setenv("IAM_TUTORIAL_REGION", "us-west-2")
    monkeypatch.setenv("IAM_TUTORIAL_LEARNER", "")
    assert read_choice(tmp_path) == Choice("aws", "work", "us-west-2", "anna", "111122223333")
    monkeypatch.setenv("IAM_TUTORIAL_TARGET", "aws")
    assert read_choice(tmp_path).profile == "work"


@pytest.mark.parametrize("target", ["sandbox", "private", "moon"])
def test_nothing_saved_counts_for_another_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    save_choice(SAVED, tmp_path)
    monkeypatch.setenv("IAM_TUTORIAL_TARGET", target)
    assert read_choice(tmp_path) == Choice(target=target)


def test_a_number_that_was_saved_with_the_sandbox_is_not_typed_for_your_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_choice(Choice("sandbox", account_id="111122223333"), tmp_path)
    monkeypatch.setenv("IAM_TUTORIAL_TARGET", "aws")
    assert read_choice(tmp_path) == Choice(target="aws")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"target": "aws"}', '"aws"', NUMBERS])
def test_a_damaged_file_is_said_with_what_to_do(tmp_path: Path, text: str) -> None:
    save_choice(SAVED, tmp_path / "accounts")
    (tmp_path / "accounts" / "choice.json").write_text(text)
    with pytest.raises(ChoiceError, match=r"saved in accounts/choice.json cannot be read: it is damaged\. Delete that"):
        read_choice(tmp_path / "accounts")


def test_a_damaged_file_is_of_no_matter_to_a_sandbox_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "choice.json").write_text("{")
    monkeypatch.setenv("IAM_TUTORIAL_TARGET", "private")
    assert read_choice(tmp_path) == Choice(target="private")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ChoiceError, match="cannot be saved in accounts/ of this checkout"):
        save_choice(SAVED, tmp_path / "file" / "accounts")
