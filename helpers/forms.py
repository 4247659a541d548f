"""The forms of the notebooks: for an ARN, for a name, and for a question of several fields.

ipywidgets is imported when the first form is made, so that this module loads without it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from helpers import iam
from helpers.account import Account
from helpers.arns import ArnKind, NameKind, arn_problem, name_problem, parse_arn
from helpers.display import Shown
from helpers.form_parts import Field, FormBase, FormError, Options, Values, listed, sentence_html

__all__ = [
    "ActionForm",
    "Field",
    "Form",
    "FormError",
    "action_form",
    "arn_form",
    "name_form",
    "new_name_form",
]


class Form(FormBase):
    """A form for one text, which the next cell uses."""

    def __init__(
        self,
        field: Field,
        *,
        button: str,
        meaning_of: Callable[[str], str],
        check: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Put the value into the field and use it, if it is right.

        Args:
            field: What to ask for.
            button: What the button says.
            meaning_of: Says in a few words what a right text means.
            check: Looks the text up in the account when the button is pressed.
                It raises a FormError where the account has no such thing.
        """
        super().__init__({"value": field}, button)
        self._meaning_of = meaning_of
        self._check = check
        if not self.problem:
            self.work_now()

    @property
    def field(self) -> Any:
        """The widget that is typed into."""
        return self._inputs["value"].widget

    @property
    def value(self) -> str:
        """The field's text, for the next cell to use; used without the button, it is checked just the same.

        Raises:
            FormError: The text is not right yet; the message is the sentence that the form shows.
        """
        self.use()
        return str(self.field.value)

    def __repr__(self) -> str:
        """Return the form in words, as a saved notebook shows it where widgets do not run."""
        if self.problem:
            return f"{self.field.description} (not yet): {self.problem}"
        return f"{self.field.description}: {self.field.value} (good)"

    def _work(self, values: Values) -> str:
        self._check(values["value"])
        return f"the next cell uses {self._meaning_of(values['value'])}."

    def _show(self, answer: str) -> None:
        self.message.value = sentence_html("Ready", answer)

    def _hint(self) -> str:
        return sentence_html(
            "Good", f"{self._meaning_of(self.field.value)}. Press “{self.button.description}”, or run the next cell."
        )


class ActionForm(FormBase):
    """A form whose button works on what its fields hold, and shows the answer below.

    Attributes:
        answer: The widget that shows the answer.
    """

    def __init__(self, fields: Mapping[str, Field], *, button: str, work: Callable[[Values], Shown]) -> None:
        """Show the fields and the button; `action_form` tells the arguments."""
        from ipywidgets import HTML

        super().__init__(fields, button)
        width = max(len(field.label) for field in fields.values()) * 0.6 + 1
        for each in self._inputs.values():
            each.widget.style.description_width = f"{width:.0f}em"
        self.answer = HTML(layout={"max_width": "100%", "margin": "2px 0"})
        self.answer.add_class("jp-RenderedHTMLCommon")
        self._box.children += (self.answer,)
        self._shown: Shown | None = None
        self._given_work = work

    @property
    def result(self) -> Shown:
        """What came of the work, for the next cell to use.

        Raises:
            FormError: A field is not right yet, or the work failed; the message is the sentence that the form shows.
        """
        self.use()
        assert self._shown is not None
        return self._shown

    def __repr__(self) -> str:
        """Return the fields and the answer in words, as a saved notebook shows them where widgets do not run."""
        lines = [f"{each.widget.description}: {each.widget.value}" for each in self._inputs.values()]
        if self.problem:
            lines.append(f"Not yet: {self.problem}")
        elif self._used:
            lines.append(repr(self._shown))
        return "\n".join(lines)

    def _work(self, values: Values) -> Shown:
        return self._given_work(values)

    def _show(self, answer: Shown) -> None:
        self._shown = answer
        self.answer.value = answer._repr_html_()
        self.message.value = sentence_html("Done", "the answer is below.")

    def _follow(self) -> None:
        if not self._busy:
            self.answer.value = ""  # it answers what stood there before
        super()._follow()

    def _show_failure(self, failure: str) -> None:
        self.answer.value = ""
        super()._show_failure(failure)

    def _hint(self) -> str:
        return sentence_html("Changed", f"press “{self.button.description}” to see what comes of it.")


def arn_form(kind: ArnKind, *, value: str = "", account_id: str | None = None, options: Options = ()) -> Form:
    """Make a form for an ARN.

    Args:
        kind: What the ARN should be of.
        value: The ARN that stands in the field at first, so that Run All need not wait for anybody.
        account_id: The account the ARN should be in; any account will do when left out.
        options: The ARNs that there are, or a function that reads them from the account: offered to choose from, and
            any other is none. Without them, any will do.

    Returns:
        The form; show it as a cell's last line, and use its `value` in the next cell.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """

    def check(text: str) -> None:
        known = listed(options)
        if known and text not in known:
            names = ", ".join(parse_arn(arn).name for arn in known)
            raise FormError(f"This is a {kind}'s ARN, but the account has no such {kind}. It has: {names}.")

    field = Field(
        f"{kind.capitalize()} ARN",
        value=value,
        options=options,
        example=f"arn:aws:iam::{account_id or '111122223333'}:{kind}/tutorial-{kind}",
        problem_of=lambda text: arn_problem(text, kind, account_id=account_id),
    )
    return Form(field, button="Use this ARN", meaning_of=_arn_in_words, check=check)


def name_form(
    kind: NameKind,
    *,
    value: str = "",
    prefix: str = "",
    label: str | None = None,
    check: Callable[[str], None] = lambda text: None,
) -> Form:
    """Make a form for a name.

    Args:
        kind: What the name is for; `session` is a role session's name.
        value: The name that stands in the field at first.
        prefix: What names begin with in this account, where several people share it.
        label: The visible label; "Role name" and the like when left out.
        check: Looks the name up in the account when the button is pressed; it raises where the name cannot be taken.

    Returns:
        The form; show it as a cell's last line, and use its `value` in the next cell.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    field = Field(
        label or f"{kind.capitalize()} name",
        value=value,
        example=f"{prefix}tutorial-{kind}",
        problem_of=lambda text: name_problem(text, kind) or _prefix_problem(text, prefix),
    )
    return Form(field, button="Use this name", meaning_of=lambda text: f"the name `{text}`", check=check)


def new_name_form(account: Account, kind: Literal["role", "user"], *, value: str) -> Form:
    """Make a form for the name of something to be created: with the account's prefix, and not somebody else's.

    Args:
        account: The open account.
        kind: What is to be created.
        value: The name that stands in the field at first.
    """
    client = account.client("iam")
    return name_form(
        kind, value=value, prefix=account.prefix, check=lambda name: iam.refuse_taken_name(client, kind, name)
    )


def action_form(
    fields: Mapping[str, Field], *, button: str, work: Callable[[Values], Shown], run_at_once: bool = True
) -> ActionForm:
    """Make a form of several fields whose button does some work and shows what comes of it.

    Args:
        fields: What to ask for, by the names under which `work` gets it.
        button: What the button says: a verb, such as "Explain".
        work: Gets the fields' texts when none has a problem, and returns what to show. It runs in a thread; what it
            raises is shown in words.
        run_at_once: Whether the work is done with the first values too, before the form is shown, so that Run All
            leaves an answer.

    Returns:
        The form; show it as a cell's last line. Its `result` is what `work` returned.
    """
    form = ActionForm(fields, button=button, work=work)
    if run_at_once:
        form.work_now()
    return form


def _prefix_problem(text: str, prefix: str) -> str | None:
    if text.startswith(prefix) and text != prefix:
        return None
    return f"In this account your names begin with `{prefix}`, and go on, so that everybody's things can be told apart."


def _arn_in_words(text: str) -> str:
    arn = parse_arn(text)
    where = "managed by AWS" if arn.account_id == "aws" else f"in account {arn.account_id}"
    return f"{arn.resource_type} {arn.name} {where}"
