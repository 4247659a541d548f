"""The tags of resources."""

import sys
from typing import Any

from moto.iam.models import InstanceProfile, ManagedPolicy, Role, User

from helpers.sandbox.moto_adapter.accounts import account_ids, iam, role_by_arn, user_by_arn
from helpers.sandbox.moto_adapter.buckets import stored_object

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
