"""The two sides of an explanation: what each policy that matters says to the request."""

from collections.abc import Sequence

from helpers.decisions import PolicyReason, Side, StatementReason, Verdict
from helpers.explain.case import Case, why_not
from helpers.explain.explanation import Column, PolicySaid, Saying, StatementSaid
from helpers.live_policies import Unread

NO_POLICY = "No policy."
_SAYS = {Verdict.ALLOWED: "allows", Verdict.EXPLICIT_DENY: "denies", Verdict.IMPLICIT_DENY: "does not allow"}


Reasons = Sequence[tuple[PolicyReason, StatementReason]]


def columns(case: Case, unread: Sequence[Unread], marked: Reasons) -> tuple[Column, ...]:
    """The caller's side and the other side.

    Args:
        case: the request, and how it is decided.
        unread: what could not be read.
        marked: the statements to mark as those that decide.
    """
    found = []
    if not case.request.principal.service:
        found.append(_identity_column(case, unread, marked))
    if case.request.assumes_role or case.policies.resource or any(one.side == "resource" for one in unread):
        found.append(_resource_column(case, unread, marked))
    return tuple(found)


def _identity_column(case: Case, unread: Sequence[Unread], marked: Reasons) -> Column:
    sides: tuple[Side, ...] = ("identity", "boundary", "session")
    says = _SAYS[case.decision.identity_side]
    if case.decision.verdict is Verdict.ALLOWED and case.decision.identity_side is Verdict.IMPLICIT_DENY:
        says = "does not allow, and need not"
    if any(one.side in sides for one in unread):
        says = "could not all be read"
    return _column(case, f"Side of {case.who} ({says})", sides, unread, marked)


def _resource_column(case: Case, unread: Sequence[Unread], marked: Reasons) -> Column:
    says = _SAYS[case.decision.resource_side or Verdict.IMPLICIT_DENY]
    if case.decision.required == ("identity", "boundary", "session") and says == "does not allow":
        says = "has nothing against it"
    if any(one.side == "resource" for one in unread):
        says = "could not be read"
    return _column(case, f"Side of {case.other} ({says})", ("resource",), unread, marked)


def _column(case: Case, heading: str, sides: tuple[Side, ...], unread: Sequence[Unread], marked: Reasons) -> Column:
    deciding = {id(statement) for _, statement in marked}
    policies = [policy for policy in case.decision.reasons if policy.side in sides]
    told = [said for policy in policies if (said := _policy_said(policy, deciding)).statements]
    rest = _rest(case.request.action, len(policies), len(told))
    return Column(heading, tuple(told), "" if rest == NO_POLICY and unread else rest)


def _policy_said(policy: PolicyReason, deciding: set[int]) -> PolicySaid:
    statements = [_statement_said(one, id(one) in deciding) for one in policy.statements if _matters(policy, one)]
    return PolicySaid(policy.source, tuple(statements))


def _matters(policy: PolicyReason, statement: StatementReason) -> bool:
    """Whether a statement speaks of what is asked; of identity policies there may be many, others are shown whole."""
    element = statement.mismatch.element if statement.mismatch else ""
    return policy.side != "identity" or element not in ("Action", "NotAction")


def _statement_said(statement: StatementReason, decides: bool) -> StatementSaid:
    if statement.mismatch:
        return StatementSaid(
            statement.name, "does not match", f"{statement.effect}; {why_not(statement.mismatch)}", decides
        )
    saying: Saying = "denies" if statement.effect == "Deny" else "allows"
    return StatementSaid(statement.name, saying, "", decides)


def _rest(action: str, policies: int, told: int) -> str:
    if policies == 0:
        return NO_POLICY
    if told == 0:
        return f"{_counted(policies)}, none of which speaks of {action}."
    return f"And {_counted(policies - told)} that say nothing of {action}." if policies > told else ""


def _counted(number: int) -> str:
    return f"{number} {'policy' if number == 1 else 'policies'}"
