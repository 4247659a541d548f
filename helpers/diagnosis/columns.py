"""The two sides of an explanation: what each policy that matters says to the request."""

from collections.abc import Mapping

from helpers.diagnosis.explanation import Column, PolicySaid, Saying, StatementSaid
from helpers.diagnosis.live_decision import LiveDecision
from helpers.diagnosis.words import deciding, other, who, why_not
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
    versions = {policy.source: str(policy.document.get("Version", "")) for _, policy in decided.policies.by_side()}
    of_side = [policy for policy in decided.decision.reasons if policy.side in sides]
    policies = [policy for policy in of_side if policy.source != NAMED_BY_AWS]
    told = [said for policy in policies if (said := _policy_said(policy, marked, versions)).statements]
    rest = _rest(decided.request.action, len(policies), len(told))
    shown = "" if rest == NO_POLICY and decided.unread else rest
    return Column(heading, tuple(told), shown if policies == of_side else f"{shown} {_NOT_SHOWN}".strip())


def _policy_said(policy: PolicyReason, marked: set[int], versions: Mapping[str, str]) -> PolicySaid:
    statements = [
        _statement_said(one, id(one) in marked, versions[policy.source])
        for one in policy.statements
        if _matters(policy, one)
    ]
    return PolicySaid(policy.source, tuple(statements))


def _matters(policy: PolicyReason, statement: StatementReason) -> bool:
    """Tell whether a statement speaks of what is asked; only identity policies are left out."""
    element = statement.mismatch.element if statement.mismatch else ""
    return policy.side != "identity" or element not in ("Action", "NotAction")


def _statement_said(statement: StatementReason, decides: bool, version: str) -> StatementSaid:
    if statement.mismatch:
        why = f"{statement.effect}; {why_not(statement.mismatch, version)}"
        return StatementSaid(statement.name, "does not match", why, decides, statement.place)
    saying: Saying = "denies" if statement.effect == "Deny" else "allows"
    return StatementSaid(statement.name, saying, "", decides, statement.place)


def _rest(action: str, policies: int, told: int) -> str:
    if policies == 0:
        return NO_POLICY
    if told == 0:
        return f"{_counted(policies)}, none of which speaks of {action}."
    silent = policies - told
    return f"And {_counted(silent)} that say{'s' if silent == 1 else ''} nothing of {action}." if silent else ""


def _counted(number: int) -> str:
    return f"{number} {'policy' if number == 1 else 'policies'}"
