"""`make bench`: how fast the sandbox and the helpers are, as ratios against a peer measured in the same run.

Each pair is measured in turn, A B A B …, so that a machine that slows down slows both; the ratio is of the medians.
"""

import gc
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from mixed_load import NewClient, mixed_load
from moto import mock_aws

from helpers import iam, policies, sts
from helpers.account import open_account
from helpers.explain import explain
from helpers.testing import iam_sandbox

ROUNDS = 7
Measure = Callable[[], float]
Client = Callable[[], Any]


def compare(title: str, limit: float, ours: Measure, peer: Measure) -> None:
    """Measures both, and prints the medians with the limit that the project has set itself."""
    pairs = [(_collected(ours), _collected(peer)) for _ in range(ROUNDS + 1)][1:]
    report(title, limit, *(statistics.median(times) for times in zip(*pairs, strict=True)))


def report(title: str, limit: float, a: float, b: float) -> None:
    """Prints one line: seconds of ours and of the peer, their ratio, and the limit."""
    verdict = "within" if a / b <= limit else "OVER"
    print(f"{title:58} {a * 1000:9.1f} ms {b * 1000:9.1f} ms   ratio {a / b:5.2f}  ({verdict} {limit})", flush=True)


def _collected(measure: Measure) -> float:
    """Measures after a garbage collection: otherwise it falls into the same one of the two each time."""
    gc.collect()
    return measure()


# --- start to first IAM answer


@contextmanager
def _server(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | environment,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _iam_client(endpoint_url: str, access_key_id: str, secret_access_key: str) -> Any:
    return boto3.client(
        "iam",
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def sandbox_start() -> float:
    """Seconds from starting the sandbox to its first IAM answer."""
    began = time.perf_counter()
    with _server([sys.executable, "-m", "helpers.sandbox"], {}) as process:
        assert process.stdout is not None
        described = json.loads(process.stdout.readline())
        key = described["accounts"][0]
        client = _iam_client(described["endpoint_url"], key["access_key_id"], key["secret_access_key"])
        client.list_users()
        return time.perf_counter() - began


def moto_server_start() -> float:
    """Seconds from starting a plain `moto_server`, managed policies loaded, to its first IAM answer."""
    began = time.perf_counter()
    with _plain_moto():
        return time.perf_counter() - began


# --- the whole path, through the helpers and with raw boto3


def path_with_helpers() -> float:
    """Seconds for role → user → policies → assume → S3 → clean up, through the helpers."""
    account = open_account("private")
    began = time.perf_counter()
    client, name = account.client("iam"), f"bench-{uuid4().hex[:8]}"
    trust = policies.policy(policies.trust_service("ec2.amazonaws.com"))
    role = iam.create_role(client, name=name, trust_policy=trust)
    iam.attach_role_policy(client, role_name=name, policy_arn=iam.AMAZON_S3_FULL_ACCESS)
    user = iam.create_user(client, name=name)
    key = iam.create_access_key(client, user_name=name)
    document = policies.allow_assume_role(role.arn)
    iam.put_user_policy(client, user_name=name, policy_name="assume", document=document)
    iam.trust_principal(client, role_name=name, arn=user.arn)
    session = sts.assume_role(account.client("sts", key), role_arn=role.arn, session_name="bench")
    account.client("s3", session).list_buckets()
    iam.delete_user(client, name=name)
    iam.delete_role(client, name=name)
    return time.perf_counter() - began


def path_with_boto3() -> float:
    """Seconds for the same calls with raw boto3: what keeps a thing from going is read first, as AWS wants."""
    account = open_account("private")
    began = time.perf_counter()
    client, name = account.client("iam"), f"bench-{uuid4().hex[:8]}"
    trust = policies.policy(policies.trust_service("ec2.amazonaws.com"))
    role = client.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    client.attach_role_policy(RoleName=name, PolicyArn=iam.AMAZON_S3_FULL_ACCESS)
    user = client.create_user(UserName=name)["User"]
    key = client.create_access_key(UserName=name)["AccessKey"]
    document = json.dumps(policies.allow_assume_role(role["Arn"]))
    client.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=document)
    stored = client.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    trust = policies.with_statement(stored, policies.trust_principal(user["Arn"]))
    client.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    user_key = iam.AccessKey(name, key["AccessKeyId"], key["SecretAccessKey"])
    answer = account.client("sts", user_key).assume_role(RoleArn=role["Arn"], RoleSessionName="bench")
    given = answer["Credentials"]
    session = sts.RoleSession(
        arn=answer["AssumedRoleUser"]["Arn"],
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
        expires=given["Expiration"],
    )
    account.client("s3", session).list_buckets()
    client.get_user(UserName=name)
    for found in client.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        client.update_access_key(UserName=name, AccessKeyId=found["AccessKeyId"], Status="Inactive")
        client.delete_access_key(UserName=name, AccessKeyId=found["AccessKeyId"])
    for policy in client.list_user_policies(UserName=name)["PolicyNames"]:
        client.delete_user_policy(UserName=name, PolicyName=policy)
    client.list_attached_user_policies(UserName=name)
    client.list_groups_for_user(UserName=name)
    with suppress(client.exceptions.NoSuchEntityException):
        client.get_login_profile(UserName=name)
    client.list_mfa_devices(UserName=name)
    client.list_signing_certificates(UserName=name)
    client.list_ssh_public_keys(UserName=name)
    client.delete_user(UserName=name)
    client.get_role(RoleName=name)
    for attached in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    client.list_role_policies(RoleName=name)
    client.list_instance_profiles_for_role(RoleName=name)
    client.delete_role(RoleName=name)
    return time.perf_counter() - began


# --- one authorized request, and many clients at once


@contextmanager
def _sandbox_with_users(count: int) -> Iterator[Client]:
    """A sandbox with this many users; yields the client of one whose inline policy allows what is measured."""
    with _server([sys.executable, "-m", "helpers.sandbox"], {}) as process:
        assert process.stdout is not None
        described = json.loads(process.stdout.readline())
        key = described["accounts"][0]
        admin = _iam_client(described["endpoint_url"], key["access_key_id"], key["secret_access_key"])
        _create_users(admin, count)
        document = json.dumps(policies.policy(policies.allow("iam:GetUser")))
        admin.put_user_policy(UserName="user-0", PolicyName="read", PolicyDocument=document)
        own = admin.create_access_key(UserName="user-0")["AccessKey"]
        yield lambda: _iam_client(described["endpoint_url"], own["AccessKeyId"], own["SecretAccessKey"])


@contextmanager
def _moto_with_users(count: int) -> Iterator[Client]:
    """A plain moto server, which authorizes nothing, with this many users; yields a client."""
    with _plain_moto() as endpoint_url:
        _create_users(_iam_client(endpoint_url, "any", "any"), count)
        yield lambda: _iam_client(endpoint_url, "any", "any")


@contextmanager
def _plain_moto() -> Iterator[str]:
    """A plain moto server that answers; yields where."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = str(Path(sys.executable).with_name("moto_server"))
    with _server([program, "-H", "127.0.0.1", "-p", str(port)], {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}):
        _wait_for(_iam_client(f"http://127.0.0.1:{port}", "any", "any"))
        yield f"http://127.0.0.1:{port}"


def _wait_for(client: Any) -> None:
    while True:
        try:
            client.list_users()
        except (BotoCoreError, ClientError):
            time.sleep(0.005)
        else:
            return


def _create_users(admin: Any, count: int) -> None:
    for number in range(count):
        admin.create_user(UserName=f"user-{number}")


def requests(client: Any, count: int = 50) -> Measure:
    """Seconds for one authorized request: the mean of a few."""

    def measure() -> float:
        began = time.perf_counter()
        for _ in range(count):
            client.get_user(UserName="user-0")
        return (time.perf_counter() - began) / count

    return measure


def requests_at_once(new_client: Client, clients: int = 16, count: int = 15) -> Measure:
    """Seconds for one request when so many clients ask at once: the inverse of the throughput."""
    ready = [new_client() for _ in range(clients)]

    def measure() -> float:
        began = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(lambda client: requests(client, count)(), ready))
        return (time.perf_counter() - began) / (clients * count)

    return measure


def compare_requests(users: int) -> None:
    """Measures requests with so many users in the account."""
    with _sandbox_with_users(users) as ours, _moto_with_users(users) as peer:
        compare(f"a request, {users} users / moto without authorization", 1.2, requests(ours()), requests(peer()))
        if users <= 10:
            at_once = requests_at_once(ours), requests_at_once(peer)
            compare("16 clients at once / moto without authorization", 1.25, *at_once)


def compare_mixed_load(duration: float = 10) -> None:
    """Measures a mixed load of 16 clients: how many requests, the slow ones, and whether all was answered rightly."""
    with _server([sys.executable, "-m", "helpers.sandbox"], {}) as process:
        assert process.stdout is not None
        described = json.loads(process.stdout.readline())
        key = described["accounts"][0]
        own = key["access_key_id"], key["secret_access_key"], None
        ours = mixed_load(_clients_of(described["endpoint_url"], own), key["account_id"], duration)
    with _plain_moto() as endpoint_url:
        peer = mixed_load(_clients_of(endpoint_url, ("any", "any", None)), "123456789012", duration)
    report("16 clients, mixed: a request / moto without authorization", 1.0, ours.mean, peer.mean)
    report("16 clients, mixed: 99 of 100 / moto", 1.0, ours.slow, peer.slow)
    report("16 clients, mixed: the slowest / half a second", 1.0, ours.seconds[-1], 0.5)
    print(f"{'16 clients, mixed: answered wrongly':58} {len(ours.lost):9}      {'; '.join(ours.lost[:3])}")


def _clients_of(endpoint_url: str, own: tuple[str, str, str | None]) -> NewClient:
    session = boto3.Session(region_name="us-east-1")
    lock = threading.Lock()

    def new_client(service: str, given: Mapping[str, str] | None = None) -> Any:
        key_id, secret, token = (
            (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]) if given else own
        )
        with lock:  # clients are for all threads, sessions for one
            return session.client(
                service,
                endpoint_url=endpoint_url,
                aws_access_key_id=key_id,
                aws_secret_access_key=secret,
                aws_session_token=token,
                config=Config(retries={"total_max_attempts": 1}, proxies={}, s3={"addressing_style": "path"}),
            )

    return new_client


def memory_used() -> None:
    """Prints the memory of a sandbox after IAM, STS and S3 were used, and after EC2 was, moto's largest part."""
    with _server([sys.executable, "-m", "helpers.sandbox"], {}) as process:
        assert process.stdout is not None
        described = json.loads(process.stdout.readline())
        key = described["accounts"][0]
        options = {
            "endpoint_url": described["endpoint_url"],
            "region_name": described["region"],
            "aws_access_key_id": key["access_key_id"],
            "aws_secret_access_key": key["secret_access_key"],
        }
        boto3.client("iam", **options).list_users()
        boto3.client("sts", **options).get_caller_identity()
        boto3.client("s3", **options).create_bucket(Bucket="bench")
        print(f"{'memory after IAM, STS and S3':58} {_resident(process):9.1f} MB  (at most 100)")
        boto3.client("ec2", **options).describe_instances()
        print(f"{'memory after EC2':58} {_resident(process):9.1f} MB  (at most 150)")


def _resident(process: subprocess.Popen[str]) -> float:
    """Returns the memory that a process has, in MB."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(process.pid)], capture_output=True, text=True, check=True)
    return int(told.stdout) / 1024


# --- explaining


def compare_explaining(count: int) -> None:
    """Measures `explain` for a user with so many policies, against reading the same policies with raw boto3."""
    account = open_account("private")
    client, name = account.client("iam"), f"bench-{uuid4().hex[:8]}"
    user = iam.create_user(client, name=name)
    trust = policies.policy(policies.trust_principal(f"arn:aws:iam::{account.account_id}:root"))
    role = iam.create_role(client, name=name, trust_policy=trust)
    groups = [f"{name}-{number}" for number in range(10)]
    for group in groups:
        client.create_group(GroupName=group)
        client.add_user_to_group(GroupName=group, UserName=name)
        for number in range(count // len(groups)):
            document = json.dumps(policies.policy(policies.allow("s3:GetObject", f"arn:aws:s3:::{group}-{number}/*")))
            client.put_group_policy(GroupName=group, PolicyName=f"read-{number}", PolicyDocument=document)

    def explaining() -> float:
        began = time.perf_counter()
        explain(account, principal=user.arn, resource=role.arn)
        return time.perf_counter() - began

    def reading() -> float:
        began = time.perf_counter()
        client.get_role(RoleName=name)
        client.get_user(UserName=name)
        client.list_user_policies(UserName=name)
        client.list_attached_user_policies(UserName=name)
        for group in client.list_groups_for_user(UserName=name)["Groups"]:
            client.list_attached_group_policies(GroupName=group["GroupName"])
            for policy in client.list_group_policies(GroupName=group["GroupName"])["PolicyNames"]:
                client.get_group_policy(GroupName=group["GroupName"], PolicyName=policy)
        return time.perf_counter() - began

    compare(f"explain, {count} policies / reading them with raw boto3", 1.3, explaining, reading)


# --- importing


# --- a test of one's own


def a_test_with_iam_sandbox() -> float:
    """Seconds for a test that begins with an empty account and makes eleven calls, where IAM decides."""
    began = time.perf_counter()
    with iam_sandbox() as sandbox:
        _eleven_calls(sandbox.client("iam"))
    return time.perf_counter() - began


def a_test_with_mock_aws() -> float:
    """Seconds for the same with moto's own `mock_aws`, where everybody may do everything."""
    began = time.perf_counter()
    with mock_aws():
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
        _eleven_calls(boto3.client("iam", **keys))  # type: ignore[call-overload]
    return time.perf_counter() - began


def _eleven_calls(client: Any) -> None:
    client.create_user(UserName="ana")
    for _ in range(10):
        client.get_user(UserName="ana")


def importing(module: str) -> Measure:
    """Seconds that a new Python takes to import a module."""

    def measure() -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        return time.perf_counter() - began

    return measure


if __name__ == "__main__":
    print(f"{'':58} {'ours':>12} {'peer':>12}")
    compare("start to first IAM answer / moto_server", 1.2, sandbox_start, moto_server_start)
    compare("the whole path through the helpers / raw boto3", 1.2, path_with_helpers, path_with_boto3)
    compare_explaining(50)
    compare_requests(10)
    compare_requests(5000)
    compare_mixed_load()
    memory_used()
    compare("import helpers / import boto3", 1.3, importing("helpers"), importing("boto3"))
    # last, for mock_aws empties the private sandbox of this process
    compare("a test with iam_sandbox / mock_aws", 1.2, a_test_with_iam_sandbox, a_test_with_mock_aws)
