"""What the account has under a name."""

from typing import TYPE_CHECKING, Any

from helpers.iam.roles import role_named
from helpers.iam.tags import Kind, refuse_foreign
from helpers.iam.users import user_named

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


def entity_named(iam: "IAMClient", kind: Kind, name: str) -> Any:
    """What GetRole or GetUser answers; None where there is none of exactly this name."""
    return role_named(iam, name) if kind == "role" else user_named(iam, name)


def refuse_taken_name(iam: "IAMClient", kind: Kind, name: str) -> None:
    """Says so where a name belongs to something that is not this checkout's.

    Raises:
        NameTakenError: it does.
    """
    if entity := entity_named(iam, kind, name):
        refuse_foreign(iam, kind, name, entity)
