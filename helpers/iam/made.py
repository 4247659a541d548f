"""Everything that the tutorial made in an account, known by its tag."""

from typing import TYPE_CHECKING

from helpers.iam.roles import delete_role, made_role_names
from helpers.iam.shown import Deleted, Made
from helpers.iam.users import delete_user, made_user_names

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


def list_made(iam: "IAMClient") -> Made:
    """Everything in the account with this tutorial's tag: its roles and users."""
    roles, users = made_role_names(iam), made_user_names(iam)
    return Made((*(f"role {name}" for name in roles), *(f"user {name}" for name in users)))


def delete_made(iam: "IAMClient") -> Deleted:
    """Deletes every role and user with this tutorial's tag, in the order that AWS wants."""
    deleted = [delete_user(iam, name=name) for name in made_user_names(iam)]
    deleted += [delete_role(iam, name=name) for name in made_role_names(iam)]
    return Deleted(tuple(name for part in deleted for name in part.names))
