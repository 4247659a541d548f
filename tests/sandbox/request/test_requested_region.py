"""The region that a call counts as made in: the client's, or that of a service that is the same everywhere."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from helpers.evaluation.condition_keys import GLOBAL_SERVICES
from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import Key, allow, client, deny, new_user


def test_global_services_are_those_of_botocore() -> None:
    services = Loader().load_data("endpoints")["partitions"][0]["services"]
    scopes = {
        name: service["endpoints"][service["partitionEndpoint"]].get("credentialScope", {})
        for name, service in services.items()
        if "partitionEndpoint" in service and name not in ("s3", "sts")
    }
    assert {name: scope["region"] for name, scope in scopes.items() if scope} == GLOBAL_SERVICES


def is_allowed(connection: Connection, key: Key, service: str, call: str, parameters: Mapping[str, str]) -> bool:
    """Whether policies allow a call; any other error is of a call that they allowed."""
    try:
        getattr(client(connection, service, key), call)(**parameters)
    except ClientError as error:
        return "not authorized to perform" not in error.response["Error"]["Message"]
    return True


@pytest.mark.parametrize(
    ("service", "call", "parameters", "region"),
    [
        ("iam", "list_users", {}, "us-east-1"),
        ("route53", "list_hosted_zones", {}, "us-east-1"),
        ("organizations", "list_accounts", {}, "us-east-1"),
        ("sts", "get_federation_token", {"Name": "guest"}, "eu-central-1"),
        ("s3", "list_buckets", {}, "eu-central-1"),
        ("ec2", "describe_instances", {}, "eu-central-1"),
        ("glue", "get_jobs", {}, "eu-central-1"),
    ],
)
def test_the_requested_region_of_a_client_in_europe(
    sandbox: Connection, service: str, call: str, parameters: Mapping[str, str], region: str
) -> None:
    in_europe = replace(sandbox, region="eu-central-1")
    for denied in ("us-east-1", "eu-central-1"):
        is_there = {"StringEquals": {"aws:RequestedRegion": denied}}
        user = new_user(sandbox, allow("*"), deny("*", Condition=is_there))
        assert is_allowed(in_europe, user.key, service, call, parameters) is (denied != region), denied
