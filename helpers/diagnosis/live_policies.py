"""The policies that bear on a caller or a resource, read from the live account with ordinary IAM calls.

What may not be read is noted and not guessed at, so this works with few permissions too.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from botocore.exceptions import ClientError

from helpers.arns import name_problem, parse_arn
from helpers.clients.calls import OpenAccount
from helpers.clients.error_codes import REFUSED, code_of
from helpers.clients.pages import list_all
from helpers.evaluation.decisions import Policies, Policy, Side
from helpers.evaluation.statements import Principal

T = TypeVar("T")
Keys = Mapping[str, str | Sequence[str]]
"""Condition keys with their values."""

Holder = Literal["user", "group", "role", "bucket"]
UnreadKind = Literal["inline", "managed", "groups", "boundary", "resource", "account", "gone"]

_OWN_KINDS: tuple[tuple[UnreadKind, str], ...] = (("inline", "inline"), ("managed", "attached"))

SESSION_NAME = "session"
"""Names the session of a role that is asked about without one."""


@dataclass(frozen=True)
class Place:
    """Where a policy is, so that it can be found and changed.

    Attributes:
        side: the side on which it counts.
        holder: what it is on.
        name: the holder's name.
        policy_name: its own name; empty for a trust policy or a bucket's.
        policy_arn: its ARN, when it is a managed policy.
    """

    side: Side
    holder: Holder
    name: str
    policy_name: str = ""
    policy_arn: str = ""

    @property
    def source(self) -> str:
        """The place in words, as a decision's reasons name it."""
        if self.side == "resource":
            return f'{"trust" if self.holder == "role" else "bucket"} policy of {self.holder} "{self.name}"'
        if self.side == "boundary":
            return f'permissions boundary "{self.policy_name}" of {self.holder} "{self.name}"'
        kind = "managed" if self.policy_arn else "inline"
        return f'{kind} policy "{self.policy_name}" of {self.holder} "{self.name}"'


@dataclass(frozen=True)
class Unread:
    """Something that may have a say and could not be read.

    Attributes:
        side: the side on which it counts.
        kind: the kind of policy that it is.
        what: what it is, in words.
        action: the permission that is missing; empty when the account is not yours.
    """

    side: Side
    kind: UnreadKind
    what: str
    action: str = ""


@dataclass(frozen=True)
class Caller:
    """Who calls, with all that was read about them.

    Attributes:
        principal: the caller as policies see it.
        policies: the identity policies and the boundary.
        places: where each policy is, by its source.
        groups: the names of a user's groups.
        keys: the condition keys that follow from who calls.
        unread: what could not be read.
    """

    principal: Principal
    policies: Policies
    places: Mapping[str, Place] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    keys: Keys = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()


def read_caller(account: OpenAccount, caller: str, *, may_be_gone: bool = False) -> Caller:
    """Read the policies of a user, a role, a session of a role, the root user, or an AWS service.

    Args:
        account: the open account; the caller may be in another one that is yours too.
        caller: an ARN, or a service's name such as `ec2.amazonaws.com`.
        may_be_gone: whether a user or role who is not there is one whose policies cannot be read.

    Raises:
        ValueError: this is no ARN of a caller.
        LookupError: the account has no such user or role.
    """
    if caller.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return Caller(Principal("", "", service=caller), Policies())
    arn = parse_arn(caller)
    if arn.resource == "root":
        return Caller(Principal(caller, arn.account_id), Policies(), keys=_principal_keys(caller, arn.account_id, {}))
    if arn.resource_type == "federated-user":
        unread = Unread(
            "identity", "account", f"the policies of {arn.name}: the user's who federated it, and the session's"
        )
        keys = _principal_keys(caller, arn.account_id, {}) | {"aws:PrincipalType": "FederatedUser"}
        return Caller(Principal(caller, arn.account_id), Policies(), keys=keys, unread=(unread,))
    if arn.resource_type not in ("user", "role", "assumed-role"):
        kinds = "a user's, a role's or a session's ARN, or a service's name such as ec2.amazonaws.com"
        raise ValueError(f"{caller} cannot call anything: give {kinds}.")
    owner = account.of(arn.account_id)
    if owner is None:
        return _stranger(caller, f"which is in account {arn.account_id}")
    reading, is_session = _Reading(owner.client("iam")), arn.resource_type == "assumed-role"
    role_name = arn.resource.split("/")[1] if is_session else arn.name
    try:
        if arn.resource_type == "user":
            return reading.user(caller, arn.name)
        return reading.session(arn.account_id, role_name, arn.name if is_session else SESSION_NAME)
    except LookupError as error:
        if not may_be_gone:
            raise
        told = str(error.args[0]).rstrip(".")
        return _stranger(caller, f"for {told[0].lower()}{told[1:]}", "gone")


# --- callers


def _stranger(caller: str, why: str, kind: UnreadKind = "account") -> Caller:
    """Return a caller of whom nothing can be read: of somebody else's account, or one who is not there."""
    arn = parse_arn(caller)
    role_arn = caller if arn.resource_type == "role" else None
    if arn.resource_type == "assumed-role":
        role_arn = f"arn:{arn.partition}:iam::{arn.account_id}:role/{arn.resource.split('/')[1]}"
    called = caller
    if arn.resource_type == "role":
        called = f"arn:{arn.partition}:sts::{arn.account_id}:assumed-role/{arn.name}/{SESSION_NAME}"
    return Caller(
        principal=Principal(called, arn.account_id, role_arn=role_arn),
        policies=Policies(),
        keys=_principal_keys(role_arn or caller, arn.account_id, {}),
        unread=(Unread("identity", kind, f"the policies of {caller}, {why}"),),
    )


class _Reading:
    """Reads with one IAM client, and remembers what it was refused.

    Attributes:
        unread: what could not be read so far.
        places: where the policies were that it read, by their source.
    """

    def __init__(self, iam: Any) -> None:
        self._iam = iam
        self.unread: list[Unread] = []
        self.places: dict[str, Place] = {}

    def user(self, arn: str, name: str) -> Caller:
        account_id = parse_arn(arn).account_id
        user = self._entity("user", name, lambda: self._iam.get_user(UserName=name)["User"])
        groups = self._groups(name)
        identity = [*self._policies("user", name), *(one for group in groups for one in self._policies("group", group))]
        keys = {"aws:username": name, "aws:PrincipalType": "User"}
        keys |= {"aws:userid": user["UserId"]} if user else {}
        return Caller(
            principal=Principal(arn, account_id, user.get("UserId", "")),
            policies=Policies(identity=tuple(identity), boundary=self._boundary("user", name, user)),
            places=self.places,
            groups=groups,
            keys=keys | _principal_keys(arn, account_id, user),
            unread=tuple(self.unread),
        )

    def session(self, account_id: str, role_name: str, session_name: str) -> Caller:
        role = self._entity("role", role_name, lambda: self._iam.get_role(RoleName=role_name)["Role"])
        role_arn = role.get("Arn", f"arn:aws:iam::{account_id}:role/{role_name}")
        arn = f"arn:aws:sts::{account_id}:assumed-role/{role_name}/{session_name}"
        keys = {"aws:PrincipalType": "AssumedRole", "aws:MultiFactorAuthPresent": "false"}
        keys |= {"aws:userid": f"{role['RoleId']}:{session_name}"} if role else {}
        return Caller(
            principal=Principal(arn, account_id, role.get("RoleId", ""), role_arn),
            policies=Policies(
                identity=tuple(self._policies("role", role_name)), boundary=self._boundary("role", role_name, role)
            ),
            places=self.places,
            keys=keys | _principal_keys(role_arn, account_id, role),
            unread=tuple(self.unread),
        )

    def _entity(self, kind: Literal["user", "role"], name: str, call: Callable[[], Any]) -> Any:
        """Return the user or role; nothing where it may not be read."""
        if name_problem(name, kind):
            raise LookupError(f"“{name}” is no name that a {kind} can have: it was perhaps taken out of the text.")
        unread = Unread("boundary", "boundary", f"whether {kind} {name} has a boundary, and its tags")
        try:
            return self._tried(unread, call, {})
        except self._iam.exceptions.NoSuchEntityException:
            raise LookupError(
                f"The account has no {kind} named {name}: deleted, mistyped, or another account's."
            ) from None

    def _groups(self, user_name: str) -> tuple[str, ...]:
        unread = Unread("identity", "groups", f"the groups of user {user_name}")
        found = self._listed(unread, "list_groups_for_user", "Groups", UserName=user_name)
        return tuple(group["GroupName"] for group in found)

    def _policies(self, holder: Holder, name: str) -> Iterator[Policy]:
        """Return the inline and the attached policies of a user, group or role."""
        named = {f"{holder.title()}Name": name}
        inline, managed = (
            Unread("identity", "groups" if holder == "group" else kind, f"the {what} policies of {holder} {name}")
            for kind, what in _OWN_KINDS
        )
        for policy_name in self._listed(inline, f"list_{holder}_policies", "PolicyNames", **named):
            if document := self._inline(inline, holder, PolicyName=policy_name, **named):
                yield self._placed(Place("identity", holder, name, policy_name), document)
        for attached in self._listed(managed, f"list_attached_{holder}_policies", "AttachedPolicies", **named):
            if document := self._managed(managed, attached["PolicyArn"]):
                place = Place("identity", holder, name, attached["PolicyName"], attached["PolicyArn"])
                yield self._placed(place, document)

    def _boundary(self, holder: Holder, name: str, entity: Mapping[str, Any]) -> Policy | None:
        arn = entity.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        if arn is None:
            return None
        unread = Unread("boundary", "boundary", f"the boundary of {holder} {name}")
        place = Place("boundary", holder, name, arn.rpartition("/")[2], arn)
        return self._placed(place, self._managed(unread, arn) or {"Statement": []})

    def _inline(self, unread: Unread, holder: Holder, **named: str) -> Any:
        """Return an inline policy's document; None where it may not be read."""
        read = getattr(self._iam, f"get_{holder}_policy")
        return self._tried(unread, lambda: read(**named)["PolicyDocument"], None)

    def _managed(self, unread: Unread, arn: str) -> Any:
        """Return the default version of a managed policy; None where it may not be read."""

        def read() -> Any:
            version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            return self._iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

        return self._tried(unread, read, None)

    def _placed(self, place: Place, document: Mapping[str, Any]) -> Policy:
        self.places[place.source] = place
        return Policy(place.source, document)

    def _listed(self, unread: Unread, operation: str, name: str, **parameters: str) -> list[Any]:
        return self._tried(unread, lambda: list_all(self._iam, operation, name, **parameters), [])

    def _tried(self, unread: Unread, call: Callable[[], T], otherwise: T) -> T:
        """Tell what a call returns; where it is refused, `otherwise`, and a note of what could not be read."""
        try:
            return call()
        except ClientError as error:
            if code_of(error) not in REFUSED:
                raise
            refused = replace(unread, action=f"iam:{error.operation_name}")
            if refused not in self.unread:
                self.unread.append(refused)
            return otherwise


def _principal_keys(arn: str, account_id: str, entity: Mapping[str, Any]) -> dict[str, str]:
    keys = {"aws:PrincipalArn": arn, "aws:PrincipalAccount": account_id, "aws:PrincipalIsAWSService": "false"}
    return keys | {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in entity.get("Tags", [])}
