"""A decision in words: who asks, why it is answered so, and what about a statement does not match."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from helpers import policies
from helpers.arns import parse_arn
from helpers.diagnosis.explanation import statement_label
from helpers.diagnosis.live_decision import Deciding, LiveDecision
from helpers.evaluation.conditions import context_of, texts
from helpers.evaluation.decisions import Decision, Side, Verdict
from helpers.evaluation.statements import Mismatch, Principal, StatementReason

_NEARNESS = ("Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
_POLICY_KINDS: dict[Side, str] = {
    "identity": "a policy",
    "boundary": "the permissions boundary",
    "session": "the session policy",
}
OF_COGNITO = "CognitoIdentityCredentials"
"""What Cognito calls the sessions that it opens for an app's users."""
OPENED_BY_COGNITO = (
    "Cognito opened the session, and passes a session policy of its own for guests, which nobody changes: it lets them "
    "call few services. Have users sign in (the identity pool's authenticated role), use the basic flow, or call "
    "through a backend."
)


def capital(sentence: str) -> str:
    """Return the sentence with a capital letter at its beginning."""
    return sentence[0].upper() + sentence[1:]


def statement_name(said: StatementReason) -> str:
    """Return which statement it is, for a sentence: `1st statement (no Sid)`, or `2nd statement (Statement1)`."""
    label = statement_label(said.name, said.place)
    return label if label.endswith(")") else f"{label.partition(',')[0]} statement ({said.name})"


def called(principal: Principal) -> str:
    """Return a caller in words, such as `user tutorial-user`, or `session tutorial-role/app`."""
    if principal.service:
        return f"service {principal.service}"
    if principal.is_root:
        return f"the root user of {principal.account_id}"
    arn = parse_arn(principal.arn)
    if arn.resource_type == "federated-user":
        return f"federated user {arn.name}"
    if principal.is_session:
        return f"session {arn.resource.partition('/')[2]}"
    return f"{arn.resource_type} {arn.name}"


def why_not(decided: LiveDecision, mismatch: Mismatch, version: str) -> str:
    """Tell what about a statement does not match, and why, as a person would.

    Args:
        decided: the request; a role's session has no value for some policy variables.
        mismatch: the element that does not fit.
        version: the `Version` of the policy, which decides about policy variables.
    """
    wanted, seen = mismatch.wanted or "nobody", mismatch.seen
    hint = _hint(mismatch, version, decided.request.principal)
    if mismatch.element == "Condition":
        return f"its Condition wants {wanted}; in the request it is {seen}{hint}"
    if mismatch.element.startswith("Not"):
        return f"its {mismatch.element} {wanted} leaves out {seen}{hint}"
    return f"its {mismatch.element} is {wanted}, not {seen}{hint}"


def why_denied(decided: LiveDecision, statement: Mapping[str, Any]) -> str:
    """Tell what made a Deny apply, where that is not plain: its conditions, or whom it does not spare.

    Args:
        decided: the request, and how it is decided.
        statement: the Deny as it is written.
    """
    context = context_of(decided.request.context)
    tests = [
        f"{operator} {key}: {', '.join(texts(wanted))}, and in the request it is "
        f"{', '.join(context.get(key.lower(), ())) or 'absent'}"
        for operator, conditions in statement.get("Condition", {}).items()
        for key, wanted in conditions.items()
    ]
    spared = policies.principals(statement) if "NotPrincipal" in statement else []
    session_of = decided.request.principal.arn.rpartition("/")[0]
    if decided.request.principal.role_arn in spared:
        tests.append("its NotPrincipal names the role, and not this session, which has an ARN of its own")
    elif others := [arn for arn in spared if decided.request.principal.role_arn and arn.startswith(f"{session_of}/")]:
        tests.append(f"its NotPrincipal names the session {others[0].rpartition('/')[2]}, and not one of this name")
    return "; ".join(tests)


def _hint(mismatch: Mismatch, version: str, caller: Principal) -> str:
    """Say what people overlook: a wildcard that is none, a variable, a path, capitals, a bucket and its objects."""
    wanted, seen = mismatch.wanted, mismatch.seen
    operator = wanted.split(" ", 1)[0] if mismatch.element == "Condition" else ""
    values = wanted.split(": ", 1)[-1].split(", ") if operator else wanted.split(", ")
    if "${" in wanted and version != policies.VERSION:
        return f" (variables are filled in only in policies of Version {policies.VERSION})"
    if caller.role_arn and "${aws:username}" in wanted:
        return " (${aws:username} is filled in for users alone: a role's session has none)"
    if operator.lower().startswith(("stringequals", "stringnotequals")) and re.search(r"[*?]", wanted):
        return f" (in {operator}, * and ? are letters like any other: StringLike takes them for any text)"
    if mismatch.element == "Resource" and any(" " in value for value in values):
        return " (there is a blank in it)"
    for value in values:
        if value != seen and value.lower() == seen.lower():
            return " (capitals count)"
        if mismatch.element == "Resource" and seen.startswith(f"{value}/"):
            return f" (that is the bucket alone: its objects are {value}/*)" if ":s3:::" in value else ""
        if mismatch.element == "Resource" and ":s3:::" in seen and "/" not in seen and value.startswith(f"{seen}/"):
            return f" (that is what is in it: the bucket itself is {seen}, and a folder goes into s3:prefix)"
        if _differ_by_path(value, seen):
            return " (an ARN has the path in it)"
    return ""


def _differ_by_path(wanted: str, seen: str) -> bool:
    """Tell whether two ARNs of IAM have the same kind, account and name, and another path."""
    parts = [text.split(":", 5) for text in (wanted, seen)]
    if any(len(each) != 6 or each[2] != "iam" for each in parts) or parts[0][:5] != parts[1][:5]:
        return False
    names = [each[5].split("/") for each in parts]
    return wanted != seen and (names[0][0], names[0][-1]) == (names[1][0], names[1][-1])


def who(decided: LiveDecision) -> str:
    """Return the caller in words, such as `user tutorial-user`."""
    return called(decided.request.principal)


def other(decided: LiveDecision) -> str:
    """Return the other side in words: `the role`, `the bucket`, or `the resource`."""
    if decided.request.assumes_role:
        return "the role"
    return "the bucket" if decided.request.action.startswith("s3:") else "the resource"


def other_policy(decided: LiveDecision) -> str:
    """Return the other side's policy in words, such as `the role's trust policy`."""
    return f"{other(decided)}'s {'trust ' if decided.request.assumes_role else ''}policy"


# --- the statements that decide


def deciding(decided: LiveDecision) -> Iterator[Deciding]:
    """Find the statements on which the decision rests; after a refusal that nobody allowed, those that come nearest."""
    decision = decided.decision
    refusing = (decision.refused_by,) if decision.refused_by else ()
    match decision.verdict:
        case Verdict.ALLOWED:
            yield from _applied(decision, "Allow", decision.required)
        case Verdict.EXPLICIT_DENY:
            yield from _applied(decision, "Deny", refusing)
        case Verdict.IMPLICIT_DENY:
            near = [pair for pair in _statements(decision, refusing) if _is_near(pair[1], decided.request.principal)]
            best = max((_nearness(statement) for _, statement in near), default=0)
            yield from (pair for pair in near if _nearness(pair[1]) == best)


def in_the_way(decided: LiveDecision, sides: Sequence[Side]) -> Iterator[str]:
    """Tell what is there on these sides and does not do: a Deny, an Allow that comes near, a boundary."""
    versions = {policy.source: str(policy.document.get("Version", "")) for _, policy in decided.policies.by_side()}
    for policy, said in _statements(decided.decision, sides):
        where = f"the {statement_name(said)} of the {policy.source}"
        if said.effect == "Deny" and said.applied:
            yield f"{where} denies it"
        elif said.mismatch and policy.side != "boundary" and _is_near(said, decided.request.principal):
            yield f"{where} does not fit: {why_not(decided, said.mismatch, versions[policy.source])}"
    boundary = decided.policies.boundary if "boundary" in sides else None
    if boundary and not any(_applied(decided.decision, "Allow", ["boundary"])):
        yield f"the {boundary.source} leaves it out"


def _applied(decision: Decision, effect: str, sides: Sequence[Side]) -> Iterator[Deciding]:
    for policy, statement in _statements(decision, sides):
        if statement.applied and statement.effect == effect:
            yield policy, statement


def _statements(decision: Decision, sides: Sequence[Side]) -> Iterator[Deciding]:
    for policy in decision.reasons:
        if policy.side in sides:
            yield from ((policy, statement) for statement in policy.statements)


def _is_near(statement: StatementReason, caller: Principal) -> bool:
    """Tell whether an Allow fails on its last elements only: on whom it names, if that is somebody like the caller."""
    mismatch = statement.mismatch
    if mismatch is None or statement.effect != "Allow":
        return False
    if mismatch.element == "Principal":
        return _names_alike(mismatch.wanted, caller)
    return mismatch.element not in ("Action", "NotAction") or statement.matched_by is not None


def _nearness(statement: StatementReason) -> int:
    return 1 + _NEARNESS.index(statement.mismatch.element) if statement.mismatch else 0


def _names_alike(wanted: str, principal: Principal) -> bool:
    """Tell whether a principal that does not match is at least of the caller's kind."""
    if principal.service:
        return ".amazonaws.com" in wanted
    kinds = (":role/", ":assumed-role/", "AROA") if principal.role_arn else (":user/", "AIDA")
    return any(kind in wanted for kind in (*kinds, ":root"))


# --- why


def reason(decided: LiveDecision) -> str:
    """Say why the request is answered as it is, in one sentence."""
    decision, side = decided.decision, decided.decision.refused_by
    if decision.verdict is Verdict.ALLOWED:
        return _why_allowed(decided)
    if decided.request.principal.is_root and decided.request.assumes_role:
        return "AWS lets no root user assume a role, whatever the policies say."
    if decision.verdict is Verdict.EXPLICIT_DENY:
        policy, statement = next(deciding(decided))
        return f"The {statement_name(statement)} of the {policy.source} denies it, and a Deny beats every Allow."
    if side == "resource":
        return _why_not_let_in(decided)
    if side != "identity":
        kind = _POLICY_KINDS[side or "identity"]
        return f"{capital(kind)} of {who(decided)} leaves this out, and nothing outside it is allowed."
    if not decided.decision.same_account and decided.decision.resource_side is not Verdict.ALLOWED:
        if decided.identity_side is None:
            return _why_not_let_in(decided)
        if decided.resource_side is None:
            return f"No policy of {who(decided)} allows it, and across accounts both sides have to."
        return "Neither side allows it, and across accounts both have to."
    return f"No policy of {who(decided)} allows it{_why_needed(decided)}."


def _why_allowed(decided: LiveDecision) -> str:
    if not decided.decision.required:
        return "AWS answers this to every valid key: it needs no permission."
    if decided.decision.required == ("resource",):
        by = "everyone" if decided.decision.matched_by == "everyone" else f"{who(decided)} itself"
        return f"{capital(other_policy(decided))} names {by}; inside one account that is enough."
    if "resource" not in decided.decision.required:
        return f"A policy of {who(decided)} allows it, and nothing denies it."
    if "identity" not in decided.decision.required:
        return f"{capital(other_policy(decided))} names the role behind the session; inside one account that is enough."
    return f"Both sides allow it: a policy of {who(decided)}, and {other_policy(decided)}."


def _why_not_let_in(decided: LiveDecision) -> str:
    if decided.policies.resource is None and decided.request.assumes_role:
        return "There is no such role. AWS refuses that in the same words, so that nobody can probe for names."
    if decided.policies.resource is None:
        return f"It belongs to another account, and {other(decided)} has no policy that lets {who(decided)} in."
    near = next(deciding(decided), None)
    mismatch = near[1].mismatch if near else None
    if near and mismatch and mismatch.element == "Condition":
        would = f"The {statement_name(near[1])} of the {near[0].source} would let {who(decided)} in"
        return f"{would}, but its condition is not met."
    return f"{capital(other_policy(decided))} does not let {who(decided)} in."


def _why_needed(decided: LiveDecision) -> str:
    if not decided.decision.same_account:
        return ", and across accounts both sides have to"
    if decided.decision.matched_by == "account":
        return f". {capital(other_policy(decided))} names the whole account, which leaves it to the account's policies"
    return ""


def relation(decided: LiveDecision) -> str:
    """Say whether caller and resource are in one account, and what follows from it."""
    caller, owner = decided.request.principal.account_id, decided.resource.account_id
    if not caller or owner is None or not all(map(str.isdecimal, (caller, owner))):
        return ""
    if caller != owner:
        return f"Two: {who(decided)} is in {caller}, {other(decided)} in {owner}, so both sides have to allow it."
    if not (decided.request.assumes_role or decided.policies.resource):
        return ""
    return f"Both sides are in {caller}{_what_is_enough(decided)}."


def _what_is_enough(decided: LiveDecision) -> str:
    """Say what one account asks for; nothing that matters where somebody denies."""
    if decided.decision.verdict is Verdict.EXPLICIT_DENY:
        return ""
    if not decided.request.assumes_role:
        return ": a policy of either side is enough"
    if decided.decision.matched_by == "account":
        return f": the trust policy names the account, so {who(decided)} needs a policy that allows it"
    would = "is" if decided.decision.verdict is Verdict.ALLOWED else "would be"
    return f": a trust policy that names {who(decided)} {would} enough by itself"
