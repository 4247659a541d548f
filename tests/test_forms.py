"""The forms: a label, a field, a button, and sentences that follow what is typed and what is done."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ipywidgets import HTML

from helpers import iam, policies
from helpers.account import open_account
from helpers.display import Rows, Shown
from helpers.forms import arn_form, name_form, new_name_form
from helpers.widgets.fields import Field, FormError
from helpers.widgets.form import ActionForm, Form, action_form

HERE = "111122223333"
ROLE = f"arn:aws:iam::{HERE}:role/tutorial-role"
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SECONDS_TO_WAIT = 10


def html(form: Form | ActionForm) -> str:
    """What the form says, in the order of the page."""
    return " ".join(widget.value for widget in form._box.children if isinstance(widget, HTML))


def said(form: Form | ActionForm) -> str:
    """The same as text."""
    return unescape(re.sub(r"<[^>]*>", "", html(form))).strip()


def press(form: Form | ActionForm) -> None:
    form.button.click()
    form._wait()


@pytest.mark.exhaustive
def test_ipywidgets_loads_only_when_a_form_is_made() -> None:
    program = "import sys, helpers.forms; sys.exit('ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_prefilled_form_is_used_at_once() -> None:
    form = arn_form("role", value=ROLE, account_id=HERE, options=[ROLE])
    assert said(form) == f"✓ Ready: the next cell uses role tutorial-role in account {HERE}."
    assert form.value == ROLE
    assert form.field.options == (ROLE,)


def test_an_empty_form_says_what_is_wanted() -> None:
    form = arn_form("user")
    assert said(form).startswith("✗ Not yet: This is empty; paste the user's ARN")
    with pytest.raises(ValueError, match="This is empty"):
        _ = form.value


def test_the_sentence_follows_each_keystroke() -> None:
    form = name_form("user")
    heard = []
    for typed in ("ana", "ana ", "ana b", "ana_b"):
        form.field.value = typed
        heard.append(said(form).removeprefix("✗ ").partition(":")[0])
    assert heard == ["Good", "Not yet", "Not yet", "Good"]
    assert said(form) == "Good: the name ana_b. Press “Use this name”, or run the next cell."
    assert form.field.continuous_update is True


def test_the_button_says_what_it_did() -> None:
    form = name_form("user", value="ana")
    form.field.value = "ben"
    press(form)
    assert said(form) == "✓ Ready: the next cell uses the name ben."
    press(form)
    assert said(form) == "✓ Ready: the next cell uses the name ben."


def test_the_next_cell_uses_what_was_typed_without_the_button_too() -> None:
    form = name_form("user", value="ana")
    form.field.value = "ben"
    assert form.value == "ben"
    assert said(form) == "✓ Ready: the next cell uses the name ben."


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
    assert "policy AmazonS3FullAccess managed by AWS." in said(form)


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


def test_a_problem_interrupts_a_screen_reader_only_when_the_button_was_used() -> None:
    form = name_form("role", value="a b")
    told = form._inputs["value"].message
    assert '<div role="status"' in told.value
    press(form)
    assert '<div role="alert"' in told.value


@pytest.mark.parametrize("typed", ["<img src=x onerror=alert(1)>", "a<b>", "arn:aws:<script>:::x", '"&'])
def test_what_is_typed_is_never_markup(typed: str) -> None:
    for form in (arn_form("role"), name_form("role")):
        form.field.value = typed
        assert form.problem is not None
        for markup in ("<img", "<b>", "<script"):
            assert markup not in html(form)


@pytest.mark.parametrize(
    "make", [lambda text: arn_form("role", value=text), lambda text: name_form("role", value=text)]
)
@pytest.mark.parametrize("secret", [KEY_ID, SECRET, f"{ROLE} {KEY_ID}"])
def test_a_secret_never_stays_in_a_form(make: Callable[[str], Form], secret: str) -> None:
    pasted = make("")
    pasted.field.value = secret
    for form in (pasted, make(secret)):
        assert form.field.value == ""
        assert "looks like an access key" in said(form)
        with pytest.raises(ValueError, match="looks like an access key"):
            _ = form.value
        state = str([widget.get_state() for widget in form._box.children]) + repr(form)
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
    form = arn_form("role", value=ROLE + "x", account_id=HERE, options=[ROLE])
    assert said(form) == ("✗ Not yet: This is a role's ARN, but the account has no such role. It has: tutorial-role.")
    with pytest.raises(ValueError, match="no such role"):
        _ = form.value
    form.field.value = ROLE
    assert form.value == ROLE


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (ROLE.replace("role/", "role/team/"), "its path is /team/, not /"),
        (ROLE.replace("arn:aws:", "arn:aws-cn:"), "its partition is aws-cn, not aws"),
        (ROLE.replace("tutorial-role", "Tutorial-Role"), "its letter case is Tutorial-Role, not tutorial-role"),
    ],
)
def test_the_part_in_which_an_arn_differs_from_one_that_is_there_is_told(given: str, words: str) -> None:
    form = arn_form("role", value=given, options=[ROLE])
    assert f"It has {ROLE}: of yours, {words}." in said(form)


def test_an_arn_is_not_called_good_before_it_was_looked_up() -> None:
    form = arn_form("role", value=ROLE, options=[ROLE])
    form.field.value = ROLE + "x"
    assert said(form).startswith("Well formed: ")


def test_a_name_that_the_tutorial_has_already_is_said() -> None:
    account = open_account("private")
    client = account.client("iam")
    form = new_name_form(account, "role", value="forms-role")
    assert "already" not in said(form)
    press(form)
    assert "Where the texts say tutorial-role, read forms-role." in said(form)
    trust = policies.policy(policies.trust_service("ec2.amazonaws.com"))
    iam.create_role(client, name="forms-role", trust_policy=trust)
    press(form)
    assert "That role is there already, and stays as it is." in said(form)
    form.field.value = "forms-other"
    press(form)
    assert "The role forms-role is there already: there will be two" in said(form)
    iam.delete_role(client, name="forms-role")


def test_the_account_is_asked_each_time_the_button_is_pressed() -> None:
    client = open_account("private").client("iam")
    ana = iam.create_user(client, name="forms-ana").arn
    form = arn_form("user", value=ana, account_id=HERE, options=lambda: iam.list_user_arns(client))
    assert ana in form.field.options
    iam.delete_user(client, name="forms-ana")
    press(form)
    assert "the account has no such user" in said(form)
    with pytest.raises(FormError, match="no such user"):
        _ = form.value
    iam.create_user(client, name="forms-ana")
    assert form.value == ana
    iam.delete_user(client, name="forms-ana")


# --- a form of several fields


@dataclass(frozen=True, repr=False)
class Greeting(Shown):
    words: str

    def title(self) -> str:
        return self.words

    def rows(self) -> Rows:
        return [("Length", str(len(self.words)))]


def greet(values: dict[str, str]) -> Shown:
    return Greeting(f"{values['greeting']}, {values['name']}")


def greeting_form(work: Callable[[dict[str, str]], Shown] = greet, **options: Any) -> ActionForm:
    fields = {
        "greeting": Field("Say", value="Hello", options=["Hello", "Goodbye"]),
        "name": Field("To", value="Ana", problem_of=lambda text: None if text else "This is empty."),
    }
    return action_form(fields, button="Greet", work=work, **options)


def fill(form: ActionForm, **texts: str) -> None:
    for name, text in texts.items():
        form._inputs[name].widget.value = text


def test_run_all_leaves_an_answer() -> None:
    form = greeting_form()
    assert form._repr_mimebundle_()["text/plain"] == "Say: Hello\nTo: Ana\nHello, Ana\n  Length: 10"
    assert form.answer.value == Greeting("Hello, Ana")._repr_html_()
    assert form.result == Greeting("Hello, Ana")


def test_nothing_is_done_at_once_when_that_is_not_wanted() -> None:
    form = greeting_form(run_at_once=False)
    assert form.answer.value == ""
    assert repr(form) == "Say: Hello\nTo: Ana"
    press(form)
    assert "Hello, Ana" in form.answer.value


def test_an_answer_goes_when_the_question_changes() -> None:
    form = greeting_form()
    assert form.answer.value
    fill(form, name="Ben")
    assert form.answer.value == ""


def test_the_button_works_on_what_was_typed() -> None:
    form = greeting_form()
    fill(form, greeting="Welcome", name="Ben")
    assert "Changed: press “Greet”" in said(form)
    press(form)
    assert "Done: the answer is below." in said(form)
    assert "Welcome, Ben" in form.answer.value


def test_a_field_that_is_not_right_is_told_beside_it_and_nothing_is_done() -> None:
    form = greeting_form()
    fill(form, name="")
    press(form)
    assert said(form).startswith("✗ Not yet: This is empty.")
    with pytest.raises(FormError, match="This is empty"):
        _ = form.result


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("Give the user's ARN."), "Not yet: Give the user's ARN."),
        (ClientError({"Error": {"Code": "AccessDenied"}}, "GetRole"), "Not yet: ClientError: An error occurred (Acc"),
        (KeyError("Arn"), "Not yet: KeyError: 'Arn'"),
        (ValueError(f"The key {KEY_ID} is old."), "Not yet: The key ****************MPLE is old."),
    ],
)
def test_an_error_of_the_work_is_shown_in_words(error: Exception, words: str) -> None:
    def fail(values: dict[str, str]) -> Shown:
        if values["name"] == "Ben":
            raise error
        return greet(values)

    form = greeting_form(fail)
    fill(form, name="Ben")
    press(form)
    assert words in said(form)
    assert form.answer.value == "", "no earlier answer stands below it"
    with pytest.raises(FormError):
        _ = form.result
    fill(form, name="Ana")
    assert form.result == Greeting("Hello, Ana")


def test_long_work_says_so_and_is_not_begun_twice() -> None:
    told, go_on = Event(), Event()
    done = []

    def work(values: dict[str, str]) -> Shown:
        done.append(values)
        go_on.wait(SECONDS_TO_WAIT)
        return greet(values)

    form = greeting_form(work, run_at_once=False)
    form.message.observe(lambda change: told.set() if "Working" in change["new"] else None, names="value")
    form.button.click()
    form.button.click()
    assert told.wait(SECONDS_TO_WAIT)
    assert form.button.disabled
    assert "Working: 1 s so far." in said(form)
    fill(form, name="Ben")
    go_on.set()
    form._wait()
    assert not form.button.disabled
    assert done == [{"greeting": "Hello", "name": "Ana"}]
    assert "Changed: press “Greet”" in said(form), "the answer would be for what is there no more"
    assert form.result == Greeting("Hello, Ben")
