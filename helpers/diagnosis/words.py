"""A decision in words: who asks, why it is answered so, and what about a statement does not match."""

from collections.abc import Iterator, Sequence

from helpers.arns import parse_arn
from helpers.diagnosis.live_decision import Deciding, LiveDecision
from helpers.evaluation.decisions import Decision, Side, Verdict
from helpers.evaluation.statements import Mismatch, Principal, StatementReason

_NEARNESS = ("Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
_POLICY_KINDS: dict[Side, str] = {
    "identity": "a policy",
    "boundary": "the permissions boundary",
    "session": "the session policy",
}


def capital(sentence: str) -> str:
    """The sentence with a capital letter at its beginning."""
    return sentence[0].upper() + sentence[1:]


def called(principal: Principal) -> str:
    """A caller in words, such as `user tutorial-user`, or `session tutorial-role/app`."""
    if principal.service:
        return f"service {principal.service}"
    if principal.is_root:
        return f"the root user of {principal.account_id}"
    arn = parse_arn(principal.arn)
    if principal.is_session:
        return f"session {arn.resource.partition('/')[2]}"
    return f"{arn.resource_type} {arn.name}"


def why_not(mismatch: Mismatch) -> str:
    """What about a statement does not match, in words."""
    wanted, seen = mismatch.wanted or "nobody", mismatch.seen
    if mismatch.element == "Condition":
        return f"its Condition wants {wanted}; in the request it is {seen}"
    if mismatch.element.startswith("Not"):
        return f"its {mismatch.element} {wanted} leaves out {seen}"
    return f"its {mismatch.element} is {wanted}, not {seen}"


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
    """Whether a principal that does not match is at least of the caller's kind."""
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
    if decision.verdict is Verdict.EXPLICIT_DENY:
        policy, statement = next(deciding(decided))
        return f"{capital(statement.name)} of the {policy.source} denies it, and a Deny beats every Allow."
    if side == "resource":
        return _why_not_let_in(decided)
    if decided.request.principal.is_root:
        return "AWS lets no root user assume a role."
    if side != "identity":
        kind = _POLICY_KINDS[side or "identity"]
        return f"{capital(kind)} of {who(decided)} leaves this out, and nothing outside it is allowed."
    if not decided.decision.same_account and decided.decision.resource_side is not Verdict.ALLOWED:
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
        would = f"{capital(near[1].name)} of the {near[0].source} would let {who(decided)} in"
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
    if not caller or owner is None:
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
