"""Every notebook in JupyterLab, as a learner sees and uses it."""

import os
import re

import pytest
from playwright.sync_api import Locator, expect

from support.lab import NARROW, NO_BROWSER, NOTEBOOKS, OUTPUTS, Lab, browser_program

if not browser_program() and os.environ.get("CI") != "true":
    pytest.skip(NO_BROWSER, allow_module_level=True)

NAMES = [path.stem for path in NOTEBOOKS]
# The forms that lead out of the sandbox are tested in test_own_account.py.
ASKING = [path.stem for path in NOTEBOOKS if re.search("(arn|name|explain)_form\\(", path.read_text(encoding="utf-8"))]
DRAWN = [path.stem for path in NOTEBOOKS if "<svg" in path.read_text(encoding="utf-8")]
ROLE = "arn:aws:iam::111122223333:role/tutorial-role"
ROOMY, HALF = 1000, 700
TO_PRESS = re.compile("Press “.*”", re.IGNORECASE)
ANSWERED = re.compile("Ready:|Done:")

# A form of several fields, whose work ends when the next cell says so.
SLOW_FORM = """
from threading import Event
from helpers.display import Shown
from helpers.forms import Field, action_form

class Answer(Shown):
    def __init__(self, words): self.words = words
    def title(self): return self.words

go_on = Event()

def work(values):
    if values["who"] == "nobody":
        raise KeyError("nobody")
    if values["who"] == "ben":
        go_on.clear()
        go_on.wait(60)
    return Answer(f"{values['who']} may {values['what']}")

action_form(
    {"who": Field("Who", value="ana", options=["ana", "ben"]), "what": Field("What", value="read")},
    button="Explain", work=work,
)
"""


@pytest.fixture
def slow_form(lab: Lab) -> Locator:
    lab.write("slow", SLOW_FORM, "go_on.set()")
    lab.open("slow")
    return lab.forms[0]


@pytest.fixture(scope="module")
def all_started(only_lab: Lab) -> None:
    """Every notebook runs in a kernel of its own: all at the same time."""
    for name in NAMES:
        only_lab.start(name)


@pytest.mark.usefixtures("all_started")
@pytest.mark.parametrize("name", NAMES)
def test_run_all_succeeds(lab: Lab, name: str) -> None:
    assert lab.open(name) == []
    expect(lab.page.locator(OUTPUTS).first, "the card says where you are").to_contain_text("Region")


@pytest.mark.usefixtures("all_started")
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_shown_before_it_ran_and_opening_modifies_nothing(lab: Lab, name: str) -> None:
    assert lab.opened_as(name) == (0, False)


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("name", ASKING)
def test_what_ran_is_saved_with_its_forms_as_text(lab: Lab, name: str) -> None:
    lab.open(name)
    saved = lab.wait_until_saved(name)
    data = [output.get("data", {}) for cell in saved["cells"] for output in cell.get("outputs", [])]
    assert any(data)
    assert not any("widget-view" in kind for each in data for kind in each)


@pytest.mark.exhaustive
def test_closing_asks_nothing_and_a_form_is_text_when_it_is_opened_again(lab: Lab) -> None:
    lab.write("closed", SLOW_FORM)
    assert lab.open("closed") == []
    assert lab.forms
    lab.wait_until_saved("closed")
    lab.command("application:close")
    expect(lab.page.locator(".jp-Dialog")).to_have_count(0)
    lab.command("docmanager:open", path="closed.ipynb")
    expect(lab.page.locator(OUTPUTS)).to_contain_text("ana may read")
    expect(lab.page.locator(OUTPUTS)).not_to_contain_text("Error displaying widget")
    lab.command("application:close")


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_outputs_are_accessible(lab: Lab, name: str, theme: str) -> None:
    lab.open(name)
    lab.use_theme(theme)
    assert lab.violations() == []
    lab.keep_screenshot(f"{name}-{theme}")


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_shown_and_told_in_words(lab: Lab, name: str) -> None:
    lab.open(name)
    expect(lab.page.locator(OUTPUTS).get_by_role("img", name=re.compile(r"\w")).first).to_be_visible()


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_cut_in_a_narrow_window(lab: Lab, name: str) -> None:
    lab.open(name)
    lab.use_width(NARROW)
    assert lab.too_wide() == []


@pytest.mark.usefixtures("all_started")
@pytest.mark.parametrize("name", NAMES)
def test_no_notebook_scrolls_sideways(lab: Lab, name: str) -> None:
    lab.open(name)
    lab.use_width(ROOMY)
    assert lab.sideways() == 0


def test_the_picture_can_be_read_in_half_a_window(lab: Lab) -> None:
    lab.open("04_trust_user_in_role")
    lab.use_width(HALF)
    picture = lab.page.locator(f"{OUTPUTS} img").first
    width, drawn = picture.evaluate("image => [image.getBoundingClientRect().width, image.naturalWidth]")
    smallest = 12  # pixels, of the letters as they are drawn
    assert smallest * width / drawn >= 9


@pytest.mark.exhaustive(but_first=3)
@pytest.mark.parametrize("name", ASKING)
def test_every_form_answers(lab: Lab, name: str) -> None:
    lab.open(name)
    assert lab.forms
    for form in lab.forms:
        fields = form.get_by_role("combobox").or_(form.get_by_role("textbox"))
        field, told = fields.first, form.get_by_role("status")
        right = field.input_value()
        field.fill("")
        field.fill(right)
        # Of a field and of the form, each may say something for a moment: what is waited for is one of them.
        expect(told.filter(has_text=TO_PRESS)).to_have_count(1)
        form.get_by_role("button").click()
        expect(told.filter(has_text=ANSWERED)).to_have_count(1)


@pytest.mark.exhaustive
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_problem_is_accessible(lab: Lab, theme: str) -> None:
    lab.open("03_allow_user_to_assume_role")
    lab.use_theme(theme)
    (form,) = lab.forms
    right = form.get_by_label("Role ARN").input_value()
    form.get_by_label("Role ARN").fill("<role-arn>")
    form.get_by_role("button").click()
    expect(form.get_by_role("alert")).to_be_visible()
    assert lab.violations() == []
    lab.keep_screenshot(f"problem-{theme}")
    form.get_by_label("Role ARN").fill(right)


def test_bad_arns_are_refused_on_screen(lab: Lab) -> None:
    lab.open("03_allow_user_to_assume_role")
    (form,) = lab.forms
    field = form.get_by_label("Role ARN")
    for typed, words in [
        ("arn:aws:iam::111122223333:user/tutorial-user", "This is a user's ARN"),
        (f'"{ROLE}"', "There are quotation marks"),
        (f"{ROLE} ", "There is white space before or after this"),
        ("arn:aws:iam::111122223333: role/tutorial-role", "There is white space inside this"),
        ("<role-arn>", "is a placeholder"),
        ("arn:aws:iam::999988887777:role/tutorial-role", "you work in account 111122223333"),
        (f"{ROLE}-typo", "the account has no such role"),
        ("", "This is empty"),
    ]:
        field.fill(typed)
        form.get_by_role("button").click()
        expect(form.get_by_role("alert")).to_contain_text(words)
    field.fill("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    expect(form.get_by_role("status")).to_contain_text("This looks like an access key")
    expect(field).to_have_value("")
    field.fill(ROLE)
    form.get_by_role("button").click()
    expect(form.get_by_role("status")).to_contain_text("the next cell uses role tutorial-role in account 111122223333")


@pytest.mark.exhaustive
def test_bad_names_are_refused_on_screen(lab: Lab) -> None:
    lab.open("01_create_role")
    (form,) = lab.forms
    field = form.get_by_label("Role name")
    for typed, words in [
        ("my role", "There is white space inside this"),
        (ROLE, "This is an ARN; give the name alone"),
    ]:
        field.fill(typed)
        form.get_by_role("button").click()
        expect(form.get_by_role("alert")).to_contain_text(words)
    field.fill("tutorial-role")


def test_the_roles_of_the_account_can_be_chosen(lab: Lab) -> None:
    lab.open("03_allow_user_to_assume_role")
    offered = lab.forms[0].locator("datalist option").evaluate_all("options => options.map(each => each.value)")
    assert ROLE in offered


def test_the_next_cell_uses_what_was_typed(lab: Lab) -> None:
    lab.open("02_create_user")
    (form,) = lab.forms
    form.get_by_label("User name").fill("ana")
    form.get_by_role("button", name="Use this name").click()
    expect(form.get_by_role("status")).to_contain_text("the next cell uses the name ana")
    expect(lab.run_cell(5)).to_contain_text("arn:aws:iam::111122223333:user/ana")


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_form_is_used_with_the_keyboard_alone(lab: Lab, key: str) -> None:
    lab.open("01_create_role")
    (form,) = lab.forms
    field, button, told = form.get_by_label("Role name"), form.get_by_role("button"), form.get_by_role("status")
    lab.select_cell(3)
    for _ in range(20):
        lab.page.keyboard.press("Tab")
        if field.evaluate("field => field === document.activeElement"):
            break
    expect(field).to_be_focused()
    lab.page.keyboard.press("Control+A")
    lab.page.keyboard.type(f"role-by-{key}")
    expect(told).to_contain_text(f"Good: the name role-by-{key}.")
    lab.page.keyboard.press("Tab")
    expect(button).to_be_focused()
    lab.page.keyboard.press(key)
    expect(told).to_contain_text(f"the next cell uses the name role-by-{key}.")
    expect(button).to_be_focused()


@pytest.mark.exhaustive
def test_enter_in_a_field_presses_the_button(lab: Lab) -> None:
    lab.open("01_create_role")
    (form,) = lab.forms
    form.get_by_label("Role name").fill("role-by-return")
    form.get_by_label("Role name").press("Enter")
    expect(form.get_by_role("status")).to_contain_text("the next cell uses the name role-by-return.")


@pytest.mark.exhaustive
def test_the_page_goes_on_while_a_form_works(lab: Lab, slow_form: Locator) -> None:
    button, told = slow_form.get_by_role("button"), slow_form.get_by_role("status")
    expect(slow_form).to_contain_text("ana may read")
    slow_form.get_by_label("Who").fill("ben")
    button.click()
    expect(slow_form).to_contain_text("Working: 1 s so far.")
    expect(button).to_be_disabled()
    lab.run_cell(1)
    expect(told).to_contain_text("Done: the answer is below.")
    expect(button).to_be_enabled()
    expect(slow_form).to_contain_text("ben may read")
    assert lab.violations() == []


@pytest.mark.exhaustive
def test_what_goes_wrong_in_the_work_is_said(lab: Lab, slow_form: Locator) -> None:
    slow_form.get_by_label("Who").fill("nobody")
    slow_form.get_by_role("button").click()
    expect(slow_form.get_by_role("alert")).to_contain_text("Not yet: KeyError: 'nobody'")


@pytest.mark.exhaustive
def test_a_form_run_twice_works(lab: Lab, slow_form: Locator) -> None:
    lab.run_cell(0)
    (form,) = lab.forms
    form.get_by_label("What").fill("write")
    form.get_by_role("button").click()
    expect(form).to_contain_text("ana may write")
