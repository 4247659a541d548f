"""A call as it was read: the one record that authorization, checks and answers go by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from helpers.evaluation.needs import action_prefix
from helpers.sandbox.moto_adapter.accounts import Accounts
from helpers.sandbox.moto_adapter.types import OperationModel, Request, ServiceModel, User
from helpers.sandbox.request.identities import Caller, Session
from helpers.sandbox.request.services import operation_of, with_parameters
from helpers.sandbox.request.signature import UNSIGNED, Signature, without_signature

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """What is asked for, by whom, and when.

    Attributes:
        request: The request as it came, without what signs it in its query.
        signature: What signed it; `UNSIGNED` for an anonymous caller.
        caller: Who signed it: the signature was checked.
        model: What botocore knows of the operation.
        parameters: What is asked, as boto3 names it. A user name that IAM is to take from the caller is filled in.
        now: The time in the sandbox.
        sessions: The sessions that were opened so far, by access key id. Calls of STS add theirs.
        effective: The accounts as decisions are to see them; None for as they are.
        refused: The objects that may not be deleted, of many that are asked for at once, in the form of S3's answer.
    """

    request: Request
    signature: Signature
    caller: Caller
    model: OperationModel
    parameters: Parameters
    now: datetime
    sessions: dict[str, Session]
    effective: Accounts | None
    refused: tuple[Mapping[str, str], ...] = ()

    @property
    def service(self) -> str:
        """The service's name in botocore, such as `cloudwatch`."""
        return self.model.service_model.service_name

    @property
    def action_prefix(self) -> str:
        """What stands before the colon in the service's actions, such as `s3`, which `s3control` has too."""
        return action_prefix(self.signature.service)

    @property
    def operation(self) -> str:
        """The operation's name in AWS's API, such as `PutObject`."""
        return self.model.name

    @property
    def account_id(self) -> str:
        """The caller's account, where the call is made."""
        return self.caller.principal.account_id

    @property
    def region(self) -> str:
        """The region that the call was signed for."""
        return self.signature.region


def read_call(
    request: Request,
    signature: Signature | None,
    services: list[ServiceModel],
    caller: Caller,
    now: datetime,
    sessions: dict[str, Session],
    effective: Accounts | None,
) -> Call:
    """Read what an authenticated request asks one of these services for; what else is given is kept in the record.

    Raises:
        AwsError: There is no such operation, or its parameters cannot be read.
    """
    if signature and signature.is_presigned:
        request = without_signature(request)
    model, parameters = operation_of(request, services)
    if takes_own_name(model) and "UserName" not in parameters and isinstance(caller.entity, User):
        own_name = {"UserName": caller.entity.name}
        request, parameters = with_parameters(request, own_name), parameters | own_name
    return Call(request, signature or UNSIGNED, caller, model, parameters, now, sessions, effective)


def takes_own_name(model: OperationModel) -> bool:
    """Tell whether an operation of IAM means its caller where it is given no user name.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
    """
    if model.service_model.service_name != "iam" or model.input_shape is None:
        return False
    return "UserName" in model.input_shape.members and "UserName" not in model.input_shape.required_members
