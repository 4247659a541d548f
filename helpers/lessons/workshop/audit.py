"""What a fault's users and roles may do: read from the account before and after a mend, and compared.

A mend is right when it grants nothing that the working set-up or the broken one did not grant, and when every
guard (a condition, a Deny, a boundary, a maximum) is still there.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers import policies
from helpers.account import Account
from helpers.evaluation.conditions import like
from helpers.lessons.workshop.scene import Scene

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


Documents = Mapping[str, policies.Document]
"""The account's own managed policies, by their ARN."""


class Grant(NamedTuple):
    """One thing that one policy allows or denies.

    Attributes:
        holder: whose policy: "user workshop-06-user", "trust policy of role workshop-06-role", …
        effect: "Allow" or "Deny".
        action: as it is written; IAM ignores its case.
        target: the resource; in a trust policy, the principal.
        conditions: each as "operator key value".
    """

    holder: str
    effect: str
    action: str
    target: str
    conditions: tuple[str, ...] = ()

    def covers(self, other: "Grant") -> bool:
        """Tell whether all that the other grants is within this one."""
        return (
            self[:2] == other[:2]
            and like(self.action.lower(), other.action.lower(), None)
            and like(self.target, other.target, None)
            and set(self.conditions) <= set(other.conditions)
        )


@dataclass(frozen=True)
class Reading:
    """What a fault's users and roles are and may do, at one moment.

    Attributes:
        grants: all that their policies allow or deny.
        ids: their unique ids, by "user …" or "role …".
        boundaries: the ARN of the boundary, by user.
        longest_session: how long a session of the app's role may last, in seconds.
        of_others: those of the grants that are none of the app's: a mend leaves them alone.
    """

    grants: frozenset[Grant]
    ids: Mapping[str, str]
    boundaries: Mapping[str, str]
    longest_session: int
    of_others: frozenset[Grant]

    def to_json(self) -> str:
        """Return the reading as text, to compare with later."""
        of_others = sorted(self.of_others)
        return json.dumps([sorted(self.grants), self.ids, self.boundaries, self.longest_session, of_others])

    @classmethod
    def from_json(cls, text: str) -> "Reading":
        """Read what `to_json` wrote."""
        grants, ids, boundaries, longest_session, of_others = json.loads(text)
        return cls(_grants(grants), ids, boundaries, longest_session, _grants(of_others))


def _grants(written: Iterable[Any]) -> frozenset[Grant]:
    return frozenset(
        Grant(holder, effect, action, target, tuple(conditions))
        for holder, effect, action, target, conditions in written
    )


# --- reading


def read(scene: Scene) -> Reading:
    """Read all the users, roles and groups that have the fault's number in their names."""
    account, prefix = scene.account, scene.name("")
    found = read_details(account.client("iam"))
    users = [user for user in found["UserDetailList"] if user["UserName"].startswith(prefix)]
    roles = [entity for entity in found["RoleDetailList"] if entity["RoleName"].startswith(prefix)]
    groups = {group["GroupName"]: group for group in found["GroupDetailList"]}
    managed = {policy["Arn"]: _default_version(policy) for policy in found["Policies"]}
    boundaries = {f"user {user['UserName']}": _boundary_arn(user) for user in users}
    grants = [
        *(grant for user in users for grant in _of_user(user, groups, managed)),
        *(grant for name, group in groups.items() if name.startswith(prefix) for grant in _denied_by(group, managed)),
        *(grant for entity in roles for grant in _of_role(entity, managed)),
        *_of_document(f"policy of bucket {scene.bucket}", _bucket_policy(account, scene.bucket)),
    ]
    return Reading(
        grants=frozenset(grants),
        ids={f"user {user['UserName']}": user["UserId"] for user in users}
        | {f"role {entity['RoleName']}": entity["RoleId"] for entity in roles},
        boundaries={holder: arn for holder, arn in boundaries.items() if arn},
        longest_session=_longest_session(account, scene.role),
        of_others=frozenset(grant for grant in grants if grant.effect == "Allow" and not _is_of_app(scene, grant)),
    )


def _is_of_app(scene: Scene, grant: Grant) -> bool:
    """Tell whether a grant is on the app's own user, role or bucket, which a mend may change."""
    return grant.holder.endswith((f"user {scene.user}", f"role {scene.role}", f"bucket {scene.bucket}"))


def read_details(iam: "IAMClient") -> dict[str, list[Any]]:
    """Return all users, roles, groups and own managed policies of the account, with the documents of their policies.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
    """
    paginator = iam.get_paginator("get_account_authorization_details")
    pages = paginator.paginate(Filter=["User", "Role", "Group", "LocalManagedPolicy"])
    found: Any = pages.build_full_result()
    return {kind: found.get(kind, []) for kind in ("UserDetailList", "RoleDetailList", "GroupDetailList", "Policies")}


def _default_version(policy: Mapping[str, Any]) -> policies.Document:
    document: policies.Document = next(
        version["Document"] for version in policy["PolicyVersionList"] if version["IsDefaultVersion"]
    )
    return document


def _boundary_arn(user: Mapping[str, Any]) -> str:
    return str(user.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""))


def _of_user(user: Mapping[str, Any], groups: Mapping[str, Any], managed: Documents) -> Iterator[Grant]:
    """Tell what a user's own policies say, what its groups' allow, and what its boundary leaves it."""
    holder = f"user {user['UserName']}"
    yield from _of_policies(holder, "User", user, managed)
    for name in user["GroupList"]:
        for grant in _of_policies(holder, "Group", groups[name], managed):
            if grant.effect == "Allow":
                yield grant
    yield from _of_document(f"boundary of {holder}", managed.get(_boundary_arn(user), {}))


def _denied_by(group: Mapping[str, Any], managed: Documents) -> Iterator[Grant]:
    """Tell what a group's policies deny to whoever is in it."""
    for grant in _of_policies(f"group {group['GroupName']}", "Group", group, managed):
        if grant.effect == "Deny":
            yield grant


def _of_role(entity: Mapping[str, Any], managed: Documents) -> Iterator[Grant]:
    """Tell what a role may do, and whom it trusts."""
    holder = f"role {entity['RoleName']}"
    yield from _of_policies(holder, "Role", entity, managed)
    yield from _of_document(f"trust policy of {holder}", entity["AssumeRolePolicyDocument"])


def _of_policies(holder: str, kind: str, entity: Mapping[str, Any], managed: Documents) -> Iterator[Grant]:
    """Tell what the inline and attached policies of a "User", "Group" or "Role" say."""
    for policy in entity.get(f"{kind}PolicyList", []):
        yield from _of_document(holder, policy["PolicyDocument"])
    for attached in entity["AttachedManagedPolicies"]:
        if document := managed.get(attached["PolicyArn"]):
            yield from _of_document(holder, document)
        else:
            yield Grant(holder, "Allow", f"all of {attached['PolicyName']}", "*")


def _of_document(holder: str, document: Mapping[str, Any]) -> Iterator[Grant]:
    for statement in policies.statements(document):
        conditions = tuple(sorted(_conditions(statement.get("Condition", {}))))
        for action in _element(statement, "Action"):
            for target in _targets(statement):
                yield Grant(holder, statement["Effect"], action, target, conditions)


def _targets(statement: policies.Statement) -> list[str]:
    if "NotPrincipal" in statement:
        return [f"everybody but {', '.join(policies.principals(statement))}"]
    if "Principal" not in statement:
        return _element(statement, "Resource")
    return [f"arn:aws:iam::{name}:root" if name.isdigit() else name for name in policies.principals(statement)]


def _element(statement: policies.Statement, name: str) -> list[str]:
    excluded = policies.listed(statement.get(f"Not{name}", []))
    return [f"everything but {value}" for value in excluded] or policies.listed(statement.get(name, []))


def _conditions(condition: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for operator, keys in condition.items():
        for key, values in keys.items():
            yield f"{operator} {key} {' or '.join(sorted(map(str, policies.listed(values))))}"


def _bucket_policy(account: Account, bucket: str) -> policies.Document:
    s3 = account.client("s3")
    try:
        return policies.parse_policy(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchBucketPolicy", "NoSuchBucket"):
            raise
        return policies.policy()


def _longest_session(account: Account, role: str) -> int:
    iam = account.client("iam")
    try:
        return int(iam.get_role(RoleName=role)["Role"]["MaxSessionDuration"])
    except iam.exceptions.NoSuchEntityException:
        return 0


# --- comparing


def compare(before: Reading, now: Reading) -> list[str]:
    """Say what a mend broke, widened or took away; nothing when it is a good one.

    Args:
        before: what there was, with all that a mend may grant.
        now: what there is.
    """
    return [
        *_replaced(before, now),
        *_lost_guards(before, now),
        *_lost_access(before, now),
        *_too_broad(before.grants, now.grants),
    ]


def _replaced(before: Reading, now: Reading) -> Iterator[str]:
    for name, unique_id in before.ids.items():
        if name not in now.ids:
            yield f"The {name} is gone. Mend what is there; break_it builds it anew."
        elif now.ids[name] != unique_id:
            yield f"The {name} was deleted and made anew. Mend the one that is there; break_it builds it anew."


def _lost_guards(before: Reading, now: Reading) -> Iterator[str]:
    denied = {_protects(grant) for grant in now.grants if grant.effect == "Deny"}
    for grant in sorted(before.grants):
        if grant.effect == "Deny" and _protects(grant) not in denied:
            was = f"The Deny of {grant.action} on {grant.target} in {grant.holder}"
            yield f"{was} is not there as it was; it protects others too."
    for holder, arn in before.boundaries.items():
        if now.boundaries.get(holder) != arn:
            other = f"The permissions boundary of {holder} is not the one that was set"
            yield f"{other}. Mend the boundary's policy, and leave it in place."
    if now.longest_session > before.longest_session:
        limit = f"{now.longest_session} seconds now; {before.longest_session} are enough"
        yield f"Sessions of the role may last {limit}."


def _lost_access(before: Reading, now: Reading) -> Iterator[str]:
    for grant in sorted(before.of_others):
        if not any(known.covers(grant) for known in now.grants):
            whose = f"A policy of {grant.holder}" if _is_identity(grant) else f"The {grant.holder}"
            lost = f"{whose} no longer allows {grant.action} {_to_whom(grant)}"
            yield f"{lost}. That has nothing to do with the fault, and others need it."


def _protects(grant: Grant) -> tuple[str, str, str]:
    return grant.holder, grant.action.lower(), grant.target


def _too_broad(before: Iterable[Grant], now: Iterable[Grant]) -> Iterator[str]:
    before = tuple(before)
    for grant in sorted(now):
        if grant.effect == "Allow" and not any(known.covers(grant) for known in before):
            whose = f"a policy of {grant.holder}" if _is_identity(grant) else f"the {grant.holder}"
            yield f"Too broad: {whose} allows {grant.action} {_to_whom(grant)}{_why(grant, before)}."


def _is_identity(grant: Grant) -> bool:
    return grant.holder.startswith(("user ", "role "))


def _to_whom(grant: Grant) -> str:
    names_principals = grant.holder.startswith(("trust policy", "policy of bucket"))
    return f"{'to' if names_principals else 'on'} {grant.target}"


def _why(grant: Grant, before: Iterable[Grant]) -> str:
    lost = {
        condition
        for known in before
        if known.covers(grant._replace(conditions=known.conditions))
        for condition in known.conditions
        if condition not in grant.conditions
    }
    if lost:
        return f", without the condition {', '.join(sorted(lost))}"
    if grant.holder.startswith("user ") and not grant.action.lower().startswith(("sts:", "*")):
        return "; the user needs no rights of its own, for the role has them"
    if "*" in grant.action or "*" in grant.target:
        return "; name what the app needs, without a *"
    if grant.target.endswith(":root"):
        return ", the whole account; name the one user"
    return ", which the app does not need"
