"""What an account has under the names of roles and users, and which of it is the tutorial's."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from helpers.iam.tags import Entity, Kind, is_ours, look_alike, refuse_foreign
from helpers.ledger import ledger_of

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


def entity_named(iam: "IAMClient", kind: Kind, name: str) -> Any:
    """What GetRole or GetUser answers; None where there is none of exactly this name."""
    try:
        return iam.get_role(RoleName=name)["Role"] if kind == "role" else iam.get_user(UserName=name)["User"]
    except iam.exceptions.NoSuchEntityException:
        return None


def refuse_taken_name(iam: "IAMClient", kind: Kind, name: str) -> None:
    """Says so where a name belongs to something that is not this checkout's.

    Raises:
        NameTakenError: it does.
    """
    if entity := entity_named(iam, kind, name):
        refuse_foreign(iam, kind, name, entity)


def made(iam: "IAMClient", kind: Kind, names: Iterable[str] | None = None) -> Iterator[Entity]:
    """This tutorial's roles or users that are there, as GetRole or GetUser answers them, the newest first.

    Args:
        iam: an IAM client.
        kind: which of the two.
        names: which to look at; when left out, those in the client's ledger, and without one, all.
    """
    if names is None:
        ledger = ledger_of(iam)
        names = ledger.names(kind) if ledger else _all_names(iam, kind)
    for name in names:
        entity = entity_named(iam, kind, name)
        if entity and is_ours(iam, kind, entity):
            yield entity


def look_alikes(iam: "IAMClient", kind: Kind, prefix: str) -> Iterator[str]:
    """The roles or users whose names begin so and that look like the tutorial's, each with why they are not."""
    for name in _all_names(iam, kind):
        entity = entity_named(iam, kind, name) if name.startswith(prefix) else None
        if entity and (reason := look_alike(iam, kind, entity)):
            yield reason


def _all_names(iam: "IAMClient", kind: Kind) -> list[str]:
    """The names of all roles or users in the account, the newest first."""
    pages: Iterable[Any] = iam.get_paginator("list_roles" if kind == "role" else "list_users").paginate()
    entities: list[Any] = [entity for page in pages for entity in page[f"{kind.capitalize()}s"]]
    entities.sort(key=lambda entity: entity["CreateDate"], reverse=True)
    return [entity[f"{kind.capitalize()}Name"] for entity in entities]
