"""What can be seen of resources: buckets' policies and objects, and tags."""

import sys
from typing import Any

from moto.iam.models import InstanceProfile, ManagedPolicy, Role, User

from helpers.sandbox.moto_adapter.accounts import Document, account_ids, iam, parse_json, role_by_arn, user_by_arn

Tagged = User | Role | ManagedPolicy | InstanceProfile


def entity_tags(entity: Tagged) -> dict[str, str]:
    """Read the tags of a user, role, managed policy or instance profile."""
    stored: Any = entity.tags or []
    tags = stored.values() if isinstance(stored, dict) else stored
    return {tag["Key"]: tag["Value"] for tag in tags}


def set_entity_tags(entity: Tagged, tags: dict[str, str]) -> None:
    """Give a user, role, managed policy or instance profile these tags, and no others."""
    stored = [{"Key": key, "Value": value} for key, value in tags.items()]
    if isinstance(entity, ManagedPolicy):
        entity.tags = {tag["Key"]: tag for tag in stored}
    else:
        entity.tags = stored  # type: ignore[misc]


def resource_tags(arn: str) -> dict[str, str]:
    """Find the tags of an IAM entity, an EC2 or Glue resource, or an S3 object; none where there is no such thing."""
    _, _, service, region, account_id, name = [*arn.split(":", 5), *[""] * 5][:6]
    match service:
        case "iam":
            return _iam_tags(account_id, arn)
        case "s3":
            bucket, _, key = name.partition("/")
            found = stored_object(bucket, key)
            return found[0].tagger.get_tag_dict_for_resource(found[1].arn) if found else {}
        case "ec2" if account_id and "moto.ec2.models" in sys.modules:
            from moto.ec2.models import ec2_backends  # start-up time: 0.7 seconds

            return dict(ec2_backends[account_id][region].tags.get(name.partition("/")[2], {}))
        case "glue" if "moto.glue.models" in sys.modules:
            from moto.glue.models import glue_backends  # start-up time: 30 ms

            return dict(glue_backends[account_id][region].tagger.get_tag_dict_for_resource(arn))
        case _:
            return {}


def _iam_tags(account_id: str, arn: str) -> dict[str, str]:
    if account_id not in account_ids():
        return {}
    entity = user_by_arn(arn) or role_by_arn(arn) or iam(account_id).managed_policies.get(arn)
    return entity_tags(entity) if entity else {}


def bucket_owner(bucket_name: str) -> str | None:
    """Find the account that owns a bucket; None where there is no such bucket."""
    found = _bucket(bucket_name)
    return found[0].account_id if found else None


def bucket_policy(bucket_name: str) -> Document | None:
    """Read a bucket's policy; None where there is none, or no such bucket."""
    found = _bucket(bucket_name)
    policy = found[1].policy if found else None
    return parse_json(policy.decode() if isinstance(policy, bytes) else policy) if policy else None


def stored_object(bucket_name: str, key: str) -> tuple[Any, Any] | None:
    """Find an S3 object with the part of moto that it is in; None where there is none, or its delete marker alone."""
    from moto.s3.models import FakeKey  # start-up time: 10 ms, and not every sandbox is asked for S3

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
    from moto.s3.models import s3_backends  # as above

    for account_id in account_ids():
        for bucket in s3_backends[account_id]["aws"].buckets.values():
            if bucket.policy:
                bucket.policy = bucket.policy.replace(old.encode(), new.encode())
