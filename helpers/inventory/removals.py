"""Take things out of an account, call by call, in the order that AWS wants; what is gone already is quiet.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users_remove.html
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError
from typing_extensions import override

from helpers.clients.error_codes import GONE, code_of
from helpers.clients.pages import list_all
from helpers.display import Rows, Shown
from helpers.inventory.ownership import Kind
from helpers.secrecy import mask

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_s3 import S3Client


@dataclass(frozen=True)
class Removal:
    """One thing that can be taken out of an account.

    Attributes:
        what: the thing, in words.
        remove: the call that takes it out.
    """

    what: str
    remove: Callable[[], object] = field(repr=False)

    def carry_out(self) -> None:
        """Take the thing out; quiet where it is gone already.

        Raises:
            ClientError: AWS refused.
        """
        try:
            self.remove()
        except ClientError as error:
            if code_of(error) not in GONE:
                raise


@dataclass(frozen=True, repr=False)
class Deleted(Shown):
    """What was deleted, in order.

    Attributes:
        names: one line for each thing.
    """

    names: tuple[str, ...]

    @override
    def title(self) -> str:
        if not self.names:
            return "Nothing to delete"
        return f"Deleted {len(self.names)} thing{'s' if len(self.names) > 1 else ''}, in this order"

    @override
    def rows(self) -> Rows:
        return [(str(number), name) for number, name in enumerate(self.names, start=1)]


def carry_out(removals: Iterable[Removal]) -> Deleted:
    """Carry removals out in their order, up to the first that fails.

    Raises:
        ClientError: AWS refused.
    """
    gone = []
    for removal in removals:
        removal.carry_out()
        gone.append(removal.what)
    return Deleted(tuple(gone))


# --- users and roles


def entity_removals(iam: "IAMClient", kind: Kind | Literal["group"], name: str) -> Iterator[Removal]:
    """Tell what it takes to delete a user, role or group, in the order that AWS wants."""
    client: Any = iam
    of_whom = {f"{kind.capitalize()}Name": name}
    if kind == "user":
        for key in list_all(iam, "list_access_keys", "AccessKeyMetadata", UserName=name):
            yield access_key_removal(iam, name, key["AccessKeyId"])
    yield from _policy_removals(client, kind, of_whom)
    yield from _MEMBERSHIPS[kind](client, name)
    yield Removal(f"{kind} {name}", partial(getattr(client, f"delete_{kind}"), **of_whom))


def _policy_removals(client: Any, kind: str, of_whom: dict[str, str]) -> Iterator[Removal]:
    whose = f"{kind} {next(iter(of_whom.values()))}"
    detach, delete = getattr(client, f"detach_{kind}_policy"), getattr(client, f"delete_{kind}_policy")
    for policy in list_all(client, f"list_attached_{kind}_policies", "AttachedPolicies", **of_whom):
        call = partial(detach, PolicyArn=policy["PolicyArn"], **of_whom)
        yield Removal(f"policy {policy['PolicyName']} detached from {whose}", call)
    for name in list_all(client, f"list_{kind}_policies", "PolicyNames", **of_whom):
        yield Removal(f"inline policy {name} of {whose}", partial(delete, PolicyName=name, **of_whom))


def _role_memberships(iam: "IAMClient", name: str) -> Iterator[Removal]:
    for profile in list_all(iam, "list_instance_profiles_for_role", "InstanceProfiles", RoleName=name):
        profile_name = profile["InstanceProfileName"]
        call = partial(iam.remove_role_from_instance_profile, InstanceProfileName=profile_name, RoleName=name)
        yield Removal(f"role {name} taken out of instance profile {profile_name}", call)


def _user_memberships(iam: "IAMClient", name: str) -> Iterator[Removal]:
    """Tell what somebody may have added to a user since: groups, password, MFA, certificates and SSH keys."""
    for group in list_all(iam, "list_groups_for_user", "Groups", UserName=name):
        call = partial(iam.remove_user_from_group, GroupName=group["GroupName"], UserName=name)
        yield Removal(f"user {name} taken out of group {group['GroupName']}", call)
    with suppress(iam.exceptions.NoSuchEntityException):
        iam.get_login_profile(UserName=name)
        yield Removal(f"password of user {name}", partial(iam.delete_login_profile, UserName=name))
    for device in iam.list_mfa_devices(UserName=name)["MFADevices"]:
        serial = device["SerialNumber"]
        what = f"MFA device {serial.rpartition('/')[2]} deactivated for user {name}"
        yield Removal(what, partial(iam.deactivate_mfa_device, UserName=name, SerialNumber=serial))
    for certificate in iam.list_signing_certificates(UserName=name)["Certificates"]:
        call = partial(iam.delete_signing_certificate, UserName=name, CertificateId=certificate["CertificateId"])
        yield Removal(f"a signing certificate of user {name}", call)
    for ssh_key in iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"]:
        call = partial(iam.delete_ssh_public_key, UserName=name, SSHPublicKeyId=ssh_key["SSHPublicKeyId"])
        yield Removal(f"an SSH key of user {name}", call)


def _group_memberships(iam: "IAMClient", name: str) -> Iterator[Removal]:
    for user in list_all(iam, "get_group", "Users", GroupName=name):
        call = partial(iam.remove_user_from_group, GroupName=name, UserName=user["UserName"])
        yield Removal(f"user {user['UserName']} taken out of group {name}", call)


_MEMBERSHIPS: Mapping[str, Callable[["IAMClient", str], Iterator[Removal]]] = {
    "user": _user_memberships,
    "role": _role_memberships,
    "group": _group_memberships,
}


def access_key_removal(iam: "IAMClient", user_name: str, access_key_id: str) -> Removal:
    """Tell what it takes to delete an access key: it is deactivated first."""

    def remove() -> None:
        iam.update_access_key(UserName=user_name, AccessKeyId=access_key_id, Status="Inactive")
        iam.delete_access_key(UserName=user_name, AccessKeyId=access_key_id)

    return Removal(f"access key {mask(access_key_id)} of user {user_name}", remove)


# --- buckets


def bucket_removals(s3: "S3Client", name: str) -> Iterator[Removal]:
    """Tell what it takes to delete a bucket: all versions of its objects first. Nothing where it is gone."""
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for stored in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                key, version = stored["Key"], stored["VersionId"]
                call = partial(s3.delete_object, Bucket=name, Key=key, VersionId=version)
                yield Removal(f"object {key} in bucket {name}", call)
    except s3.exceptions.NoSuchBucket:
        return
    yield Removal(f"bucket {name}", partial(s3.delete_bucket, Bucket=name))
