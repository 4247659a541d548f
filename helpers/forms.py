"""The forms in which a learner gives an ARN or a name: a field, and a sentence that judges each keystroke.

A form never holds a secret: what looks like an access key is taken out of the field at once. ipywidgets is
imported when the first form is made, so that this module loads without it.
See https://ipywidgets.readthedocs.io/en/stable/examples/Widget%20List.html
"""

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from helpers.arns import ArnKind, NameKind, arn_problem, looks_like_secret, name_problem, parse_arn
from helpers.display import ToldInOneSentence

if TYPE_CHECKING:
    from ipywidgets import Combobox, Text

_LAYOUT = {"width": "36em", "max_width": "100%"}
_STYLE = {"description_width": "initial"}


class FormError(ToldInOneSentence, ValueError):
    """A form's value was used though it is not right yet."""


class Form:
    """A labelled field with a sentence below it.

    Attributes:
        field: The widget typed into.
        message: The widget that shows the sentence.
        problem: What is wrong with the field's text, None when nothing is.
    """

    def __init__(
        self,
        field: "Combobox | Text",
        value: str,
        problem_of: Callable[[str], str | None],
        praise_of: Callable[[str], str],
    ) -> None:
        """Put the value into the field and judge it, then each text that follows.

        Args:
            field: An empty text field; its description is the visible label.
            value: What stands in the field at first.
            problem_of: Says what is wrong with a text, None when nothing is.
            praise_of: Says what a right text means.
        """
        from ipywidgets import HTML, VBox

        self.field = field
        self.message: HTML = HTML(layout=_LAYOUT)
        self.problem: str | None = None
        self._problem_of = problem_of
        self._praise_of = praise_of
        self._box: Any = VBox([self.field, self.message])
        self._read(value)
        self.field.observe(lambda change: self._read(change["new"]), names="value")

    @property
    def value(self) -> str:
        """The field's text, for the next cell to use.

        Raises:
            FormError: The text is not right yet; the message is the sentence below the field.
        """
        if self.problem:
            raise FormError(self.problem)
        return str(self.field.value)

    def __repr__(self) -> str:
        """Return the form in words, as a saved notebook shows it where widgets do not run."""
        if self.problem:
            return f"{self.field.description} (not yet): {self.problem}"
        return f"{self.field.description}: {self.field.value} (good)"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = self._box._repr_mimebundle_(include=include, exclude=exclude)
        return bundle | {"text/plain": repr(self)}

    def _read(self, text: str) -> None:
        # Emptying the field calls this method again, so what it says about the secret is said afterwards.
        self.field.value = "" if looks_like_secret(text) else text
        self.problem = self._problem_of(text)
        if self.problem:
            self.message.value = _sentence_html("✗", "Not yet", self.problem)
        else:
            self.message.value = _sentence_html("✓", "Good", self._praise_of(text))


def arn_form(kind: ArnKind, *, value: str = "", account_id: str | None = None, options: Sequence[str] = ()) -> Form:
    """Make a form for an ARN.

    Args:
        kind: What the ARN should be of.
        value: The ARN that stands in the field at first, so that Run All need not wait for anybody.
        account_id: The account the ARN should be in; any account will do when left out.
        options: The ARNs that there are: offered to choose from, and any other is none. Without them, any will do.

    Returns:
        The form; show it as a cell's last line, and use its `value` in the next cell.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    from ipywidgets import Combobox

    field = Combobox(
        description=f"{kind.capitalize()} ARN",
        placeholder=f"arn:aws:iam::{account_id or '111122223333'}:{kind}/tutorial-{kind}",
        options=tuple(options),
        ensure_option=False,
        continuous_update=True,
        layout=_LAYOUT,
        style=_STYLE,
    )

    def problem_of(text: str) -> str | None:
        problem = arn_problem(text, kind, account_id=account_id)
        if problem or not options or text in options:
            return problem
        known = ", ".join(parse_arn(option).name for option in options)
        return f"This is a {kind}'s ARN, but the account has no such {kind}. It has: {known}."

    return Form(field, value, problem_of, _arn_praise)


def name_form(kind: NameKind, *, value: str = "", label: str | None = None) -> Form:
    """Make a form for a name.

    Args:
        kind: What the name is for; `session` is a role session's name.
        value: The name that stands in the field at first.
        label: The visible label; "Role name" and the like when left out.

    Returns:
        The form; show it as a cell's last line, and use its `value` in the next cell.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    from ipywidgets import Text

    field = Text(
        description=label or f"{kind.capitalize()} name",
        placeholder=f"tutorial-{kind}",
        continuous_update=True,
        layout=_LAYOUT,
        style=_STYLE,
    )
    return Form(
        field,
        value,
        lambda text: name_problem(text, kind),
        lambda text: f"`{text}` is a name that a {kind} can have.",
    )


def _arn_praise(text: str) -> str:
    arn = parse_arn(text)
    where = "managed by AWS" if arn.account_id == "aws" else f"in account {arn.account_id}"
    return f"{arn.resource_type} {arn.name} {where}."


def _sentence_html(sign: str, word: str, sentence: str) -> str:
    """Return the sentence as a screen reader announces it; text between back ticks is shown as code."""
    words = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(sentence))
    return (
        '<div role="status" aria-live="polite" style="line-height: 1.4; overflow-wrap: anywhere">'
        f'<span aria-hidden="true">{sign}</span> <strong>{word}:</strong> {words}</div>'
    )
