"""What an answer shows of a thing, call by call, where moto shows something else than AWS.

Every answer that is written by a service's model goes through `AsAwsShows`, the sandbox's own as well as moto's: part
by part, while it is written.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from moto.core import responses as moto_responses
from moto.core.serialize import (
    AttributePickerContext,
    S3Serializer,
    TimestampSerializer,
    XFormedAttributePicker,
)

_LEFT_OUT: Mapping[tuple[str, str], frozenset[str]] = {
    ("CreatePolicyVersion", "PolicyVersion"): frozenset({"Document"}),
    ("CreateRole", "Role"): frozenset({"Description", "MaxSessionDuration", "RoleLastUsed"}),
    ("CreateServiceLinkedRole", "Role"): frozenset({"Description", "MaxSessionDuration", "RoleLastUsed", "Tags"}),
    ("GetAccountAuthorizationDetails", "ManagedPolicyDetail"): frozenset({"Description"}),
    ("ListPolicies", "Policy"): frozenset({"Description", "Tags"}),
    ("ListRoles", "Role"): frozenset({"PermissionsBoundary", "RoleLastUsed", "Tags"}),
    ("UpdateRoleDescription", "Role"): frozenset({"MaxSessionDuration", "RoleLastUsed", "Tags"}),
}
"""By call, and there by the shape that botocore's model gives the thing: what AWS does not show of it."""

_LEFT_OUT_EMPTY: Mapping[tuple[str, str], frozenset[str]] = {
    ("GetAccountAuthorizationDetails", "UserDetail"): frozenset({"UserPolicyList"}),
    ("GetAccountPasswordPolicy", "PasswordPolicy"): frozenset({"HardExpiry", "MaxPasswordAge"}),
    ("GetPolicy", "Policy"): frozenset({"Description"}),
}
"""What AWS does not show where it is empty, zero or false."""

_POSSIBLE_KEYS: dict[tuple[type, str, str, str, str], tuple[str, ...]] = {}
_OF_A_ROLE_IN_A_PROFILE = frozenset({"Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"})


class AsAwsShows(XFormedAttributePicker):
    """Find each part of an answer, in moto's own objects too, as AWS shows it; None leaves the part out."""

    def get_possible_keys(self, context: AttributePickerContext) -> tuple[str, ...]:  # type: ignore[override]
        """Return the names that the part may have in an object: they depend on its class and on the answer's shape."""
        parent = getattr(context.shape, "parent", None)
        service = context.service_model.service_name if context.service_model else ""
        asked = (type(context.obj), context.key, context.shape.name, parent.name if parent else "", service)
        if asked not in _POSSIBLE_KEYS:
            _POSSIBLE_KEYS[asked] = tuple(super().get_possible_keys(context))
        return _POSSIBLE_KEYS[asked]

    def __call__(self, context: AttributePickerContext) -> Any:
        """Find the part `context.key` of `context.obj`."""
        value = super().__call__(context)
        if isinstance(context.obj, Exception) and context.key == "message":
            return None  # an error in XML has its Message already
        shown = _SHOWN.get(context.service_model.service_name if context.service_model else "")
        return shown(value, context) if shown else value


def _of_iam(value: Any, context: AttributePickerContext) -> Any:
    operation, thing = context.key_path.partition(".")[0], context.shape.parent.name  # type: ignore[attr-defined]
    in_a_profile = thing == "Role" and context.key_path.endswith("InstanceProfile.Roles.Role")
    if value is None or context.key in _LEFT_OUT.get((operation, thing), ()):
        return None
    if not value and context.key in _LEFT_OUT_EMPTY.get((operation, thing), ()):
        return None
    if in_a_profile and context.key not in _OF_A_ROLE_IN_A_PROFILE:
        return None
    if thing == "InstanceProfile" and context.key == "Tags" and operation != "GetInstanceProfile":
        return value or None
    if context.shape.name == "policyDocumentType":
        # Encoded on the wire, as a URL's part: boto3 and the CLI decode it, other SDKs hand it through.
        return quote(unquote(value) if value.startswith("%7B") else value, safe="")
    return value


def _of_s3(value: Any, context: AttributePickerContext) -> Any:
    """Leave out the names of owners, which S3 tells no more; those of who began an upload it still tells."""
    thing = context.shape.parent.name  # type: ignore[attr-defined]
    if value is None and context.key == "Prefix" and thing.startswith("ListObject"):
        return ""  # repeated, also where none was asked for
    return None if context.key == "DisplayName" and thing in ("Owner", "Grantee") else value


_SHOWN: Mapping[str, Callable[[Any, AttributePickerContext], Any]] = {"iam": _of_iam, "s3": _of_s3}

moto_responses.XFormedAttributePicker = AsAwsShows  # type: ignore[attr-defined]


# --- errors: S3 tells more of some than their words, such as the parameter that was wrong

_written = S3Serializer._serialize_error_metadata


def _with_details(self: S3Serializer, serialized: dict[str, Any], error: Exception, shape: Any) -> None:
    _written(self, serialized, error, shape)
    serialized.update(getattr(error, "details", {}))


S3Serializer._serialize_error_metadata = _with_details  # type: ignore[assignment, method-assign]


# --- dates: AWS writes none in smaller parts than seconds


TimestampSerializer.ISO8601_MICRO = TimestampSerializer.ISO8601
