"""The card that opens each notebook, and the check that ends a step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from typing_extensions import override

from helpers import sts
from helpers.account import Account
from helpers.display import BAD, FOR_REAL, GOOD, Rows, Shown
from helpers.evaluation.decisions import Verdict
from helpers.lessons.steps.state import ROLE_NAME, USER_NAME, State, read_state
from helpers.lessons.steps.tutorial import STEPS, Step, wait_until_assumable, wait_until_key_works

_CLEAN_UP, _WORKSHOP = 7, 11
_GOES_ON = {10: ("11 Fix broken access", "11_fix_broken_access.ipynb")}
_MADE_FOR_A_WHILE = {
    4: (("user", "tutorial-user-2"),),
    10: (("user", "truth-table-user"), ("user", "truth-table-stranger"), ("role", "truth-table-role")),
}
_CHANGED_FOR_A_WHILE = {
    4: ("the user's inline policy is taken away for a while, and put back",),
    10: (
        "policies of the user and the role are changed for a while, and put back; where you stop halfway, notebook 07 "
        "deletes these changes too",
    ),
}


@dataclass(frozen=True, repr=False)
class Check(Shown):
    """Whether a step is done.

    Attributes:
        step: which one.
        missing: what is not there yet.
        wrong: what is there in its place, and does not do.
    """

    step: Step
    missing: tuple[str, ...]
    wrong: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    @property
    @override
    def accent(self) -> str:
        return GOOD if self.done else BAD

    @override
    def title(self) -> str:
        return f"{'Done' if self.done else 'Not yet'}: {self.step.title}"

    @override
    def rows(self) -> Rows:
        rows = [("Missing", "\n".join(self.missing)), ("There is", "\n".join(self.wrong))]
        return [(label, text) for label, text in rows if text and self.missing]


@dataclass(frozen=True, repr=False)
class Card(Shown):
    """Where you are: which account, who you are in it, which steps are done, and which is next.

    Attributes:
        account: the open account.
        identity: who you are.
        checks: the steps; none for a notebook that does not build on them.
        next: what is to be done next, and the file name of its notebook.
        built: the steps that were done for you just now.
        needed: the steps that this notebook builds on, and that have to be done first.
        plan: what this notebook makes, with ARNs.
        named: the role and the user whose names are not those of the texts, one line each.
    """

    account: Account
    identity: sts.Identity
    checks: tuple[Check, ...]
    next: tuple[str, str]
    built: tuple[Step, ...]
    needed: tuple[Step, ...] = ()
    plan: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    @property
    @override
    def accent(self) -> str:
        return "transparent" if self.account.practice else FOR_REAL

    @override
    def title(self) -> str:
        return f"{self.account.description}, account {self.account.account_id}"

    @override
    def rows(self) -> Rows:
        listed = [
            f"{'done ' if check.done else 'to do'}  {check.step.number:02} {check.step.title}" for check in self.checks
        ]
        rows = [("Region", self.account.region), ("You are", self.identity.arn)]
        if guard := self.account.guard:
            rows += guard.rows()
        rows += [("Steps", "\n".join(listed))] if listed else []
        if self.named:
            rows.append(("Named", "\n".join(self.named)))
        rows.append(("Next", ", in ".join(self.next)))
        if self.plan:
            rows.append(("Makes", "\n".join(self.plan)))
        if self.needed:
            first = ", ".join(f"{step.number:02} {step.title}" for step in self.needed)
            rows.append(
                ("First", f"{first}. This notebook builds on it, and in your own account nothing is done unasked.")
            )
        if self.built:
            done = ", ".join(f"{step.number:02} {step.title}" for step in self.built)
            was, it = ("These were", "them") if len(self.built) > 1 else ("This was", "it")
            rows.append(("Done for you", f"{done}. {was} missing, and the notebook builds on {it}."))
        if self.account.news:
            rows.append(("Note", self.account.news))
        return rows

    @override
    def _repr_html_(self) -> str:
        _, notebook = self.next
        return super()._repr_html_().replace(notebook, f'<a href="{notebook}">{notebook}</a>')


def begin(account: Account, number: int) -> Card:
    """Make sure that what the earlier notebooks build is there and has effect, and show where you are.

    Args:
        account: the open account.
        number: the number of the notebook that begins.

    Raises:
        NameTakenError: something that the tutorial did not make has the name that an earlier step needs.
        WaitedTooLong: what was built has no effect yet when the limit is over.
    """
    state, built, needed = read_state(account), [], []
    steps = () if number == _WORKSHOP else STEPS
    for step in steps:
        if step.number >= number or not step.missing(state):
            continue
        if account.practice:
            step.build(account)
            built.append(step)
            state = read_state(account)
        elif number != _CLEAN_UP:
            needed.append(step)
    _wait_for(account, built, state)
    identity = sts.who_am_i(account.client("sts"))
    checks = tuple(Check(step, tuple(step.missing(state))) for step in steps)
    following = _following(checks, number)
    made, named = tuple(plan(account, number)), tuple(_named_otherwise(account, state) if steps else ())
    return Card(account, identity, checks, following, tuple(built), tuple(needed), made, named)


def _named_otherwise(account: Account, state: State) -> Iterator[str]:
    """Tell which names to read in the texts and their command lines, where they are not those of the texts."""
    for kind, entity, name in (("role", state.role, ROLE_NAME), ("user", state.user, USER_NAME)):
        own = entity.name if entity else account.named(name)
        if own != name:
            yield f"{kind} {own}, where the texts say {name} (a profile is called {name} all the same)"


def _following(checks: Sequence[Check], number: int) -> tuple[str, str]:
    """Tell what comes after a notebook: the first step that is to do, or the notebook that goes on."""
    to_do = next((check.step for check in checks if not check.done), None)
    if to_do:
        return f"{to_do.number:02} {to_do.title}", to_do.notebook
    return _GOES_ON.get(number, ("07 Clean up", "07_clean_up.ipynb"))


def plan(account: Account, number: int) -> list[str]:
    """Tell what a notebook is about to make in the account, with ARNs, one line each; nothing is made.

    Args:
        account: the open account.
        number: the notebook's number.
    """
    for_a_while = [f"{kind} {account.named(name)}, deleted again" for kind, name in _MADE_FOR_A_WHILE.get(number, ())]
    own = [line for step in STEPS if step.number == number for line in step.makes(account)]
    return [*own, *for_a_while, *_CHANGED_FOR_A_WHILE.get(number, ())]


def _wait_for(account: Account, built: Sequence[Step], state: State) -> None:
    """Wait until what was built has effect, once for all of it: who may assume the role has a key that works."""
    numbers = {step.number for step in built}
    if numbers & {1, 2, 3, 4} and state.handshake and state.handshake.verdict is Verdict.ALLOWED:
        wait_until_assumable(account)
    elif 2 in numbers:
        wait_until_key_works(account)


def check(account: Account, number: int) -> Check:
    """Read the live account and say whether a step is done, or what is missing.

    Args:
        account: the open account.
        number: the step's number, 1 to 6.
    """
    step = next(step for step in STEPS if step.number == number)
    state = read_state(account)
    return Check(step, tuple(step.missing(state)), tuple(step.wrong(state)))
