"""A refusal that is to be mended, and what a mend is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from helpers import policies
from helpers.arns import parse_arn
from helpers.clients.calls import OpenAccount
from helpers.diagnosis.condition_values import tests_of
from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.live_decision import LiveDecision
from helpers.diagnosis.live_policies import Place
from helpers.diagnosis.policy_edits import Said, State
from helpers.evaluation.conditions import Context, context_of
from helpers.evaluation.decisions import Side, decide
from helpers.evaluation.statements import Request


@dataclass(frozen=True)
class Mend:
    """A change, and how it is made.

    Attributes:
        step: how.
        change: what it makes of a request and its policies.
        parts: the single changes, where it is several.
    """

    step: NextStep
    change: Callable[[State], State]
    parts: tuple["Mend", ...] = ()


@dataclass(frozen=True)
class Case:
    """A refused request, as it was decided, and what its mends are written with.

    Attributes:
        decided: the request, and how it is decided.
        account: the open account.
        said: every statement that was read, with what it says to the request.
        also: on what else the call needs the same action, and is not allowed it.
    """

    decided: LiveDecision
    account: OpenAccount
    said: Sequence[Said]
    also: Sequence[str] = ()

    def after(self, mend: "Mend") -> "Case":
        """Return the case as it is once a mend was made."""
        request, read = mend.change((self.request, self.decided.policies))
        decision = decide(request, read)
        decided = replace(self.decided, request=request, policies=read, decision=decision)
        return case_of(decided, self.account, self.also)

    @property
    def request(self) -> Request:
        """What was asked."""
        return self.decided.request

    @property
    def owner(self) -> str:
        """The account that the resource is in."""
        return self.decided.resource.account_id or self.request.principal.account_id

    @property
    def principal_arn(self) -> str:
        """The ARN of the user, or of the role behind the session."""
        principal = self.request.principal
        return principal.role_arn or principal.arn

    @property
    def name(self) -> str:
        """The name of the user, or of the role behind the session."""
        return parse_arn(self.principal_arn).name

    @property
    def holder(self) -> str:
        """What the caller's policies are on."""
        return "role" if self.request.principal.role_arn else "user"

    @property
    def is_protected(self) -> bool:
        """Whether the caller is a role that AWS alone changes."""
        arn = self.principal_arn
        return any(part in arn for part in ("/aws-reserved/", "/aws-service-role/", "role/AWSReservedSSO_"))

    @property
    def is_unreadable(self) -> bool:
        """Whether the caller's account is none of the learner's."""
        return self.account.of(self.request.principal.account_id) is None

    def place(self, side: Side) -> Place | None:
        """Find where the first policy of a side was read."""
        return next((place for place in self.decided.caller.places.values() if place.side == side), None)

    def client(self, account_id: str) -> str:
        """Write Python for an IAM client in one of your accounts."""
        owner = "account" if account_id == self.account.account_id else f'account.of("{account_id}")'
        return f'{owner}.client("iam")'

    def elsewhere(self, account_id: str | None) -> str:
        """Say in which account to act, where it is not the one that is open."""
        if account_id in (None, self.account.account_id):
            return ""
        return f" That is in account {account_id}."


def case_of(decided: LiveDecision, account: OpenAccount, also: Sequence[str] = ()) -> Case:
    """Collect what the statements say to a refused request."""
    return Case(
        decided,
        account,
        [
            Said(side, policy, reason, place, statement, said)
            for (side, policy), reason in zip(decided.policies.by_side(), decided.decision.reasons, strict=True)
            for place, (statement, said) in enumerate(
                zip(policies.statements(policy.document), reason.statements, strict=True)
            )
        ],
        also,
    )


def fails_on_conditions(one: Said) -> bool:
    """Tell whether its conditions alone keep a statement from applying."""
    return one.said.mismatch is not None and one.said.mismatch.element == "Condition"


def contexts(case: Case, one: Said) -> tuple[Context, Context | None]:
    """Return the request's condition keys: for a statement's tests, and for its variables, if its policy has any."""
    context = context_of(case.request.context)
    return context, context if one.policy.document.get("Version") == policies.VERSION else None


def conditions_met(case: Case, one: Said) -> dict[str, Any]:
    """Return as a `Condition` those of a statement's conditions that the request meets; nothing where it meets none."""
    found: dict[str, dict[str, Any]] = {}
    context, variables = contexts(case, one)
    for test in tests_of(one.statement):
        if test.holds(context, variables):
            found.setdefault(test.operator, {})[test.key] = one.statement["Condition"][test.operator][test.key]
    return {"Condition": found} if found else {}


def all_of(mends: Sequence[Mend]) -> Mend:
    """Return several changes as one, made one after the other."""
    parts = tuple(part for mend in mends for part in (mend.parts or (mend,)))
    do = " ".join(f"{number}) {part.step.do}" for number, part in enumerate(parts, start=1))
    python = _lines([part.step.python for part in parts], between=",")

    def change(state: State) -> State:
        for part in parts:
            state = part.change(state)
        return state

    step = NextStep(
        f"{len(parts)} changes are needed. {do}",
        console=_lines([part.step.console for part in parts]),
        cli=_lines(_last_of_each([part.step.cli for part in parts])),
        python=f"({python})" if python else "",
    )
    return Mend(step, change, parts)


def _last_of_each(lines: Sequence[str]) -> list[str]:
    """Leave out the lines that save a policy which a later one saves with both changes."""
    return list({line.partition("{")[0] or place: line for place, line in enumerate(lines)}.values())


def _lines(lines: Sequence[str], between: str = "") -> str:
    """Join lines; nothing where one of them is missing."""
    return f"{between}\n".join(lines) if all(lines) else ""
