"""Buckets and objects: what can be seen of them, and how a new bucket is on AWS.

moto's part for S3 is loaded when the first call of S3 comes: it takes time, and not every sandbox is asked for S3.
"""

import sys
from dataclasses import dataclass
from typing import Any

from helpers.sandbox.moto_adapter.accounts import Document, account_ids, parse_json

ALL_ACCESS_TO_OWNER = "BucketOwnerEnforced"


@dataclass(frozen=True)
class PublicAccess:
    """What a bucket says about everybody's access to it, and about access control lists.

    Attributes:
        blocks_lists: Whether lists that let everybody in are refused.
        blocks_policies: Whether policies that let everybody in are refused.
        is_restricted: Whether a policy that lets everybody in counts for the owner's account alone.
        has_no_lists: Whether the bucket has no access control lists: policies alone count.
    """

    blocks_lists: bool
    blocks_policies: bool
    is_restricted: bool
    has_no_lists: bool


def prepare_s3() -> None:
    """Make new buckets as AWS does, and leave their policies to the gate: moto asks not who calls, nor conditions.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
    """
    from moto.iam.access_control import PermissionResult  # start-up time: 11 ms, which S3 alone needs
    from moto.s3.models import FakeBucket, PublicAccessBlock

    init = FakeBucket.__init__

    def new(self: FakeBucket, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        self.public_access_block = PublicAccessBlock(True, True, True, True)
        self.ownership_rule = ALL_ACCESS_TO_OWNER  # type: ignore[assignment]
        encryption = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
        self.encryption = {"Rule": encryption}

    def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
        return PermissionResult.NEUTRAL

    FakeBucket.__init__ = new  # type: ignore[method-assign]
    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]


def buckets(account_id: str) -> list[Any]:
    """List the buckets of an account by name."""
    from moto.s3.models import s3_backends  # as above

    return [bucket for _, bucket in sorted(s3_backends[account_id]["aws"].buckets.items())]


def owner_id() -> str:
    """Return the canonical id that stands for an owner of buckets; moto has one for all accounts."""
    from moto.s3.models import OWNER  # as above

    return OWNER


def bucket_owner(bucket_name: str) -> str | None:
    """Find the account that owns a bucket; None where there is no such bucket."""
    found = _bucket(bucket_name)
    return found[0].account_id if found else None


def bucket_region(bucket_name: str) -> str | None:
    """Find the region that a bucket is in; None where there is no such bucket."""
    found = _bucket(bucket_name)
    return found[1].region_name if found else None


def bucket_policy(bucket_name: str) -> Document | None:
    """Read a bucket's policy; None where there is none, or no such bucket."""
    found = _bucket(bucket_name)
    policy = found[1].policy if found else None
    return parse_json(policy.decode() if isinstance(policy, bytes) else policy) if policy else None


def public_access(bucket_name: str) -> PublicAccess:
    """Read what a bucket, which is there, says about everybody's access."""
    found = _bucket(bucket_name)
    block, rule = (found[1].public_access_block, found[1].ownership_rule) if found else (None, None)
    return PublicAccess(
        blocks_lists=bool(block and block.block_public_acls),
        blocks_policies=bool(block and block.block_public_policy),
        is_restricted=bool(block and block.restrict_public_buckets),
        has_no_lists=rule == ALL_ACCESS_TO_OWNER,
    )


def stored_object(bucket_name: str, key: str) -> tuple[Any, Any] | None:
    """Find an S3 object with the part of moto that it is in; None where there is none, or its delete marker alone."""
    from moto.s3.models import FakeKey  # as above

    found = _bucket(bucket_name)
    stored = found[1].keys.get(key) if found else None
    return (found[0], stored) if found and isinstance(stored, FakeKey) else None


def _bucket(name: str) -> tuple[Any, Any] | None:
    """Find a bucket with the part of moto that it is in."""
    from moto.s3.models import s3_backends  # as above

    owner = s3_backends.bucket_accounts.get(name)
    backend = s3_backends[owner[1]][owner[0]] if owner else None
    bucket = backend.buckets.get(name) if backend else None
    return (backend, bucket) if bucket else None


def rewrite_bucket_policies(old: str, new: str) -> None:
    """Replace a text in every bucket policy."""
    if "moto.s3.models" not in sys.modules:
        return
    for account_id in account_ids():
        for bucket in buckets(account_id):
            if bucket.policy:
                bucket.policy = bucket.policy.replace(old.encode(), new.encode())
