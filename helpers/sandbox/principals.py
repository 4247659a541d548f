"""Keeps policies in step with the users and roles that they name.

A trust policy keeps a principal's unique id behind the ARN that it shows: once the principal is gone, the id is all
that is left to show, and whoever gets the same name afterwards is a stranger to it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from helpers.sandbox import moto_seam
from helpers.sandbox.iam_lookup import named
from helpers.sandbox.moto_seam import Role, User


@contextmanager
def in_step(operation: str, parameters: Mapping[str, Any], account_id: str) -> Iterator[None]:
    """Around an IAM call that deletes or renames a user or role: rewrites the policies that name it."""
    entity = _changing(operation, parameters, account_id)
    old_arn = entity.arn if entity else ""
    yield
    if entity is None:
        return
    if not _is_there(entity):
        _rewrite(old_arn, entity.id)
    elif entity.arn != old_arn:
        _rewrite(old_arn, entity.arn)


def _changing(operation: str, parameters: Mapping[str, Any], account_id: str) -> User | Role | None:
    found: User | Role | None = None
    match operation:
        case "DeleteUser" | "UpdateUser":
            found = named("User", parameters["UserName"], account_id)
        case "DeleteRole":
            found = named("Role", parameters["RoleName"], account_id)
    return found


def _is_there(entity: User | Role) -> bool:
    account = moto_seam.iam(entity.account_id)
    return entity in (account.users if isinstance(entity, User) else account.roles).values()


def _rewrite(arn: str, replacement: str) -> None:
    quoted, new = json.dumps(arn), json.dumps(replacement)
    for account_id in moto_seam.account_ids():
        for role in moto_seam.iam(account_id).roles.values():
            role.assume_role_policy_document = role.assume_role_policy_document.replace(quoted, new)
    moto_seam.rewrite_bucket_policies(quoted, new)
