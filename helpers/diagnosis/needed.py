"""Which permission a call needs, on what, in the live account: for answers of AWS's that do not say.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from typing_extensions import override

from helpers.arns import parse_arn
from helpers.clients.calls import Call, OpenAccount
from helpers.clients.error_codes import GONE, REFUSED, code_of
from helpers.evaluation.condition_keys import Keys
from helpers.evaluation.needs import ApiCall, Known, Need, action_prefix, needs


def needed_by(call: Call, caller: str) -> list[Need]:
    """Tell which permissions a call needs, and on what, the one that it is named after first.

    Args:
        call: the call.
        caller: who made it, by ARN.

    Returns:
        The permissions; none where the call does not tell which resource it is on.
    """
    needed = _all_needed(call, caller)
    return [] if needed[0].resource == "*" and call.parameters else needed


def keys_needed(call: Call, caller: str, action: str, resource: str) -> Keys:
    """Return the condition keys of one permission that a call needs, such as which service a role is passed to.

    Args:
        call: the call.
        caller: who made it, by ARN.
        action: the permission's action.
        resource: what it is on, by ARN.
    """
    for need in _all_needed(call, caller):
        if (need.action.lower(), need.resource) == (action.lower(), resource):
            return dict(need.context)
    return {}


def _all_needed(call: Call, caller: str) -> list[Need]:
    arn = parse_arn(caller)
    asked = ApiCall(
        service=action_prefix(call.service),
        operation=call.operation,
        parameters=call.parameters,
        account_id=arn.account_id,
        region=call.region,
        user_name=arn.name if arn.resource_type == "user" else None,
    )
    return needs(asked, _LiveAccount(call.account.of(arn.account_id) or call.account))


@dataclass(frozen=True)
class _LiveAccount(Known):
    """What can be looked up in an open account with ordinary calls."""

    account: OpenAccount

    @override
    def iam_arn(self, kind: str, name: str) -> str | None:
        if kind not in ("user", "role"):
            return None
        read, title = getattr(self.account.client("iam"), f"get_{kind}"), kind.title()
        entity = _if_readable(lambda: read(**{f"{title}Name": name})[title])
        return str(entity["Arn"]) if entity else None

    @override
    def bucket_owner(self, bucket: str) -> str | None:
        return self.account.account_id if self._is_readable(bucket) else None

    def _is_readable(self, bucket: str) -> bool:
        s3 = self.account.client("s3")
        return _if_readable(lambda: s3.head_bucket(Bucket=bucket)) is not None

    @override
    def has_object(self, bucket: str, key: str) -> bool:
        s3 = self.account.client("s3")
        try:
            s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if code_of(error) not in REFUSED | GONE:
                raise
            return code_of(error) not in GONE
        return True

    @override
    def is_tagged(self, bucket: str, key: str) -> bool:
        s3 = self.account.client("s3")
        tagging = _if_readable(lambda: s3.get_object_tagging(Bucket=bucket, Key=key))
        return bool(tagging and tagging["TagSet"])

    @override
    def roles_in_profile(self, name: str) -> Iterable[str]:
        iam = self.account.client("iam")
        profile = _if_readable(lambda: iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"])
        return [role["Arn"] for role in profile["Roles"]] if profile else []


def _if_readable(read: Callable[[], Any]) -> Any:
    """Return what is read; None where that is refused or not there."""
    try:
        return read()
    except ClientError as error:
        if code_of(error) not in REFUSED | GONE:
            raise
        return None
