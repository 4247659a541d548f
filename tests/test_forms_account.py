"""The start notebook's form: what it shows, what it saves, and that it does nothing until its button is pressed."""

import re
from html import unescape
from pathlib import Path

import pytest
from ipywidgets import HTML

from helpers.forms import account_form
from helpers.own_account.choice import Choice, read_choice, save_choice
from helpers.sandbox.outside.connection import Connection
from helpers.widgets.fields import FormError
from helpers.widgets.form import ActionForm
from support.learner import Learner, learner_at
from support.sandbox_clients import HERE, THERE, administrator, allow, new_user, unique

MINE = "my AWS account"


@pytest.fixture
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: Connection) -> Learner:
    """Somebody who administers the sandbox, which plays AWS, with a key in a profile."""
    learner = learner_at(tmp_path, monkeypatch, sandbox)
    signer = administrator(sandbox)
    key = f"aws_access_key_id = {signer.access_key_id}\naws_secret_access_key = {signer.secret_access_key}\n"
    learner.write(".aws/credentials", f"[work]\n{key}")
    learner.write(".aws/config", "[profile work]\nregion = eu-central-1\n[profile play]\n")
    return learner


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "accounts"


def fill(form: ActionForm, **texts: str) -> None:
    for name, text in texts.items():
        form._inputs[name].widget.value = text


def press(form: ActionForm) -> str:
    """Presses the button, and waits; returns all that the form says then."""
    form.button.click()
    form._wait()
    texts = " ".join(widget.value for widget in form._box.children if isinstance(widget, HTML))
    return unescape(re.sub(r"<[^>]*>", " ", texts))


def test_run_all_changes_nothing_and_waits_for_nobody(learner: Learner, folder: Path) -> None:
    form = account_form(folder)
    assert repr(form) == "Where: sandbox"
    assert not folder.exists()
    assert not form.button.disabled
    assert form._inputs["profile"].widget.options == ("work", "play")


def test_fields_that_do_not_apply_to_the_sandbox_are_hidden_and_do_not_count(learner: Learner, folder: Path) -> None:
    form = account_form(folder)
    own = [form._inputs[name] for name in ("profile", "region", "learner", "account_id")]
    assert {each.widget.layout.display for each in own} == {"none"}
    fill(form, target=MINE, account_id="12")
    assert {each.widget.layout.display for each in own} == {None}
    assert form.problem
    fill(form, target="sandbox")
    assert {each.widget.layout.display for each in own} == {"none"}
    assert "The notebooks act in the sandbox" in press(form)


def test_where_an_account_cannot_be_opened_it_says_where_the_notebooks_act(learner: Learner, folder: Path) -> None:
    form = account_form(folder)
    fill(form, target=MINE, profile="nowhere")
    assert "There is no profile nowhere" in press(form)
    assert "Until it is opened, the notebooks act in the sandbox, as before." in form.message.value


def test_the_account_is_shown_before_its_number_is_asked_for(
    learner: Learner, folder: Path, sandbox: Connection
) -> None:
    form = account_form(folder)
    fill(form, target=MINE, profile="work", learner="ana")
    told = press(form)
    for fact in (HERE, "user/administrator", "eu-central-1", "ana-tutorial-role", "You may do what the tutorial does"):
        assert fact in told
    assert "type its number into the field “Account number”" in told
    assert administrator(sandbox).access_key_id not in told
    assert administrator(sandbox).secret_access_key not in told
    assert read_choice(folder) == Choice(), "nothing is chosen yet"


def test_the_right_number_chooses_the_account(learner: Learner, folder: Path) -> None:
    form = account_form(folder)
    fill(form, target=MINE, profile="work", account_id="1111-2222-3333")
    assert "Saved for all notebooks of this checkout" in press(form)
    assert read_choice(folder) == Choice("aws", "work", "eu-central-1", "administrator", HERE)
    again = account_form(folder)
    assert repr(again).splitlines() == [
        f"Where: {MINE}",
        "Profile: work",
        "Region: eu-central-1",
        "Your prefix: administrator",
        f"Account number: {HERE}",
    ]


def test_a_wrong_number_is_refused_and_nothing_is_saved(learner: Learner, folder: Path) -> None:
    form = account_form(folder)
    fill(form, target=MINE, profile="work", account_id=THERE)
    assert f"The account number that was typed is {THERE}" in press(form)
    assert form.answer.value == ""
    with pytest.raises(FormError, match="are for account 111122223333"):
        _ = form.result
    assert not folder.exists()


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("learner", "Ana", "“Ana” cannot be the prefix of your names"),
        ("account_id", "12", "“12” is no account number"),
    ],
)
def test_a_field_that_is_not_right_is_told_beside_it(
    learner: Learner, folder: Path, field: str, text: str, sentence: str
) -> None:
    form = account_form(folder)
    fill(form, target=MINE, **{field: text})
    assert sentence in form._inputs[field].message.value
    assert sentence in press(form)
    assert not folder.exists()


def test_a_refusal_is_shown_in_its_own_words(learner: Learner, folder: Path) -> None:
    form = account_form(folder)
    fill(form, target=MINE, profile="nowhere")
    assert "Not yet: There is no profile nowhere in your AWS configuration" in " ".join(press(form).split())


def test_missing_permissions_are_listed(learner: Learner, folder: Path, sandbox: Connection) -> None:
    user = new_user(sandbox, allow(["iam:Get*", "iam:List*", "iam:Simulate*"]), name=unique("ben"))
    learner.export_key(user.key)
    form = account_form(folder)
    fill(form, target=MINE, account_id=HERE)
    told = press(form)
    assert "Missing: iam:AttachRolePolicy, iam:CreateRole," in told
    assert not folder.exists()


def test_permissions_that_could_not_be_asked_are_said_and_do_not_stop(
    learner: Learner, folder: Path, sandbox: Connection
) -> None:
    user = new_user(sandbox, name=unique("cem"))
    learner.export_key(user.key)
    form = account_form(folder)
    fill(form, target=MINE, learner="cem", account_id=HERE)
    told = press(form)
    assert "could not be asked" in told
    assert read_choice(folder).learner == "cem"


def test_the_sandbox_can_be_chosen_again(learner: Learner, folder: Path) -> None:
    save_choice(Choice("aws", "work", "eu-central-1", "ana", HERE), folder)
    form = account_form(folder)
    fill(form, target="sandbox")
    assert "The notebooks act in the sandbox" in press(form)
    assert read_choice(folder) == Choice()


@pytest.mark.parametrize(
    ("variable", "value", "chosen"),
    [
        ("IAM_TUTORIAL_TARGET", "private", "sandbox"),
        ("IAM_TUTORIAL_TARGET", "private", MINE),
        ("IAM_TUTORIAL_TARGET", "sandbox", MINE),
        ("IAM_TUTORIAL_TARGET", "aws", "sandbox"),
        ("IAM_TUTORIAL_PROFILE", "play", MINE),
    ],
)
def test_a_variable_that_decides_is_named(
    learner: Learner, folder: Path, variable: str, value: str, chosen: str
) -> None:
    learner.export(**{variable: value})
    form = account_form(folder)
    fill(form, target=chosen, profile="work")
    assert f"The variable {variable} is set to {value} and decides" in press(form)
    assert not folder.exists()


def test_a_variable_that_says_the_same_is_no_hindrance(learner: Learner, folder: Path) -> None:
    learner.export(IAM_TUTORIAL_TARGET="aws")
    form = account_form(folder)
    fill(form, profile="work", account_id=HERE)
    assert "Saved for all notebooks" in press(form)
    assert read_choice(folder).account_id == HERE


def test_a_broken_configuration_keeps_nobody_from_the_form(learner: Learner, folder: Path) -> None:
    learner.write(".aws/config", "[broken\n")
    form = account_form(folder)
    assert form._inputs["profile"].widget.options == ()
    fill(form, target=MINE)
    assert "is no AWS configuration that can be read" in press(form)


def test_a_key_never_stays_in_the_form(learner: Learner, folder: Path) -> None:
    form = account_form(folder)
    fill(form, profile="AKIAIOSFODNN7EXAMPLE")
    assert form._inputs["profile"].widget.value == ""
    assert "looks like an access key" in press(form)
    assert "AKIAIOSFODNN7EXAMPLE" not in repr(form)
