"""Servers that know nothing of this project, to act in as if they were somebody's AWS account.

Plain moto believes everybody; the sandbox, started as a stranger, decides as IAM does, and late. Each holds what its
owner has already: things whose names and tags look like the tutorial's own.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from helpers.sandbox.outside.connection import REGION
from helpers.sandbox.outside.control import advance_clock
from support.sandbox_clients import TRUSTS_EC2, Key, allow, clean_environment, document, end, running_sandbox

ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"
S3_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
# Ends with the process that started it, whose death ends its standard input.
PLAIN_MOTO = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://{}:{}".format(*server.get_host_and_port()), flush=True)
sys.stdin.read()
"""

Tags = Mapping[str, str]
Snapshot = dict[str, Any]


@dataclass(frozen=True)
class Stranger:
    """An account that this project did not make.

    Attributes:
        endpoint_url: where it answers.
        account_id: its 12 digits.
        owner: the key of its administrator.
    """

    endpoint_url: str
    account_id: str
    owner: Key = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """What leads any AWS client there, signed by the owner."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.owner.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.owner.secret_access_key,
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: str) -> Any:
        """A client of the owner's."""
        return _client(self.endpoint_url, service, self.owner)

    @cached_property
    def iam(self) -> Any:
        """The owner's IAM client."""
        return self.client("iam")

    @cached_property
    def s3(self) -> Any:
        """The owner's S3 client."""
        return self.client("s3")

    def advance_clock(self, seconds: float) -> None:
        """Moves the sandbox's clock forward; plain moto has none."""
        advance_clock(self.endpoint_url, Credentials(self.owner.access_key_id, self.owner.secret_access_key), seconds)


@contextmanager
def plain_moto() -> Iterator[Stranger]:
    """moto's own server in a process of its own, with AWS's managed policies and an administrator."""
    process = subprocess.Popen(
        [sys.executable, "-c", PLAIN_MOTO],
        env=clean_environment(MOTO_IAM_LOAD_MANAGED_POLICIES="true"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        endpoint_url = process.stdout.readline().strip()
        iam = _client(endpoint_url, "iam", Key("AKIAANYBODY00EXAMPLE", "x" * 40))
        arn = iam.create_user(UserName="owner")["User"]["Arn"]
        iam.attach_user_policy(UserName="owner", PolicyArn=ADMINISTRATOR_ACCESS)
        key = iam.create_access_key(UserName="owner")["AccessKey"]
        yield Stranger(endpoint_url, arn.split(":")[4], Key(key["AccessKeyId"], key["SecretAccessKey"]))
    finally:
        end(process)


@contextmanager
def strange_sandbox(propagation_delay: float = 0) -> Iterator[Stranger]:
    """The sandbox, as anybody may start it.

    Args:
        propagation_delay: seconds until a change of IAM's has effect.
    """
    with running_sandbox("--propagation-delay", str(propagation_delay)) as connection:
        owner = connection.accounts[0]
        key = Key(owner.access_key_id, owner.secret_access_key)
        yield Stranger(connection.endpoint_url, owner.account_id, key)


def _client(endpoint_url: str, service: str, key: Key) -> Any:
    return boto3.Session().client(
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        config=Config(proxies={}),
    )


# --- what an account holds


def snapshot(account: Stranger) -> Snapshot:
    """Everything in an account that the tutorial could touch, ids and dates of creation too, to compare with later.

    What tells when something was used last is left out: looking is no change.
    """
    iam, s3 = account.iam, account.s3
    held: Snapshot = {}
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["User", "Role", "Group", "LocalManagedPolicy"]
    )
    for page in pages:
        for role in page["RoleDetailList"]:
            name = role["RoleName"]
            role.pop("RoleLastUsed", None)
            held[f"role {name}"] = role | {"Tags": iam.list_role_tags(RoleName=name)["Tags"]}
        for user in page["UserDetailList"]:
            name = user["UserName"]
            held[f"user {name}"] = user | {
                "Tags": iam.list_user_tags(UserName=name)["Tags"],
                "Keys": iam.list_access_keys(UserName=name)["AccessKeyMetadata"],
            }
        held |= {f"group {group['GroupName']}": group for group in page["GroupDetailList"]}
        held |= {f"policy {policy['Arn']}": policy for policy in page["Policies"]}
    for profile in iam.list_instance_profiles()["InstanceProfiles"]:
        roles = [role["RoleName"] for role in profile["Roles"]]
        held[f"instance profile {profile['InstanceProfileName']}"] = profile | {"Roles": roles}
    for bucket in s3.list_buckets()["Buckets"]:
        held[f"bucket {bucket['Name']}"] = bucket | _bucket(s3, bucket["Name"])
    return held


def differences(before: Snapshot, after: Snapshot) -> dict[str, str]:
    """What is left, what is gone and what was changed between two snapshots; empty when they are the same."""
    found = {name: "left" for name in after.keys() - before.keys()}
    found |= {name: "gone" for name in before.keys() - after.keys()}
    return found | {name: "changed" for name in before.keys() & after.keys() if before[name] != after[name]}


def _bucket(s3: Any, name: str) -> dict[str, Any]:
    objects = [listed["Key"] for listed in s3.list_objects_v2(Bucket=name).get("Contents", [])]
    return {
        "Tags": _or_none(lambda: s3.get_bucket_tagging(Bucket=name)["TagSet"]),
        "Policy": _or_none(lambda: s3.get_bucket_policy(Bucket=name)["Policy"]),
        "Objects": {key: s3.get_object(Bucket=name, Key=key)["Body"].read() for key in objects},
    }


def _or_none(read: Any) -> Any:
    try:
        return read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchTagSet", "NoSuchBucketPolicy"):
            raise
        return None


# --- what was there before


def plant_foreign(account: Stranger, learner: str) -> None:
    """Puts into an account what is not the learner's, though its names and tags look as if it were.

    Args:
        account: the account.
        learner: the prefix of the learner's own names, such as `anna`.
    """
    by_tutorial = {"made-by": "iam-role-tutorial"}
    other_ledger = by_tutorial | {"ledger": "0123456789ab", "learner": learner}
    classmate = by_tutorial | {"ledger": "ba9876543210", "learner": f"{learner}-b"}
    plant_role(account, f"{learner}-tutorial-role-2", {})
    plant_role(account, f"{learner.capitalize()}-Tutorial-role-3", by_tutorial)
    plant_role(account, f"{learner}-tutorial-role-copy", other_ledger)
    plant_role(account, f"{learner}-b-tutorial-role", classmate)
    plant_role(account, "tutorial-role", by_tutorial)
    plant_user(account, f"{learner}-tutorial-user-old", {})
    plant_user(account, f"{learner}-tutorial-user-copy", other_ledger)
    plant_user(account, f"{learner}-b-tutorial-user", classmate)
    plant_bucket(account, f"{learner}-tutorial-{account.account_id}-notes", {})
    plant_bucket(account, f"{learner}-tutorial-notes", other_ledger)
    plant_bucket(account, f"{learner}-b-tutorial-{account.account_id}", classmate)


def plant_role(account: Stranger, name: str, tags: Tags) -> None:
    """Makes a role with policies, in an instance profile of the same name."""
    iam = account.iam
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUSTS_EC2), Tags=_as_list(tags))
    iam.put_role_policy(RoleName=name, PolicyName="read-glue-jobs", PolicyDocument=document(allow("glue:GetJobs")))
    iam.attach_role_policy(RoleName=name, PolicyArn=S3_FULL_ACCESS)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)


def plant_user(account: Stranger, name: str, tags: Tags) -> None:
    """Makes a user with a policy of its own, a group, and two keys: one active, one not."""
    iam = account.iam
    iam.create_user(UserName=name, Tags=_as_list(tags))
    iam.put_user_policy(
        UserName=name, PolicyName="assume-tutorial-role", PolicyDocument=document(allow("sts:AssumeRole"))
    )
    policy = iam.create_policy(PolicyName=f"{name}-policy", PolicyDocument=document(allow("s3:ListAllMyBuckets")))
    iam.attach_user_policy(UserName=name, PolicyArn=policy["Policy"]["Arn"])
    iam.create_group(GroupName=f"{name}-group")
    iam.add_user_to_group(GroupName=f"{name}-group", UserName=name)
    iam.create_access_key(UserName=name)
    second = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName=name, AccessKeyId=second, Status="Inactive")


def plant_bucket(account: Stranger, name: str, tags: Tags) -> None:
    """Makes a bucket with a policy and an object."""
    s3 = account.s3
    s3.create_bucket(Bucket=name)
    if tags:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": _as_list(tags)})
    denied = allow("s3:DeleteObject", f"arn:aws:s3:::{name}/*") | {"Effect": "Deny", "Principal": "*"}
    s3.put_bucket_policy(Bucket=name, Policy=document(denied))
    s3.put_object(Bucket=name, Key="notes.txt", Body=b"of value to somebody")


def _as_list(tags: Tags) -> Sequence[Mapping[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
