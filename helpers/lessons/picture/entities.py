"""A user or a role as it is in the account now, with where its policies come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from helpers.clients.calls import OpenAccount
from helpers.clients.error_codes import REFUSED, code_of
from helpers.clients.pages import list_all
from helpers.diagnosis.live_policies import Caller, UnreadKind, read_caller
from helpers.inventory.ownership import Kind
from helpers.policies import Document

INLINE, MANAGED, GROUPS, BOUNDARY = "Inline policies", "Managed policies", "Groups", "Permissions boundary"
_UNREAD: Mapping[str, UnreadKind] = {INLINE: "inline", MANAGED: "managed", GROUPS: "groups", BOUNDARY: "boundary"}


@dataclass(frozen=True)
class Source:
    """What policies come from: a policy that a user or a role has, or a group with several of them.

    Attributes:
        name: the policy's name, or the group's.
        policies: the policies, by what a decision's reasons call them.
    """

    name: str
    policies: tuple[str, ...]


@dataclass(frozen=True)
class Entity:
    """A user or a role, read at one moment. None stands for what could not be read.

    Attributes:
        name: its name.
        arn: its ARN.
        account_id: the account that it belongs to.
        sources: where its policies come from, by kind: INLINE, MANAGED, GROUPS, BOUNDARY.
        access_keys: how many access keys a user has, by status: "active", "inactive".
        trust: a role's trust policy.
    """

    name: str
    arn: str
    account_id: str
    sources: Mapping[str, tuple[Source, ...] | None]
    access_keys: Mapping[str, int] | None
    trust: Document


def read_entity(account: OpenAccount, kind: Kind, name: str) -> Entity:
    """Read a user or a role, and where its policies come from.

    Args:
        account: the open account.
        kind: "user" or "role".
        name: its name.

    Raises:
        ClientError: `NoSuchEntity` where there is none, or a refusal to read the user or the role itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html
    """
    client, title = account.client("iam"), kind.title()
    found: Any = getattr(client, f"get_{kind}")(**{f"{title}Name": name})[title]
    caller = read_caller(account, found["Arn"])
    return Entity(
        name=found[f"{title}Name"],
        arn=found["Arn"],
        account_id=caller.principal.account_id,
        sources={section: _readable(caller, section, made) for section, made in _sources(caller, kind).items()},
        access_keys=_access_keys(client, name) if kind == "user" else {},
        trust=found.get("AssumeRolePolicyDocument", {}),
    )


def _sources(caller: Caller, kind: Kind) -> dict[str, tuple[Source, ...]]:
    placed = [(caller.places[policy.source], policy.source) for policy in caller.policies.identity]
    own = [(place, source) for place, source in placed if place.holder == kind]
    sources = {
        INLINE: tuple(Source(place.policy_name, (source,)) for place, source in own if not place.policy_arn),
        MANAGED: tuple(Source(place.policy_name, (source,)) for place, source in own if place.policy_arn),
    }
    if kind == "user":
        sources[GROUPS] = tuple(
            Source(group, tuple(source for place, source in placed if (place.holder, place.name) == ("group", group)))
            for group in caller.groups
        )
    if boundary := caller.policies.boundary:
        sources[BOUNDARY] = (Source(caller.places[boundary.source].policy_name, (boundary.source,)),)
    return sources


def _readable(caller: Caller, section: str, sources: tuple[Source, ...]) -> tuple[Source, ...] | None:
    """Return the sources, or None when not all of their kind could be read."""
    return None if any(one.kind == _UNREAD[section] for one in caller.unread) else sources


def _access_keys(client: Any, user_name: str) -> Mapping[str, int] | None:
    try:
        keys = list_all(client, "list_access_keys", "AccessKeyMetadata", UserName=user_name)
    except ClientError as error:
        if code_of(error) not in REFUSED:
            raise
        return None
    statuses = [key["Status"].lower() for key in keys]
    return {status: statuses.count(status) for status in ("active", "inactive") if status in statuses}
