"""Services that a policy names: IAM and S3 take those that there are."""

from typing import Any

import pytest

from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import (
    TRUSTS_EC2,
    Refusal,
    Statement,
    administrator,
    client,
    document,
    iam,
    new_role,
    refusal,
    trust,
    unique,
)

SERVICES = [
    *("ec2", "glue", "lambda", "s3", "ecs-tasks", "states", "monitoring", "elasticmapreduce", "edgelambda"),
    *("vpc-flow-logs", "spotfleet", "delivery.logs", "build.apprunner", "ops.apigateway", "credentials.iot"),
    *("states.us-east-1", "logs.eu-central-1", "s3.us-gov-west-1"),
]
NO_SERVICES = [
    *("foo", "lamda", "codepipeiine", "tagging", "foo.us-east-1", "us-east-1", "ec2.glue2", "EC2"),
    "states.${AWS::Region}",
]


def for_service(name: str | list[str], **more: Any) -> Statement:
    return trust({"Service": name}, **more)


@pytest.mark.parametrize("end", ["amazonaws.com", "amazonaws.com.cn"])
def test_a_trust_policy_names_services_that_there_are(sandbox: Connection, end: str) -> None:
    assert new_role(sandbox, *(for_service(f"{service}.{end}") for service in SERVICES))


@pytest.mark.parametrize("name", [*(f"{name}.amazonaws.com" for name in NO_SERVICES), "ec2.amazon.com"])
def test_a_trust_policy_that_names_a_service_that_there_is_not(sandbox: Connection, name: str) -> None:
    told = Refusal(400, "MalformedPolicyDocument", f'Invalid principal in policy: "SERVICE":"{name}"')
    create, text = iam(sandbox).create_role, document(TRUSTS_EC2, for_service(name))
    assert refusal(create, RoleName=unique("role"), AssumeRolePolicyDocument=text) == told
    role = new_role(sandbox, TRUSTS_EC2).rpartition("/")[2]
    assert refusal(iam(sandbox).update_assume_role_policy, RoleName=role, PolicyDocument=text) == told
    listed = document(for_service(["ec2.amazonaws.com", name], effect="Deny"))
    assert refusal(create, RoleName=unique("role"), AssumeRolePolicyDocument=listed) == told


def test_a_bucket_policy_names_services_that_there_are(sandbox: Connection) -> None:
    bucket, s3 = unique("bucket"), client(sandbox, "s3", administrator(sandbox))
    s3.create_bucket(Bucket=bucket)
    log = {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/logs/*"}
    invalid = Refusal(400, "MalformedPolicy", "Invalid principal in policy")
    told = refusal(s3.put_bucket_policy, Bucket=bucket, Policy=document(for_service("foo.amazonaws.com", **log)))
    assert told == invalid
    s3.put_bucket_policy(Bucket=bucket, Policy=document(for_service("delivery.logs.amazonaws.com", **log)))
