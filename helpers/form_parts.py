"""What forms are made of: labelled fields, a sentence about each, and a button that works without freezing the page.

A sentence below each field follows every keystroke. The button, or Enter in a field, does the work and says what it
did. It works in a thread, so that the kernel goes on answering; what goes wrong there is said in words, for nobody
sees an exception in a widget's callback. A form never holds a secret: what looks like an access key is taken out of
the field at once.

ipywidgets has no way to mark a field as invalid for screen readers, so its sentence is announced: as a status while
somebody types, as an alert when the button was used.
See https://ipywidgets.readthedocs.io/en/stable/examples/Widget%20List.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from html import escape
from itertools import count
from threading import Thread
from typing import Any, Literal

from helpers.arns import SECRET_PROBLEM
from helpers.display import ToldInOneSentence, mask_secrets
from helpers.secrecy import looks_like_secret

Options = Sequence[str] | Callable[[], Sequence[str]]
Values = dict[str, str]
Word = Literal["Not yet", "Good", "Changed", "Working", "Ready", "Done"]

_LAYOUT = {"width": "40em", "max_width": "100%", "margin": "2px 0"}
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
        problem_of: Says what is wrong with a text, None when nothing is.
    """

    label: str
    value: str = ""
    options: Options = ()
    choices: Sequence[str] = ()
    example: str = ""
    problem_of: Callable[[str], str | None] = lambda text: None


class _Input:
    """A field on the page, and the sentence below it that says what is wrong with its text."""

    def __init__(self, field: Field) -> None:
        from ipywidgets import HTML, Combobox, Dropdown

        look = {"description": field.label, "layout": _LAYOUT, "style": {"description_width": "initial"}}
        self.widget = (
            Dropdown(options=list(field.choices), value=field.value, **look)
            if field.choices
            else Combobox(
                placeholder=field.example,
                options=listed(field.options),
                ensure_option=False,
                continuous_update=True,
                **look,
            )
        )
        self.message = HTML(layout=_LAYOUT)
        self.problem: str | None = None
        self._problem_of = field.problem_of
        self._read(field.value)
        self.widget.observe(lambda change: self._read(change["new"]), names="value")

    def _read(self, text: str) -> None:
        # Emptying the field calls this method again, so what it says about the secret is said afterwards.
        secret = looks_like_secret(text)
        self.widget.value = "" if secret else text
        self.problem = SECRET_PROBLEM if secret else self._problem_of(text)
        self.say_problem("status")

    def say_problem(self, role: str) -> None:
        self.message.value = sentence_html("Not yet", self.problem, role) if self.problem else ""


class FormBase:
    """Fields, a button, and a sentence that says what the button did.

    Attributes:
        button: The widget that is clicked.
        message: The widget that shows the sentence.
    """

    def __init__(self, fields: Mapping[str, Field], button: str) -> None:
        from ipywidgets import HTML, Button, VBox

        self.button = Button(
            description=button, button_style="primary", layout={"width": "max-content", "margin": "2px 0"}
        )
        self.message = HTML(layout=_LAYOUT)
        self._inputs = {name: _Input(field) for name, field in fields.items()}
        self._used: Values | None = None
        self._failure: str | None = None
        self._busy = False
        self._thread = Thread()
        for each in self._inputs.values():
            each.widget.observe(lambda _: self._follow(), names="value")
            each.widget.on_msg(lambda _, content, __: self.press() if content.get("event") == "submit" else None)
        self.button.on_click(lambda _: self.press())
        shown = [widget for each in self._inputs.values() for widget in (each.widget, each.message)]
        self._box: Any = VBox([*shown, self.button, self.message])

    def _work(self, values: Values) -> Any:
        """Does what the button is for, in a thread."""
        raise NotImplementedError

    def _show(self, answer: Any) -> None:
        """Shows what the work returned."""
        raise NotImplementedError

    def _show_failure(self, failure: str) -> None:
        self.message.value = sentence_html("Not yet", failure, "alert")

    def _hint(self) -> str:
        """What to say when the fields have changed and are right, in HTML."""
        raise NotImplementedError

    @property
    def problem(self) -> str | None:
        """What is wrong with the first field that is not right, or why the work failed; None when nothing is."""
        return next((each.problem for each in self._inputs.values() if each.problem), self._failure)

    def press(self) -> None:
        """Does what the button does: begins the work, or says what is wrong; nothing while it is at work."""
        if self._busy:
            return
        self._failure = None
        for each in self._inputs.values():
            each.say_problem("alert")
        if not self.problem:
            self._busy = True
            self._thread = Thread(target=self._work_and_tell, args=[self._values()], daemon=True)
            self._thread.start()

    def use(self) -> None:
        """Waits for the work; begins it when it was not done yet with what the fields hold.

        Raises:
            FormError: Something is wrong; the message is the sentence that the form shows.
        """
        self._wait()
        if self._used != self._values():
            self.work_now()
        if self.problem:
            raise FormError(self.problem)

    def work_now(self) -> None:
        """Does what the button does, and waits for it."""
        self.press()
        self._wait()

    def _wait(self) -> None:
        if self._thread.is_alive():
            self._thread.join()

    def _values(self) -> Values:
        return {name: str(each.widget.value) for name, each in self._inputs.items()}

    def _follow(self) -> None:
        if not self._busy:
            self._used = self._failure = None
            self.message.value = "" if self.problem else self._hint()

    def _work_and_tell(self, values: Values) -> None:
        with ThreadPoolExecutor(max_workers=1) as pool:
            future = pool.submit(self._work, values)
            for seconds in count(1):
                if wait([future], timeout=1).done:
                    break
                self.button.disabled = True
                self.message.value = sentence_html("Working", f"{seconds} s so far.", _working_role(seconds))
        error = future.exception()
        self._failure = _in_words(error) if error else None
        self._used = None if error else values
        self._busy = self.button.disabled = False
        if values != self._values():
            self._follow()
        elif self._failure:
            self._show_failure(self._failure)
        else:
            self._show(future.result())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = self._box._repr_mimebundle_(include=include, exclude=exclude)
        return bundle | {"text/plain": repr(self)}


def listed(options: Options) -> tuple[str, ...]:
    """What can be chosen now."""
    return tuple(options() if callable(options) else options)


def _working_role(seconds: int) -> str:
    """Work is announced once, not every second."""
    return "status" if seconds == 1 else "timer"


def _in_words(error: BaseException) -> str:
    """Say an error that nobody would see otherwise; what is not meant for learners is named, to be looked up."""
    told = str(error) if isinstance(error, (ValueError, ToldInOneSentence)) else f"{type(error).__name__}: {error}"
    return mask_secrets(told)


def sentence_html(word: Word, sentence: str, role: str = "status") -> str:
    """Return the sentence as a screen reader announces it; text between back ticks is shown as code."""
    words = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(sentence))
    sign = f'<span aria-hidden="true">{_SIGNS[word]}</span> ' if word in _SIGNS else ""
    return (
        f'<div role="{role}" style="line-height: 1.4; overflow-wrap: anywhere">'
        f"{sign}<strong>{word}:</strong> {words}</div>"
    )
