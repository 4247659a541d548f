"""What one statement of a policy says to a request: whether it applies, and if not, what does not fit.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from helpers.evaluation.conditions import Context, like, met, texts, unmet
from helpers.policies import listed, principals

MatchedBy = Literal["principal", "session", "everyone", "role", "account"]
"""What a resource's policy calls the caller, the name that grants most first."""

_MATCHES: tuple[MatchedBy, ...] = ("principal", "session", "everyone", "role", "account")


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
        owner = self.resource_account
        if owner is None and self.assumes_role:
            owner = "".join(self.resource.split(":")[4:5])
        return owner in (None, self.principal.account_id)


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
        place: Which statement of its policy it is, from 1.
        effect: `Allow` or `Deny`.
        mismatch: Why it does not apply; `None` if it does.
        matched_by: What the statement calls the caller, on the resource side.
    """

    name: str
    place: int
    effect: str
    mismatch: Mismatch | None = None
    matched_by: MatchedBy | None = None

    @property
    def applied(self) -> bool:
        """Whether the statement applies to the request."""
        return self.mismatch is None


def weigh(
    document: Mapping[str, Any], request: Request, context: Context, *, names_callers: bool, bounded: bool
) -> tuple[StatementReason, ...]:
    """Hold every statement of a policy document against a request.

    Args:
        document: The policy document. Policy variables have a meaning in version 2012-10-17 alone.
        request: What is asked.
        context: The request's condition keys, from `context_of`.
        names_callers: Whether the policy sits on a resource and so says whom it means.
        bounded: Whether the caller has a permissions boundary, which matters to `NotPrincipal`.
    """
    variables = context if document.get("Version") == "2012-10-17" else None
    reasons = []
    for place, statement in enumerate(listed(document.get("Statement", [])), 1):
        matched_by = _named_as(statement, request.principal, bounded) if names_callers else None
        if names_callers and matched_by is None:
            mismatch: Mismatch | None = _principal_mismatch(statement, request.principal)
        else:
            mismatch = _mismatch(statement, request, context, variables)
        name = statement.get("Sid") or f"statement {place}"
        reasons.append(StatementReason(name, place, statement.get("Effect", ""), mismatch, matched_by))
    return tuple(reasons)


def most_telling(names: Iterable[MatchedBy | None]) -> MatchedBy | None:
    """Choose, of all the names by which a caller is meant, the one that grants most."""
    found = set(names)
    return next((name for name in _MATCHES if name in found), None)


# --- What is asked: action, resource and conditions ---


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


def _named_as(statement: Mapping[str, Any], caller: Principal, bounded: bool) -> MatchedBy | None:
    """Tell by which of its names a statement means the caller; `None` if it does not.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if "NotPrincipal" not in statement:
        return most_telling(_names_in(statement.get("Principal", {}), caller))
    return None if _is_spared(statement, caller, bounded) else "everyone"


def _is_spared(statement: Mapping[str, Any], caller: Principal, bounded: bool) -> bool:
    """Tell whether `NotPrincipal` leaves a caller out.

    A Deny leaves out whom it lists with every layer: the account, the role behind a session, and the user or
    session itself; never one with a permissions boundary. An Allow leaves out whom it lists by any name.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    spared = _names_in(statement["NotPrincipal"], caller)
    if statement.get("Effect") != "Deny":
        return bool(spared)
    layers = set(_names(caller).values()) - {"everyone"}
    return not bounded and ("everyone" in spared or spared >= layers)


def _names_in(element: str | Mapping[str, Any], caller: Principal) -> set[MatchedBy]:
    if isinstance(element, str):
        return {"everyone"} if element == "*" else set()
    names = _names(caller)
    written = texts(element.get("Service" if caller.service else "AWS", ()))
    return {names[name] for name in written if name in names}


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


def _principal_mismatch(statement: Mapping[str, Any], caller: Principal) -> Mismatch:
    element = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    return Mismatch(element, ", ".join(principals(statement)), caller.service or caller.arn)
