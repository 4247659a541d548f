"""The fields of a form, and the sentence about each."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from helpers.arns import SECRET_PROBLEM
from helpers.display import ToldInOneSentence
from helpers.secrecy import looks_like_secret, mask_secrets

Options = Sequence[str] | Callable[[], Sequence[str]]


Values = dict[str, str]


Word = Literal["Not yet", "Good", "Well formed", "Changed", "Working", "Ready", "Done"]


LAYOUT = {"width": "40em", "max_width": "100%", "margin": "2px 0"}


_SIGNS: dict[Word, str] = {"Not yet": "✗", "Ready": "✓", "Done": "✓"}


class FormError(ToldInOneSentence, ValueError):
    """A form's value was used though it is not right yet."""


@dataclass(frozen=True)
class Field:
    """What a form asks for.

    Attributes:
        label: The visible label.
        value: What stands in the field at first, so that Run All need not wait for anybody.
        options: What can be chosen, beside free typing; a function is asked when the form is made.
        choices: What can be chosen, and nothing else; the value is one of them.
        example: What an empty field shows in grey.
        lines: How many lines are seen at once. With more than one, a whole text can be pasted; what looks like a
            secret in it is masked.
        problem_of: Says what is wrong with a text, None when nothing is.
        applies: Tells, by what the fields hold, whether this one is asked for; it is hidden where it is not.
    """

    label: str
    value: str = ""
    options: Options = ()
    choices: Sequence[str] = ()
    example: str = ""
    lines: int = 1
    problem_of: Callable[[str], str | None] = lambda text: None
    applies: Callable[[Values], bool] = lambda values: True


class Input:
    """A field on the page, and the sentence below it that says what is wrong with its text."""

    def __init__(self, field: Field) -> None:
        from ipywidgets import HTML, Combobox, Dropdown, Textarea  # start-up time: as in form.py

        look = {"description": field.label, "layout": LAYOUT, "style": {"description_width": "initial"}}
        self._takes_whole_texts = field.lines > 1
        if field.choices:
            self.widget = Dropdown(options=list(field.choices), value=field.value, **look)
        elif self._takes_whole_texts:
            self.widget = Textarea(placeholder=field.example, rows=field.lines, continuous_update=True, **look)
        else:
            self.widget = Combobox(
                placeholder=field.example,
                options=listed(field.options),
                ensure_option=False,
                continuous_update=True,
                **look,
            )
        self.message = HTML(layout=LAYOUT)
        self.applies = field.applies
        self._problem: str | None = None
        self._is_asked_for = True
        self._problem_of = field.problem_of
        self._read(field.value)
        self.widget.observe(lambda change: self._read(change["new"]), names="value")

    @property
    def problem(self) -> str | None:
        """What is wrong with the text; None when nothing is, or where it is not asked for: a secret is never right."""
        return self._problem if self._is_asked_for or self._problem == SECRET_PROBLEM else None

    def ask_for(self, asked: bool) -> None:
        """Show the field, or hide it."""
        self._is_asked_for = asked
        for widget in (self.widget, self.message):
            widget.layout.display = None if asked else "none"

    def _read(self, text: str) -> None:
        # Emptying the field calls this method again, so what it says about the secret is said afterwards.
        secret = looks_like_secret(text)
        kept = mask_secrets(text) if self._takes_whole_texts else ""
        self.widget.value = kept if secret else text
        self._problem = SECRET_PROBLEM if secret and not kept else self._problem_of(self.widget.value)
        self.say_problem("status")

    def say_problem(self, role: str) -> None:
        """Say what is wrong with the text, announced as a `status` or an `alert`; nothing when nothing is."""
        self.message.value = sentence_html("Not yet", self._problem, role) if self._problem else ""


def listed(options: Options) -> tuple[str, ...]:
    """Tell what can be chosen now."""
    return tuple(options() if callable(options) else options)


def sentence_html(word: Word, sentence: str, role: str = "status") -> str:
    """Return the sentence as a screen reader announces it; text between back ticks is shown as code."""
    words = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(sentence))
    sign = f'<span aria-hidden="true">{_SIGNS[word]}</span> ' if word in _SIGNS else ""
    return (
        f'<div role="{role}" style="line-height: 1.4; overflow-wrap: anywhere">'
        f"{sign}<strong>{word}:</strong> {words}</div>"
    )
