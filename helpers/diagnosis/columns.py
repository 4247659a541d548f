"""The two sides of an explanation: what each policy that matters says to the request."""

from collections.abc import Mapping, Set
from typing import Any

from helpers import policies
from helpers.diagnosis.explanation import Column, PolicySaid, StatementSaid
from helpers.diagnosis.live_decision import LiveDecision
from helpers.diagnosis.words import deciding, other, who, why_denied, why_not
from helpers.evaluation.decisions import PolicyReason, Side, Verdict
from helpers.evaluation.statements import StatementReason

NO_POLICY = "No policy."
NAMED_BY_AWS = "session policy that AWS names"
_NOT_SHOWN = "AWS names a session policy: it was passed when the session was opened, and nobody can read it back."
_CALLERS_SIDE: tuple[Side, ...] = ("identity", "boundary", "session")
_SAYS = {Verdict.ALLOWED: "allows", Verdict.EXPLICIT_DENY: "denies", Verdict.IMPLICIT_DENY: "does not allow"}


def columns(decided: LiveDecision) -> tuple[Column, ...]:
    """Tell what the caller's side and the other side say; the statements that decide are marked."""
    found = []
    if not decided.request.principal.service:
        heading = f"Side of {who(decided)} ({_callers_side_says(decided)})"
        found.append(_column(decided, heading, _CALLERS_SIDE))
    if decided.request.assumes_role or decided.policies.resource or decided.resource.unread:
        found.append(_column(decided, f"Side of {other(decided)} ({_other_side_says(decided)})", ("resource",)))
    return tuple(column for column in found if column.lines())


def _callers_side_says(decided: LiveDecision) -> str:
    if any(one.side in _CALLERS_SIDE for one in decided.unread):
        return "could not all be read"
    decision = decided.decision
    if decision.verdict is Verdict.ALLOWED and decision.identity_side is Verdict.IMPLICIT_DENY:
        return "does not allow, and need not"
    return _SAYS[decision.identity_side]


def _other_side_says(decided: LiveDecision) -> str:
    if any(one.side == "resource" for one in decided.unread):
        return "could not be read"
    verdict = decided.decision.resource_side or Verdict.IMPLICIT_DENY
    if decided.decision.required == _CALLERS_SIDE and verdict is Verdict.IMPLICIT_DENY:
        return "has nothing against it"
    return _SAYS[verdict]


def _column(decided: LiveDecision, heading: str, sides: tuple[Side, ...]) -> Column:
    marked = {id(statement) for _, statement in deciding(decided)} if decided.verdict else set()
    documents = {policy.source: policy.document for _, policy in decided.policies.by_side()}
    of_side = [policy for policy in decided.decision.reasons if policy.side in sides]
    shown = [policy for policy in of_side if policy.source != NAMED_BY_AWS]
    told = [
        said for policy in shown if (said := _policy_said(decided, policy, documents[policy.source], marked)).statements
    ]
    rest = _rest(decided.request.action, len(shown), len(told))
    ending = "" if rest == NO_POLICY and decided.unread else rest
    return Column(heading, tuple(told), ending if shown == of_side else f"{ending} {_NOT_SHOWN}".strip())


def _policy_said(
    decided: LiveDecision, policy: PolicyReason, document: Mapping[str, Any], marked: Set[int]
) -> PolicySaid:
    statements = [
        _statement_said(decided, one, written, id(one) in marked, str(document.get("Version", "")))
        for one, written in zip(policy.statements, policies.statements(document), strict=True)
        if _matters(policy, one)
    ]
    return PolicySaid(policy.source, tuple(statements))


def _matters(policy: PolicyReason, statement: StatementReason) -> bool:
    """Tell whether a statement speaks of what is asked; only identity policies are left out."""
    element = statement.mismatch.element if statement.mismatch else ""
    return policy.side != "identity" or element not in ("Action", "NotAction")


def _statement_said(
    decided: LiveDecision, statement: StatementReason, written: Mapping[str, Any], decides: bool, version: str
) -> StatementSaid:
    if statement.mismatch:
        why = f"{statement.effect}; {why_not(decided, statement.mismatch, version)}"
        return StatementSaid(statement.name, "does not match", why, decides, statement.place)
    if statement.effect == "Deny":
        return StatementSaid(statement.name, "denies", why_denied(decided, written), decides, statement.place)
    return StatementSaid(statement.name, "allows", "", decides, statement.place)


def _rest(action: str, policies: int, told: int) -> str:
    if policies == 0:
        return NO_POLICY
    if told == 0:
        return f"{_counted(policies)}, none of which speaks of {action}."
    silent = policies - told
    return f"And {_counted(silent)} that say{'s' if silent == 1 else ''} nothing of {action}." if silent else ""


def _counted(number: int) -> str:
    return f"{number} {'policy' if number == 1 else 'policies'}"
