"""What IAM's answers show of a thing, call by call: moto shows the same of a role in each of them.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from botocore.model import ListShape, Shape, StructureShape
from werkzeug.wrappers import Response

from helpers.sandbox.answers.responses import result_response
from helpers.sandbox.moto_adapter.additions import uses_as_boundary
from helpers.sandbox.moto_adapter.protocols import parse_answer
from helpers.sandbox.request.call import Call

_LEFT_OUT: Mapping[str, Mapping[str, frozenset[str]]] = {
    "CreatePolicyVersion": {"PolicyVersion": frozenset({"Document"})},
    "CreateRole": {"Role": frozenset({"Description", "MaxSessionDuration", "RoleLastUsed"})},
    "ListRoles": {"Role": frozenset({"PermissionsBoundary", "RoleLastUsed", "Tags"})},
}
"""By call, and there by the shape that botocore's model gives the thing: what AWS does not show of it."""

_OF_A_ROLE_IN_A_PROFILE = frozenset({"Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"})


def as_aws_shows(call: Call, response: Response) -> Response:
    """Leave out of an answer what AWS does not show in it, and write its documents and dates as AWS does."""
    shape = call.model.output_shape
    if shape is None or response.status_code != 200:
        return response
    return result_response(call, _shown(parse_answer(call.model, response), shape, call))


def _shown(value: Any, shape: Shape, call: Call) -> Any:
    if isinstance(shape, ListShape):
        return [_shown(item, shape.member, call) for item in value]
    if isinstance(shape, StructureShape):
        left_out = _LEFT_OUT.get(call.operation, {}).get(shape.name, frozenset())
        shown = {
            name: _shown(value[name], member, call)
            for name, member in shape.members.items()
            if name in value and name not in left_out
        }
        if shape.name == "InstanceProfile":
            shown["Roles"] = [_in_a_profile(role) for role in shown.get("Roles", [])]
            if call.operation != "GetInstanceProfile" and not shown.get("Tags"):
                shown.pop("Tags", None)
        if shape.name in ("ManagedPolicyDetail", "Policy"):
            shown["PermissionsBoundaryUsageCount"] = uses_as_boundary(shown["Arn"], call.account_id)
        return shown
    if shape.name == "policyDocumentType":
        # Encoded on the wire, as a URL's part: boto3 and the CLI decode it, other SDKs hand it through.
        return quote(unquote(value) if value.startswith("%7B") else value, safe="")
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


def _in_a_profile(role: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in role.items() if name in _OF_A_ROLE_IN_A_PROFILE}
