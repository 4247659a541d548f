"""What forms are made of: labelled fields, a sentence about each, and a button that works without freezing the page.

A sentence below each field follows every keystroke. The button, or Enter in a field, does the work and says what it
did. It works in a thread, so that the kernel goes on answering; what goes wrong there is said in words, for nobody
sees an exception in a widget's callback. A form never holds a secret: what looks like an access key is taken out of
the field at once.

ipywidgets has no way to mark a field as invalid for screen readers, so its sentence is announced: as a status while
somebody types, as an alert when the button was used.
See https://ipywidgets.readthedocs.io/en/stable/examples/Widget%20List.html
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from itertools import count
from threading import Thread
from typing import Any

from typing_extensions import override

from helpers.display import Shown, ToldInOneSentence
from helpers.place import HERE
from helpers.secrecy import mask_secrets
from helpers.widgets.fields import LAYOUT, Field, FormError, Input, Values, Word, sentence_html


class FormBase:
    """Fields, a button, and a sentence that says what the button did.

    Attributes:
        button: The widget that is clicked.
        message: The widget that shows the sentence.
    """

    def __init__(self, fields: Mapping[str, Field], button: str) -> None:
        from ipywidgets import HTML, Button, VBox  # start-up time: 0.3 s, and not every kernel shows a form

        self.button = Button(
            description=button, button_style="primary", layout={"width": "max-content", "margin": "2px 0"}
        )
        self.message = HTML(layout=LAYOUT)
        self._inputs = {name: Input(field) for name, field in fields.items()}
        self._used: Values | None = None
        self._failure: str | None = None
        self._busy = False
        self._thread = Thread()
        for each in self._inputs.values():
            each.widget.observe(lambda _: self._follow(), names="value")
            each.widget.on_msg(lambda _, content, __: self.press() if content.get("event") == "submit" else None)
        self.button.on_click(lambda _: self.press())
        self._ask_for_what_applies()
        shown = [widget for each in self._inputs.values() for widget in (each.widget, each.message)]
        self._box: Any = VBox([*shown, self.button, self.message])

    def _work(self, values: Values) -> Any:
        """Do what the button is for, in a thread."""
        raise NotImplementedError

    def _show(self, answer: Any) -> None:
        """Show what the work returned."""
        raise NotImplementedError

    def _show_failure(self, failure: str) -> None:
        self.message.value = sentence_html("Not yet", failure, "alert")

    def _hint(self) -> str:
        """Tell what to say when the fields have changed and are right, in HTML."""
        raise NotImplementedError

    @property
    def problem(self) -> str | None:
        """What is wrong with the first field that is not right, or why the work failed; None when nothing is."""
        return next((each.problem for each in self._inputs.values() if each.problem), self._failure)

    def press(self) -> None:
        """Do what the button does: begins the work, or say what is wrong; nothing while it is at work."""
        if self._busy:
            return
        self._failure = None
        for each in self._inputs.values():
            each.say_problem("alert")
        if not self.problem:
            self._busy = True
            if HERE.threads:
                self._thread = Thread(target=self._work_and_tell, args=[self._values()], daemon=True)
                self._thread.start()
            else:
                self._work_and_tell(self._values())

    def use(self) -> None:
        """Wait for the work; begins it when it was not done yet with what the fields hold.

        Raises:
            FormError: Something is wrong; the message is the sentence that the form shows.
        """
        self._wait()
        if self._used != self._values():
            self.work_now()
        if self.problem:
            raise FormError(self.problem)

    def work_now(self) -> None:
        """Do what the button does, and wait for it."""
        self.press()
        self._wait()

    def _wait(self) -> None:
        if self._thread.is_alive():
            self._thread.join()

    def _values(self) -> Values:
        return {name: str(each.widget.value) for name, each in self._inputs.items()}

    def _follow(self) -> None:
        self._ask_for_what_applies()
        if not self._busy:
            self._used = self._failure = None
            self.message.value = "" if self.problem else self._hint()

    def _ask_for_what_applies(self) -> None:
        values = self._values()
        for each in self._inputs.values():
            each.ask_for(each.applies(values))

    def _work_and_tell(self, values: Values) -> None:
        with ThreadPoolExecutor(max_workers=1) if HERE.threads else _AtOnce() as pool:
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


class _AtOnce(Executor):
    """Does what is submitted before anything else."""

    @override
    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = Future[Any]()
        try:
            future.set_result(work(*args, **kwargs))
        except BaseException as error:  # as any executor, which hands over whatever it was
            future.set_exception(error)
        return future


def _working_role(seconds: int) -> str:
    """Work is announced once, not every second."""
    return "status" if seconds == 1 else "timer"


def _in_words(error: BaseException) -> str:
    """Say an error that nobody would see otherwise; what is not meant for learners is named, to be looked up."""
    told = str(error) if isinstance(error, (ValueError, ToldInOneSentence)) else f"{type(error).__name__}: {error}"
    return mask_secrets(told)


class Form(FormBase):
    """A form for one text, which the next cell uses."""

    def __init__(
        self,
        field: Field,
        *,
        button: str,
        meaning_of: Callable[[str], str],
        check: Callable[[str], None] = lambda text: None,
        note_of: Callable[[str], str] = lambda text: "",
        right: Word = "Good",
    ) -> None:
        """Put the value into the field and use it, if it is right.

        Args:
            field: What to ask for.
            button: What the button says.
            meaning_of: Says in a few words what a right text means.
            check: Looks the text up in the account when the button is pressed.
                It raises a FormError where the account has no such thing.
            note_of: Says what else there is to know about a text that is used; empty where there is nothing.
            right: What a text is called that is right as far as can be told before it was looked up.
        """
        super().__init__({"value": field}, button)
        self._meaning_of = meaning_of
        self._check = check
        self._note_of, self._right = note_of, right
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
        note = self._note_of(values["value"])
        return f"the next cell uses {self._meaning_of(values['value'])}.{f' {note}' if note else ''}"

    def _show(self, answer: str) -> None:
        self.message.value = sentence_html("Ready", answer)

    def _hint(self) -> str:
        return sentence_html(
            self._right,
            f"{self._meaning_of(self.field.value)}. Press “{self.button.description}”, or run the next cell.",
        )


class ActionForm(FormBase):
    """A form whose button works on what its fields hold, and shows the answer below.

    Attributes:
        answer: The widget that shows the answer.
    """

    def __init__(self, fields: Mapping[str, Field], *, button: str, work: Callable[[Values], Shown]) -> None:
        """Show the fields and the button; `action_form` tells the arguments."""
        from ipywidgets import HTML  # start-up time: as above

        super().__init__(fields, button)
        width = max(len(field.label) for field in fields.values()) * 0.6 + 1
        for each in self._inputs.values():
            each.widget.style.description_width = f"{width:.0f}em"
            if not each.widget.value:
                each.message.value = ""  # nobody has done anything yet
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
        asked = [each for each in self._inputs.values() if each.applies(self._values())]
        lines = [f"{each.widget.description}: {each.widget.value}" for each in asked]
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
