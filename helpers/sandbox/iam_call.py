"""What the IAM calls have in common that the sandbox answers itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from helpers.sandbox.errors import AwsError
from helpers.sandbox.iam_lookup import existing
from helpers.sandbox.identities import Caller, Session
from helpers.sandbox.moto_seam import OperationModel, User

Result = dict[str, Any]
"""An answer, as botocore's model of the operation names its parts."""

DEFAULT_PAGE = 100


@dataclass(frozen=True)
class IamCall:
    """An IAM call that is authorized already."""

    caller: Caller
    parameters: Mapping[str, Any]
    account_id: str
    now: datetime
    sessions: Mapping[str, Session]

    @property
    def user(self) -> User:
        """The user that the call is about.

        Raises:
            AwsError: there is no such user.
        """
        user: User = existing("User", self.parameters["UserName"], self.account_id)
        return user


def own_name(operation: OperationModel, parameters: Mapping[str, Any], caller: Caller) -> dict[str, str]:
    """The user name that a call leaves out because it means the caller; nothing where there is none to add.

    Raises:
        AwsError: the caller is a role and has no user name.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
    """
    shape = operation.input_shape
    if shape is None or "UserName" not in shape.members or "UserName" in shape.required_members:
        return {}
    if parameters.get("UserName"):
        return {}
    if not isinstance(caller.entity, User):
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    return {"UserName": caller.entity.name}


def page(name: str, items: Sequence[Any], parameters: Mapping[str, Any]) -> Result:
    """The part of a list that a call asks for with `MaxItems` and `Marker`, under its name in the answer.

    Raises:
        AwsError: the marker is none that an earlier answer gave.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
    """
    marker = str(parameters.get("Marker", 0))
    if not marker.isdecimal() or int(marker) > len(items):
        raise AwsError("ValidationError", "Invalid Marker.")
    start = int(marker)
    end = start + int(parameters.get("MaxItems", DEFAULT_PAGE))
    result: Result = {name: list(items[start:end]), "IsTruncated": end < len(items)}
    return result | {"Marker": str(end)} if end < len(items) else result


def shown_user(user: User) -> Result:
    """A user, as IAM shows it."""
    shown: Result = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.create_date,
    }
    optional = {"PermissionsBoundary": getattr(user, "permissions_boundary", None), "Tags": user.tags}
    return shown | {name: value for name, value in optional.items() if value}
