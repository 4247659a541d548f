"""How IAM decides a request, and why.

`decide` is the whole of it: every statement of every policy is held against the request, a deny that applies
refuses, and otherwise those sides have to allow that the case requires (`_required_sides`).

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal

from helpers.conditions import Context, context_of, like, met, texts, unmet

Side = Literal["identity", "boundary", "session", "resource"]
"""Where a policy sits: on the caller, around the caller, around the session, or on the resource."""

MatchedBy = Literal["principal", "session", "role", "everyone", "account"]
"""What a resource's policy calls the caller, the most telling name first."""

_CALLER_SIDES: tuple[Side, ...] = ("identity", "boundary", "session")
_SIDES: tuple[Side, ...] = (*_CALLER_SIDES, "resource")
_MATCHES: tuple[MatchedBy, ...] = ("principal", "session", "role", "everyone", "account")


class Verdict(StrEnum):
    """What IAM answers, in the words of its policy simulator."""

    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicitDeny"
    EXPLICIT_DENY = "explicitDeny"


# --- What is asked, and what bears on it ---


@dataclass(frozen=True)
class Principal:
    """Who calls: a user, a session of a role, an account's root user, or an AWS service.

    Attributes:
        arn: The caller's own ARN: of the user, of the session (`…:assumed-role/role/session`), or `…:root`.
        account_id: The caller's account, 12 digits.
        unique_id: `AIDA…` of a user, `AROA…` of the role behind a session.
        role_arn: The ARN of the role behind a session.
        service: The name of the service that calls, such as `ec2.amazonaws.com`.
    """

    arn: str
    account_id: str
    unique_id: str = ""
    role_arn: str | None = None
    service: str | None = None

    @property
    def is_root(self) -> bool:
        """Whether this is the account's root user."""
        return self.arn.endswith(":root")

    @property
    def is_session(self) -> bool:
        """Whether this is a session with temporary credentials of a role."""
        return ":sts:" in self.arn


@dataclass(frozen=True)
class Policy:
    """A policy document and, in words, where it comes from."""

    source: str
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """What a caller asks for.

    Attributes:
        principal: The caller.
        action: The action, such as `s3:GetObject`.
        resource: The ARN it is for, `*` for a call about no resource in particular.
        resource_account: The account that owns the resource. If not given, it is the account in the role's
            ARN for assuming a role, and the caller's own for everything else.
        context: Condition keys and their values.
    """

    principal: Principal
    action: str
    resource: str = "*"
    resource_account: str | None = None
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    @property
    def assumes_role(self) -> bool:
        """Whether a role's trust policy has a say in this."""
        return self.action.lower().startswith("sts:") and ":role/" in self.resource

    @property
    def within_account(self) -> bool:
        """Whether the caller and the resource belong to the same account."""
        owner = self.resource_account or (self.resource.split(":")[4] if self.assumes_role else None)
        return owner in (None, self.principal.account_id)


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
class Mismatch:
    """The first element of a statement that does not fit: what it says, and what the request has."""

    element: str
    wanted: str
    seen: str


@dataclass(frozen=True)
class StatementReason:
    """What one statement says to a request.

    Attributes:
        name: The statement's `Sid`, or its place, such as `statement 2`.
        effect: `Allow` or `Deny`.
        mismatch: Why it does not apply; `None` if it does.
        matched_by: What the statement calls the caller, on the resource side.
    """

    name: str
    effect: str
    mismatch: Mismatch | None = None
    matched_by: MatchedBy | None = None

    @property
    def applied(self) -> bool:
        """Whether the statement applies to the request."""
        return self.mismatch is None


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
        identity_side: What the caller's policies say, within the boundary and the session policies.
        resource_side: What the resource's policy says; `None` if it has none.
        same_account: Whether the caller and the resource belong to one account.
        matched_by: By which name the resource's policy allows the caller; `None` if it does not.
        reasons: What each policy and each of its statements said.
    """

    verdict: Verdict
    phrase: str
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
    reasons = tuple(_weigh(side, policy, request, context) for side, policy in policies.by_side())
    verdicts = {side: _side_verdict(reason for reason in reasons if reason.side == side) for side in _SIDES}
    if policies.boundary is None:
        verdicts["boundary"] = Verdict.ALLOWED
    if policies.session is None:
        verdicts["session"] = Verdict.ALLOWED
    if request.principal.is_root and verdicts["identity"] is Verdict.IMPLICIT_DENY:
        verdicts["identity"] = Verdict.ALLOWED
    matched_by = _matched_by(reasons)
    verdict, phrase = _conclude(request, verdicts, _required_sides(request, matched_by))
    return Decision(
        verdict=verdict,
        phrase=phrase,
        identity_side=_together(verdicts[side] for side in _CALLER_SIDES),
        resource_side=verdicts["resource"] if policies.resource else None,
        same_account=request.within_account,
        matched_by=matched_by,
        reasons=reasons,
    )


def _required_sides(request: Request, matched_by: MatchedBy | None) -> tuple[Side, ...]:
    """Name the sides that all have to allow a request.

    Within one account the resource's policy is enough by itself when it names the caller, and stands in for
    identity policies when it names the role behind a session. When it names the account only, it leaves the
    matter to the account's own policies. A role is never assumed without its trust policy, nor anything in
    another account used without both sides.
    """
    caller = request.principal
    if caller.service:
        return ("resource",)
    if request.within_account:
        if matched_by in ("principal", "session") or (matched_by == "everyone" and not caller.is_session):
            return ("resource",)
        if matched_by in ("role", "everyone"):
            return ("boundary", "session", "resource")
        if not request.assumes_role:
            return _CALLER_SIDES
    return _SIDES


def _conclude(request: Request, verdicts: Mapping[Side, Verdict], required: tuple[Side, ...]) -> tuple[Verdict, str]:
    """Reach the verdict and word a refusal.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    if request.action.lower() == "sts:getcalleridentity":
        return Verdict.ALLOWED, ""
    kinds = {
        "identity": "an identity-based policy",
        "boundary": "a permissions boundary",
        "session": "a session policy",
        "resource": "the role trust policy" if request.assumes_role else "a resource-based policy",
    }
    for side in _SIDES:
        if verdicts[side] is Verdict.EXPLICIT_DENY:
            return Verdict.EXPLICIT_DENY, f"with an explicit deny in {kinds[side]}"
    for side in required:
        if verdicts[side] is Verdict.IMPLICIT_DENY:
            kind = kinds[side].split(" ", 1)[1]
            return Verdict.IMPLICIT_DENY, f"because no {kind} allows the {request.action} action"
    if request.assumes_role and request.principal.is_root:
        return Verdict.IMPLICIT_DENY, "because roles may not be assumed by root accounts"
    return Verdict.ALLOWED, ""


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
    return _most_telling(
        statement.matched_by
        for reason in reasons
        for statement in reason.statements
        if statement.applied and statement.effect == "Allow"
    )


# --- Statements ---


def _weigh(side: Side, policy: Policy, request: Request, context: Context) -> PolicyReason:
    """Hold every statement of a policy against a request."""
    variables = context if policy.document.get("Version") == "2012-10-17" else None
    written = policy.document.get("Statement", ())
    statements = [written] if isinstance(written, Mapping) else written
    reasons = []
    for place, statement in enumerate(statements, 1):
        matched_by = _named_as(statement, request.principal) if side == "resource" else None
        if side == "resource" and matched_by is None:
            mismatch: Mismatch | None = _principal_mismatch(statement, request.principal)
        else:
            mismatch = _mismatch(statement, request, context, variables)
        name = statement.get("Sid") or f"statement {place}"
        reasons.append(StatementReason(name, statement.get("Effect", ""), mismatch, matched_by))
    return PolicyReason(side, policy.source, tuple(reasons))


def _mismatch(
    statement: Mapping[str, Any], request: Request, context: Context, variables: Context | None
) -> Mismatch | None:
    """Find the first of action, resource and condition that does not fit. No resource at all means any."""
    action = request.action.lower()
    element, wanted, negated = _element(statement, "Action")
    actions = (like(pattern.lower(), action, None) for pattern in wanted)
    if not met(actions, negated=negated):
        return Mismatch(element, ", ".join(wanted), request.action)
    element, wanted, negated = _element(statement, "Resource")
    resources = (like(pattern, request.resource, variables) for pattern in wanted)
    if element in statement and not met(resources, negated=negated):
        return Mismatch(element, ", ".join(wanted), request.resource)
    failed = unmet(statement.get("Condition", {}), context, variables)
    return Mismatch("Condition", failed.wanted, failed.seen) if failed else None


def _element(statement: Mapping[str, Any], element: str) -> tuple[str, tuple[str, ...], bool]:
    """Read an element or its `Not` form: its name, its values, and whether it is the `Not` form."""
    negated = f"Not{element}" in statement
    name = f"Not{element}" if negated else element
    return name, texts(statement.get(name, ())), negated


# --- Who is meant ---


def _named_as(statement: Mapping[str, Any], caller: Principal) -> MatchedBy | None:
    """Tell by which of its names a statement means the caller, the most telling one; `None` if it does not.

    `NotPrincipal` means everyone but a caller of whom it lists every layer: the account, the role behind a
    session, and the user or session itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    if "NotPrincipal" in statement:
        spared = _listed(statement["NotPrincipal"], caller)
        layers = set(_names(caller).values()) - {"everyone"}
        return None if "everyone" in spared or spared >= layers else "everyone"
    return _most_telling(_listed(statement.get("Principal", {}), caller))


def _listed(element: str | Mapping[str, Any], caller: Principal) -> set[MatchedBy]:
    if isinstance(element, str):
        return {"everyone"} if element == "*" else set()
    names = _names(caller)
    listed = texts(element.get("Service" if caller.service else "AWS", ()))
    return {names[name] for name in listed if name in names}


@lru_cache(maxsize=256)
def _names(caller: Principal) -> dict[str, MatchedBy]:
    """List every name that a policy can call the caller by. Each is compared whole: no wildcards."""
    if caller.service:
        return {caller.service: "principal"}
    partition = caller.arn.split(":")[1]
    names: dict[str, MatchedBy] = {"*": "everyone"}
    if caller.role_arn:
        names[caller.role_arn] = "role"
    if caller.unique_id:
        names[caller.unique_id] = "role" if caller.is_session else "principal"
    names[caller.arn] = "session" if caller.is_session else "principal"
    names[caller.account_id] = names[f"arn:{partition}:iam::{caller.account_id}:root"] = "account"
    return names


def _most_telling(names: Iterable[MatchedBy | None]) -> MatchedBy | None:
    found = set(names)
    return next((name for name in _MATCHES if name in found), None)


def _principal_mismatch(statement: Mapping[str, Any], caller: Principal) -> Mismatch:
    element = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    listed = statement.get(element, "")
    groups = [listed] if isinstance(listed, str) else listed.values()
    wanted = ", ".join(name for group in groups for name in texts(group))
    return Mismatch(element, wanted, caller.service or caller.arn)
