"""The forms: a label, a field, and a sentence that follows each keystroke."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from helpers.forms import Form, arn_form, name_form

HERE = "111122223333"
ROLE = f"arn:aws:iam::{HERE}:role/tutorial-role"
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def test_ipywidgets_loads_only_when_a_form_is_made() -> None:
    program = "import sys, helpers.forms; sys.exit('ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_prefilled_form_is_ready_at_once() -> None:
    form = arn_form("role", value=ROLE, account_id=HERE, options=[ROLE])
    assert form.value == ROLE
    assert form.problem is None
    assert form.field.options == (ROLE,)
    assert f"Good:</strong> role tutorial-role in account {HERE}." in form.message.value


def test_an_empty_form_says_what_is_wanted() -> None:
    form = arn_form("user")
    assert "Not yet:</strong> This is empty; paste the user&#x27;s ARN" in form.message.value
    with pytest.raises(ValueError, match="This is empty"):
        _ = form.value


def test_the_sentence_follows_each_keystroke() -> None:
    form = name_form("user")
    heard = []
    for typed in ("ana", "ana ", "ana b", "ana_b"):
        form.field.value = typed
        heard.append(form.message.value.partition("<strong>")[2].partition(":")[0])
    assert heard == ["Good", "Not yet", "Not yet", "Good"]
    assert form.value == "ana_b"
    assert form.field.continuous_update is True


def test_the_value_is_refused_with_the_same_sentence() -> None:
    form = arn_form("role", value=ROLE, account_id=HERE)
    form.field.value = f"arn:aws:iam::{HERE}:user/ana"
    with pytest.raises(ValueError, match="This is a user's ARN; a role's ARN has `:role/` in it") as refused:
        _ = form.value
    assert str(refused.value) == form.problem


def test_another_account_is_named() -> None:
    form = arn_form("role", value="arn:aws:iam::999988887777:role/x", account_id=HERE)
    assert form.problem is not None
    assert "999988887777" in form.problem
    assert HERE in form.problem


def test_a_policy_of_aws_is_good() -> None:
    form = arn_form("policy", value="arn:aws:iam::aws:policy/AmazonS3FullAccess", account_id=HERE)
    assert "policy AmazonS3FullAccess managed by AWS." in form.message.value


@pytest.mark.parametrize(
    ("form", "label"),
    [
        (arn_form("role"), "Role ARN"),
        (name_form("session"), "Session name"),
        (name_form("user", label="Name of the new user"), "Name of the new user"),
    ],
)
def test_the_label_is_shown_whole(form: Form, label: str) -> None:
    assert form.field.description == label
    assert form.field.style.description_width == "initial"


def test_a_screen_reader_hears_the_sentence() -> None:
    assert '<div role="status" aria-live="polite"' in name_form("role").message.value


@pytest.mark.parametrize("typed", ["<img src=x onerror=alert(1)>", "a<b>", "arn:aws:<script>:::x", '"&'])
def test_what_is_typed_is_never_markup(typed: str) -> None:
    for form in (arn_form("role"), name_form("role")):
        form.field.value = typed
        assert form.problem is not None
        for markup in ("<img", "<b>", "<script"):
            assert markup not in form.message.value


@pytest.mark.parametrize(
    "make", [lambda text: arn_form("role", value=text), lambda text: name_form("role", value=text)]
)
@pytest.mark.parametrize("secret", [KEY_ID, SECRET, f"{ROLE} {KEY_ID}"])
def test_a_secret_never_stays_in_a_form(make: Callable[[str], Form], secret: str) -> None:
    pasted = make("")
    pasted.field.value = secret
    for form in (pasted, make(secret)):
        assert form.field.value == ""
        assert "looks like an access key" in form.message.value
        with pytest.raises(ValueError, match="looks like an access key"):
            _ = form.value
        state = str(form.field.get_state()) + str(form.message.get_state()) + repr(form)
        assert KEY_ID not in state
        assert SECRET not in state


def test_typing_goes_on_after_a_secret() -> None:
    form = name_form("role")
    form.field.value = KEY_ID
    form.field.value = "tutorial-role"
    assert form.value == "tutorial-role"


def test_a_saved_notebook_shows_the_form_in_words() -> None:
    form = arn_form("role", value=ROLE)
    bundle = form._repr_mimebundle_()
    assert bundle["text/plain"] == f"Role ARN: {ROLE} (good)"
    assert "application/vnd.jupyter.widget-view+json" in bundle
    form.field.value = "x y"
    assert repr(form) == "Role ARN (not yet): There is white space inside this, after `x`; remove it."


def test_an_arn_that_is_none_of_those_there_are_is_said() -> None:
    there = "arn:aws:iam::111122223333:role/tutorial-role"
    form = arn_form("role", value=there + "x", account_id="111122223333", options=[there])
    assert form.problem == "This is a role's ARN, but the account has no such role. It has: tutorial-role."
    with pytest.raises(ValueError, match="no such role"):
        _ = form.value
    form.field.value = there
    assert form.value == there
