"""How IAM decides a request, and why.

`decide` is the whole of it: every statement of every policy is held against the request (`statements.py`),
a deny that applies refuses, and otherwise those sides have to allow that the case requires (`_required_sides`).

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from helpers.evaluation.conditions import context_of
from helpers.evaluation.statements import MatchedBy, Request, StatementReason, most_telling, weigh

Side = Literal["identity", "boundary", "session", "resource"]
"""Where a policy sits: on the caller, around the caller, around the session, or on the resource."""

_CALLER_SIDES: tuple[Side, ...] = ("identity", "boundary", "session")
_SIDES: tuple[Side, ...] = (*_CALLER_SIDES, "resource")

_FOR_EVERYONE = ("sts:getcalleridentity", "sts:getsessiontoken")
"""What needs no permission and no policy can deny.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
"""


class Verdict(StrEnum):
    """What IAM answers, in the words of its policy simulator."""

    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicitDeny"
    EXPLICIT_DENY = "explicitDeny"


# --- What bears on a request ---


@dataclass(frozen=True)
class Policy:
    """A policy document and, in words, where it comes from."""

    source: str
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Policies:
    """All the policies that bear on a request.

    Attributes:
        identity: The policies of the user and its groups, or of the role.
        boundary: The permissions boundary, if there is one.
        session: The session policies; `None` if none was passed.
        resource: The resource's own policy. To assume a role, its trust policy; `None` if there is no role.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    resource: Policy | None = None

    def by_side(self) -> Iterator[tuple[Side, Policy]]:
        """Go through the policies, each with the side it is on."""
        yield from (("identity", policy) for policy in self.identity)
        if self.boundary:
            yield "boundary", self.boundary
        yield from (("session", policy) for policy in self.session or ())
        if self.resource:
            yield "resource", self.resource


# --- What is decided, and why ---


@dataclass(frozen=True)
class PolicyReason:
    """What one policy says to a request, statement by statement."""

    side: Side
    source: str
    statements: tuple[StatementReason, ...]


@dataclass(frozen=True)
class Decision:
    """IAM's answer to a request.

    Attributes:
        verdict: The answer.
        phrase: How AWS goes on after `User: … is not authorized to perform: …`; empty if allowed.
        refused_by: The side that decided against the request; `None` if allowed.
        required: The sides that all have to allow this request; none where nobody needs a permission.
        identity_side: What the caller's policies say, within the boundary and the session policies.
        resource_side: What the resource's policy says; `None` if it has none.
        same_account: Whether the caller and the resource belong to one account.
        matched_by: By which name the resource's policy allows the caller; `None` if it does not.
        reasons: What each policy and each of its statements said.
    """

    verdict: Verdict
    phrase: str
    refused_by: Side | None
    required: tuple[Side, ...]
    identity_side: Verdict
    resource_side: Verdict | None
    same_account: bool
    matched_by: MatchedBy | None
    reasons: tuple[PolicyReason, ...]


# --- Deciding ---


def decide(request: Request, policies: Policies) -> Decision:
    """Decide a request as IAM does.

    Args:
        request: What is asked, by whom.
        policies: All the policies that bear on it.

    Returns:
        The verdict with its reasons.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    """
    context = context_of(request.context)
    bounded = policies.boundary is not None
    reasons = tuple(
        PolicyReason(
            side,
            policy.source,
            weigh(policy.document, request, context, names_callers=side == "resource", bounded=bounded),
        )
        for side, policy in policies.by_side()
    )
    verdicts = {side: _side_verdict(reason for reason in reasons if reason.side == side) for side in _SIDES}
    if policies.boundary is None:
        verdicts["boundary"] = Verdict.ALLOWED
    if policies.session is None:
        verdicts["session"] = Verdict.ALLOWED
    if request.principal.is_root and verdicts["identity"] is Verdict.IMPLICIT_DENY:
        verdicts["identity"] = Verdict.ALLOWED
    matched_by = _matched_by(reasons)
    required = _required_sides(request, matched_by)
    verdict, phrase, refused_by = _conclude(request, verdicts, required)
    return Decision(
        verdict=verdict,
        phrase=phrase,
        refused_by=refused_by,
        required=required,
        identity_side=_together(verdicts[side] for side in _CALLER_SIDES),
        resource_side=verdicts["resource"] if policies.resource else None,
        same_account=request.within_account,
        matched_by=matched_by,
        reasons=reasons,
    )


def _required_sides(request: Request, matched_by: MatchedBy | None) -> tuple[Side, ...]:
    """Name the sides that all have to allow a request.

    Within one account the resource's policy is enough by itself when it names the caller, or everyone, and
    stands in for identity policies when it names the role behind a session. When it names the account only,
    it leaves the matter to the account's own policies. A role is never assumed without its trust policy: when
    that does not match, it alone decides. Nothing in another account is used without both sides.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
    """
    caller = request.principal
    if request.action.lower() in _FOR_EVERYONE:
        return ()
    if caller.service:
        return ("resource",)
    if request.within_account:
        if matched_by in ("principal", "session", "everyone") or (matched_by is None and request.assumes_role):
            return ("resource",)
        if matched_by == "role":
            return ("boundary", "session", "resource")
        if not request.assumes_role:
            return _CALLER_SIDES
    return _SIDES


def _conclude(
    request: Request, verdicts: Mapping[Side, Verdict], required: tuple[Side, ...]
) -> tuple[Verdict, str, Side | None]:
    """Reach the verdict, word a refusal, and name the side that it came from.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    if request.action.lower() in _FOR_EVERYONE:
        return Verdict.ALLOWED, "", None
    kinds = {
        "identity": "an identity-based policy",
        "boundary": "a permissions boundary",
        "session": "a session policy",
        "resource": "the role trust policy" if request.assumes_role else "a resource-based policy",
    }
    for side in _SIDES:
        if verdicts[side] is Verdict.EXPLICIT_DENY:
            return Verdict.EXPLICIT_DENY, f"with an explicit deny in {kinds[side]}", side
    for side in required:
        if verdicts[side] is Verdict.IMPLICIT_DENY:
            kind = kinds[side].split(" ", 1)[1]
            return Verdict.IMPLICIT_DENY, f"because no {kind} allows the {request.action} action", side
    if request.assumes_role and request.principal.is_root:
        return Verdict.IMPLICIT_DENY, "because roles may not be assumed by root accounts", "identity"
    return Verdict.ALLOWED, "", None


def _side_verdict(reasons: Iterable[PolicyReason]) -> Verdict:
    """Take the policies of one side together: a deny wins, then an allow, and silence denies."""
    effects = {statement.effect for reason in reasons for statement in reason.statements if statement.applied}
    if "Deny" in effects:
        return Verdict.EXPLICIT_DENY
    return Verdict.ALLOWED if "Allow" in effects else Verdict.IMPLICIT_DENY


def _together(verdicts: Iterable[Verdict]) -> Verdict:
    """Take sides together that all have to allow: the sternest counts."""
    return max(verdicts, key=list(Verdict).index)


def _matched_by(reasons: Iterable[PolicyReason]) -> MatchedBy | None:
    return most_telling(
        statement.matched_by
        for reason in reasons
        for statement in reason.statements
        if statement.applied and statement.effect == "Allow"
    )
