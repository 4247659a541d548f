"""What IAM checks and keeps in step beyond what moto does, around the calls that moto answers."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from helpers.sandbox import documents, moto_seam
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_seam import Role, User

Parameters = Mapping[str, Any]


@contextmanager
def around(operation: str, parameters: Parameters, account_id: str, caller: User | Role) -> Iterator[None]:
    """Checks an IAM call before moto answers it, and afterwards keeps trust policies in step with it.

    Raises:
        AwsError: what AWS answers, and moto would not, to this call.
    """
    if "UserName" in parameters and operation != "CreateUser":
        _existing_user(account_id, parameters["UserName"])
    if "RoleName" in parameters and operation not in ("CreateRole", "CreateServiceLinkedRole"):
        _existing_role(account_id, parameters["RoleName"])
    if check := _CHECKS.get(operation):
        check(account_id, parameters)
    for name, is_trust in _DOCUMENTS.get(operation, {}).items():
        if name in parameters:
            documents.check_document(parameters[name], is_trust=is_trust)
    deleted = _entity_to_delete(operation, account_id, parameters)
    yield
    if deleted is not None:
        _forget_principal(deleted)


_DOCUMENTS: dict[str, dict[str, bool]] = {
    "CreateRole": {"AssumeRolePolicyDocument": True},
    "UpdateAssumeRolePolicy": {"PolicyDocument": True},
    "PutUserPolicy": {"PolicyDocument": False},
    "PutRolePolicy": {"PolicyDocument": False},
    "PutGroupPolicy": {"PolicyDocument": False},
    "CreatePolicy": {"PolicyDocument": False},
    "CreatePolicyVersion": {"PolicyDocument": False},
}


def _refuse_taken_name(kind: str, name: str, taken: Iterator[str]) -> None:
    if name.lower() in (other.lower() for other in taken):
        raise AwsError("EntityAlreadyExists", f"{kind} with name {name} already exists.", 409)


def _create_user(account_id: str, parameters: Parameters) -> None:
    _refuse_taken_name("User", parameters["UserName"], iter(moto_seam.iam(account_id).users))


def _create_role(account_id: str, parameters: Parameters) -> None:
    roles = moto_seam.iam(account_id).roles.values()
    _refuse_taken_name("Role", parameters["RoleName"], (role.name for role in roles))


def _existing_user(account_id: str, name: str) -> User:
    user = moto_seam.iam(account_id).users.get(name)
    if user is None:
        raise AwsError("NoSuchEntity", f"The user with name {name} cannot be found.", 404)
    return user


def _existing_role(account_id: str, name: str) -> Role:
    roles = moto_seam.iam(account_id).roles.values()
    role = next((role for role in roles if role.name == name), None)
    if role is None:
        raise AwsError("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
    return role


def _delete_user(account_id: str, parameters: Parameters) -> None:
    user = _existing_user(account_id, parameters["UserName"])
    in_the_way = {
        "delete access keys": user.access_keys,
        "delete policies": user.policies,
        "detach all policies": user.managed_policies,
    }
    for what, things in in_the_way.items():
        if things:
            raise AwsError("DeleteConflict", f"Cannot delete entity, must {what} first.", 409)


def _create_access_key(account_id: str, parameters: Parameters) -> None:
    if "UserName" not in parameters:
        return
    user = _existing_user(account_id, parameters["UserName"])
    if len(user.access_keys) >= 2:
        raise AwsError("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409)


def _attach_policy(account_id: str, parameters: Parameters) -> None:
    arn = parameters["PolicyArn"]
    if not re.match(r"arn:[^:]+:[^:]*:[^:]*:[^:]*:.+", arn):
        raise AwsError("ValidationError", "Invalid ARN:  Could not be parsed!")
    if arn not in moto_seam.iam(account_id).managed_policies:
        raise AwsError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404)


_CHECKS: dict[str, Callable[[str, Parameters], None]] = {
    "AttachGroupPolicy": _attach_policy,
    "AttachRolePolicy": _attach_policy,
    "AttachUserPolicy": _attach_policy,
    "CreateAccessKey": _create_access_key,
    "CreateRole": _create_role,
    "CreateUser": _create_user,
    "DeleteUser": _delete_user,
}


def _entity_to_delete(operation: str, account_id: str, parameters: Parameters) -> User | Role | None:
    if operation == "DeleteUser":
        return _existing_user(account_id, parameters["UserName"])
    if operation == "DeleteRole":
        return _existing_role(account_id, parameters["RoleName"])
    return None


def _forget_principal(entity: User | Role) -> None:
    """A trust policy keeps a principal's unique id: once it is gone, the id is all that is left to show.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    still_there = (
        entity.name in moto_seam.iam(entity.account_id).users
        if isinstance(entity, User)
        else entity.id in moto_seam.iam(entity.account_id).roles
    )
    if still_there:
        return
    quoted_arn, quoted_id = json.dumps(entity.arn), json.dumps(entity.id)
    for account_id in moto_seam.account_ids():
        for role in moto_seam.iam(account_id).roles.values():
            trust = role.assume_role_policy_document
            if quoted_arn in trust:
                role.assume_role_policy_document = trust.replace(quoted_arn, quoted_id)
