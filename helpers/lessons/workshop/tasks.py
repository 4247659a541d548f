"""The repair workshop: broken set-ups to investigate and mend, each told as a colleague's bug report.

`break_it` builds one in the sandbox, `hint` helps in three steps, and `check` proves a mend: it runs the
colleague's app, which assumes its role and reads its report, and sees to it that nothing more was opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape

from botocore.exceptions import ClientError
from typing_extensions import override

from helpers.account import Account
from helpers.diagnosis.explanation import Explanation
from helpers.display import BAD, BOX_STYLE, GOOD, Rows, Shown, ToldInOneSentence
from helpers.explain import explain
from helpers.lessons.workshop.audit import Grant, Reading, read
from helpers.lessons.workshop.cleanup import clear
from helpers.lessons.workshop.colleagues_app import REPORT_KEY, App, Run
from helpers.lessons.workshop.faults import FAULTS, GUESSES, Fault, Guess
from helpers.lessons.workshop.proof import PROVED, problems_of
from helpers.lessons.workshop.scene import Scene, build
from helpers.secrecy import write_private

AS_BROKEN = "as-broken.json"


class WorkshopError(ToldInOneSentence, ValueError):
    """The workshop cannot do what was asked; the message says what to do instead."""


@dataclass(frozen=True, repr=False)
class Report(Shown):
    """A colleague's bug report.

    Attributes:
        fault: what is told.
        scene: the fault's number, and the names involved.
        error: the error that the colleague saw; for `explain` to look into.
    """

    fault: Fault = field(repr=False)
    scene: Scene = field(repr=False)
    error: ClientError

    @override
    def title(self) -> str:
        return f"Fault {self.scene.number}: {self.fault.title}"

    @override
    def rows(self) -> Rows:
        code, message = Run("", error=self.error).refusal or ("", "")
        return [
            ("Your colleague says", self.fault.story),
            ("The app", f"lists s3://{self.scene.bucket} and reads {REPORT_KEY} in it, as a session of its role"),
            ("Error code", code),
            ("Message", message),
            ("User", self.scene.user_arn),
            ("Role", self.scene.role_arn),
        ]


@dataclass(frozen=True, repr=False)
class Asked(Shown):
    """Why AWS refused, and whether a guess was right; what to do is for the learner to find.

    Attributes:
        report: what was asked about.
        guess: where the learner takes the cause to be.
        explanation: what `explain` says.
    """

    report: Report
    guess: Guess
    explanation: Explanation = field(repr=False)

    @property
    def is_right(self) -> bool:
        """Whether the cause is there."""
        return self.guess == self.report.fault.side

    @property
    @override
    def accent(self) -> str:
        return GOOD if self.is_right else BAD

    @override
    def title(self) -> str:
        if self.is_right:
            return f"Right, it is {GUESSES[self.guess]}"
        return f"Not there. It is {GUESSES[self.report.fault.side]}"

    @property
    def _then(self) -> str:
        return f"Try it, or ask for workshop.hint({self.report.scene.number}, 3)."

    @override
    def rows(self) -> Rows:
        return [*self.explanation.reasons(), ("What to do", self._then)]

    @override
    def _repr_html_(self) -> str:
        then = f"<div><strong>What to do:</strong> {escape(self._then)}</div>"
        told = f"<strong>{escape(self.title())}</strong>{self.explanation.reasons_html()}{then}"
        return f'<div style="{BOX_STYLE} {self.accent}">{told}</div>'


@dataclass(frozen=True, repr=False)
class Hint(Shown):
    """One of a fault's three hints.

    Attributes:
        step: 1, where to look; 2, what to see there; 3, what to do.
        text: the hint.
    """

    step: int
    text: str

    @override
    def title(self) -> str:
        return f"Hint {self.step} of 3: {('where to look', 'what to see there', 'what to do')[self.step - 1]}"

    @override
    def rows(self) -> Rows:
        return [("", self.text)]


@dataclass(frozen=True, repr=False)
class Checked(Shown):
    """Whether a fault is mended, and well.

    Attributes:
        number: the fault's number.
        problems: what is still wrong.
    """

    number: int
    problems: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether nothing is wrong any more."""
        return not self.problems

    @property
    @override
    def accent(self) -> str:
        return GOOD if self.done else BAD

    @override
    def title(self) -> str:
        return f"{'Done' if self.done else 'Not yet'}: fault {self.number}, {FAULTS[self.number - 1].title}"

    @override
    def rows(self) -> Rows:
        return [("Still wrong", "\n".join(self.problems))] if self.problems else [("Proved", PROVED)]


@dataclass(frozen=True, repr=False)
class CleanedUp(Shown):
    """What was cleared away after the workshop.

    Attributes:
        deleted: how many things of each kind.
    """

    deleted: Mapping[str, int]

    @override
    def title(self) -> str:
        number = sum(self.deleted.values())
        return f"Deleted all {number} things that the workshop made" if number else "Nothing to delete"

    @override
    def rows(self) -> Rows:
        return [(kind.capitalize(), str(number)) for kind, number in self.deleted.items()]


def break_it(account: Account, number: int | None = None) -> Report:
    """Build a broken set-up in the sandbox, from scratch each time, and reports it as a colleague would.

    Args:
        account: an open sandbox.
        number: the fault, 1 to 15.

    Returns:
        The report, with the error that the app (or the colleague) really met.

    Raises:
        WorkshopError: there is no such fault, or the account is no sandbox.
    """
    scene = _scene(account, number)
    fault = _fault(scene.number)
    clear(account, scene.number)
    build(scene, fault.trust)
    fault.prepare(scene)
    working = read(scene)
    met = fault.spoil(scene)
    broken = read(scene)
    accepted = frozenset([fault.accepts(scene)] if fault.accepts else [])
    kept = frozenset([fault.keeps(scene)] if fault.keeps else [])
    dropped = fault.drops(scene) if fault.drops else frozenset[Grant]()
    as_broken = replace(
        broken, grants=(working.grants | broken.grants | accepted) - dropped, of_others=broken.of_others | kept
    )
    write_private(scene.app.home.folder / AS_BROKEN, as_broken.to_json())
    error = met or scene.app.run().error
    assert isinstance(error, ClientError), f"fault {number} breaks nothing"
    return Report(fault, scene, error)


def ask(report: Report, guess: str = "") -> Asked:
    """Say why AWS refused, after a guess: where is the cause?

    Args:
        report: what `break_it` returned.
        guess: "credentials", "request", "caller" or "resource".

    Returns:
        Whether the guess was right, and what `explain` says; not yet what to do, which hint 3 says.

    Raises:
        WorkshopError: there is no guess, or none of these.
    """
    if guess not in GUESSES:
        choices = "; ".join(f'"{name}", {words}' for name, words in GUESSES.items())
        raise WorkshopError(f"Guess first where the cause is: {choices}.")
    return Asked(report, guess, explain(report.scene.account, report.error))


def hint(number: int, step: int = 1) -> Hint:
    """Return one of a fault's hints: 1 says where to look, 2 what to see there, 3 what to do.

    Raises:
        WorkshopError: there is no such fault or step.
    """
    if step not in (1, 2, 3):
        raise WorkshopError(f"There is no hint {step}: each fault has the hints 1, 2 and 3.")
    return Hint(step, _fault(number).hints[step - 1])


def app(account: Account, number: int | None = None) -> App:
    """Return the colleague's app, as it is set up now.

    Raises:
        WorkshopError: the fault was not built yet, or the account is no sandbox.
    """
    scene = _scene(account, number)
    if not (scene.app.home.folder / AS_BROKEN).exists():
        raise WorkshopError(f"Fault {number} is not there yet: run workshop.break_it(account, {number}) first.")
    return scene.app


def check(account: Account, number: int | None = None) -> Checked:
    """Prove a mend: runs the app, and try what must still be refused.

    Raises:
        WorkshopError: the fault was not built yet, or the account is no sandbox.
    """
    scene = _scene(account, app(account, number).number)
    before = Reading.from_json((scene.app.home.folder / AS_BROKEN).read_text(encoding="utf-8"))
    return Checked(scene.number, tuple(problems_of(scene, before)))


def clean_up(account: Account) -> CleanedUp:
    """Delete everything that the workshop made in the account, and the apps' files.

    Raises:
        WorkshopError: the account is no sandbox.
    """
    _refuse_other_targets(account)
    return CleanedUp(clear(account))


def _scene(account: Account, number: int | None) -> Scene:
    _refuse_other_targets(account)
    if not isinstance(number, int):
        raise WorkshopError(f"Say which fault by its number, 1 to {len(FAULTS)}, as in workshop.break_it(account, 3).")
    _fault(number)
    return Scene(account, number)


def _fault(number: int) -> Fault:
    if number not in range(1, len(FAULTS) + 1):
        raise WorkshopError(f"There is no fault {number}: choose a number from 1 to {len(FAULTS)}.")
    return FAULTS[number - 1]


def _refuse_other_targets(account: Account) -> None:
    if not isinstance(account, Account):
        raise WorkshopError("Give the open account first, as in workshop.break_it(account, 3).")
    if not account.practice:
        raise WorkshopError("The workshop breaks things on purpose, so it works in the sandbox only: open_sandbox().")
