"""Which permissions a call needs in the sandbox, and the condition keys of what each of them is about.

What a call needs is said by `helpers.evaluation.needs`; here is what that has to look up.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from typing_extensions import override

from helpers.evaluation.needs import ApiCall, Known, Need, needs
from helpers.sandbox.moto_adapter.accounts import iam, named
from helpers.sandbox.moto_adapter.buckets import bucket_owner, stored_object
from helpers.sandbox.moto_adapter.tags import resource_tags
from helpers.sandbox.moto_adapter.types import User
from helpers.sandbox.request.call import Call
from helpers.sandbox.request.context import Context

_TAG_KEYS = {
    "iam": ("aws:ResourceTag", "iam:ResourceTag"),
    "sts": ("aws:ResourceTag", "iam:ResourceTag"),
    "ec2": ("aws:ResourceTag", "ec2:ResourceTag"),
    "glue": ("aws:ResourceTag",),
    "s3": ("s3:ExistingObjectTag",),
}
_BEFORE_THE_OBJECT = {"s3:PutObject", "s3:DeleteObject"}


def demands(call: Call) -> list[Need]:
    """List the permissions that a call needs, the one that it is named after first."""
    entity, session = call.caller.entity, call.caller.session
    asked = ApiCall(
        service=call.action_prefix,
        operation=call.operation,
        parameters=call.parameters,
        account_id=call.account_id,
        region=call.region,
        user_name=entity.name if isinstance(entity, User) else None,
        inherited_tags=session.transitive_tags if session else {},
        source_identity=session.source_identity if session else None,
    )
    return needs(asked, _Account(call.account_id))


@dataclass(frozen=True)
class _Account(Known):
    """What the sandbox knows of an account, and of everybody's buckets."""

    account_id: str

    @override
    def iam_arn(self, kind: str, name: str) -> str | None:
        found = named("InstanceProfile" if kind == "instance-profile" else kind.title(), name, self.account_id)
        return found.arn if found else None

    @override
    def bucket_owner(self, bucket: str) -> str | None:
        return bucket_owner(bucket)

    @override
    def has_object(self, bucket: str, key: str) -> bool:
        return stored_object(bucket, key) is not None

    @override
    def is_tagged(self, bucket: str, key: str) -> bool:
        return bool(resource_tags(f"arn:aws:s3:::{bucket}/{key}"))

    @override
    def roles_in_profile(self, name: str) -> Iterable[str]:
        profiles = iam(self.account_id).instance_profiles.values()
        return [role.arn for profile in profiles if profile.name == name for role in profile.roles]


def keys_of_resource(need: Need) -> Context:
    """Collect the condition keys of one permission alone: its own, whose the resource is, and its tags.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
    """
    keys: Context = dict(need.context)
    if need.resource == "*" or not need.is_named:
        return keys
    if need.resource_account:
        keys["aws:ResourceAccount"] = need.resource_account
    prefixes = _TAG_KEYS.get(need.action.partition(":")[0], ())
    if prefixes and "*" not in need.resource and need.action not in _BEFORE_THE_OBJECT:
        for name, value in resource_tags(need.resource).items():
            keys |= {f"{prefix}/{name}": value for prefix in prefixes}
    return keys
