"""The fault proxy: a real client meets each fault as what it is meant to be, and the server hears of it or not."""

import signal
import subprocess
import sys
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from support.fault_proxy import (
    BREAKING,
    SLOW_SECONDS,
    Fault,
    at_random,
    fault_proxy,
    from_then_on,
    no_fault,
    once,
)
from support.sandbox_clients import clean_environment, unique
from support.strangers import plain_moto, strange_sandbox

pytestmark = pytest.mark.exhaustive

SESSION = boto3.Session()
SECONDS_TO_ANSWER = 0.5
LOST = {
    Fault.NO_ANSWER_BEFORE: ReadTimeoutError,
    Fault.NO_ANSWER_AFTER: ReadTimeoutError,
    Fault.RESET_BEFORE: ConnectionClosedError,
    Fault.RESET_AFTER: ConnectionClosedError,
    Fault.HALF_AN_ANSWER: ResponseParserError,
}
ANSWERED = [Fault.SERVER_ERROR_BEFORE, Fault.SERVER_ERROR_AFTER, Fault.UNAVAILABLE, Fault.THROTTLED]
ERRORS = {
    ("iam", Fault.SERVER_ERROR_BEFORE): (500, "InternalFailure"),
    ("iam", Fault.SERVER_ERROR_AFTER): (500, "InternalFailure"),
    ("iam", Fault.UNAVAILABLE): (503, "ServiceUnavailable"),
    ("iam", Fault.THROTTLED): (400, "Throttling"),
    ("s3", Fault.SERVER_ERROR_BEFORE): (500, "InternalError"),
    ("s3", Fault.UNAVAILABLE): (503, "SlowDown"),
    ("s3", Fault.THROTTLED): (503, "SlowDown"),
    ("ec2", Fault.SERVER_ERROR_BEFORE): (500, "InternalError"),
    ("ec2", Fault.THROTTLED): (503, "RequestLimitExceeded"),
    ("glue", Fault.SERVER_ERROR_BEFORE): (500, "InternalFailure"),
    ("glue", Fault.THROTTLED): (400, "ThrottlingException"),
}
READS = {"iam": "list_users", "s3": "list_buckets", "ec2": "describe_instances", "glue": "get_jobs"}


@pytest.fixture(scope="module")
def account():
    """The sandbox, which takes no request whose signature is wrong."""
    with strange_sandbox() as stranger:
        for service, read in READS.items():  # loads what answers: EC2 takes a second
            getattr(boto3_client(stranger, stranger.endpoint_url, service), read)()
        yield stranger


@pytest.fixture(scope="module")
def shared_proxy(account):
    with fault_proxy(account.endpoint_url) as running:
        yield running


@pytest.fixture
def proxy(shared_proxy):
    """A proxy that breaks nothing yet."""
    shared_proxy.set(no_fault)
    yield shared_proxy
    shared_proxy.heal()


def client(account, proxy, service, attempts=1):
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=SECONDS_TO_ANSWER, proxies={}
    )
    return boto3_client(account, proxy.endpoint_url, service, config=config)


def boto3_client(account, endpoint_url, service, **options):
    return SESSION.client(
        service,
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=account.owner.access_key_id,
        aws_secret_access_key=account.owner.secret_access_key,
        **options,
    )


def was_made(account, name):
    return name in [user["UserName"] for user in account.iam.list_users()["Users"]]


@pytest.mark.parametrize("service", READS)
def test_without_a_fault_the_server_takes_the_signature_and_the_answer_is_its_own(account, proxy, service):
    answer = getattr(client(account, proxy, service), READS[service])()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert [(call.number, call.service, call.fault) for call in proxy.calls] == [(1, service, None)]


def test_a_bucket_with_an_object_goes_through(account, proxy):
    s3, name = client(account, proxy, "s3"), unique("bucket")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a b/ü.txt", Body=b"hello")
    assert s3.head_object(Bucket=name, Key="a b/ü.txt")["ContentLength"] == 5
    assert s3.get_object(Bucket=name, Key="a b/ü.txt")["Body"].read() == b"hello"
    s3.delete_object(Bucket=name, Key="a b/ü.txt")
    s3.delete_bucket(Bucket=name)
    assert len(proxy.calls) == 6


def test_the_servers_own_refusal_goes_through(account, proxy):
    with pytest.raises(ClientError, match="cannot be found") as caught:
        client(account, proxy, "iam").get_user(UserName="nobody")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer(account, proxy, fault):
    name = unique("user")
    proxy.set(once(1, fault))
    with pytest.raises(LOST[fault]):
        client(account, proxy, "iam").create_user(UserName=name)
    assert was_made(account, name) == fault.acts
    assert [call.fault for call in proxy.calls] == [fault]


@pytest.mark.parametrize(("service", "fault"), ERRORS)
def test_an_error_of_the_services_own_kind(account, proxy, service, fault):
    proxy.set(once(1, fault))
    with pytest.raises(ClientError) as caught:
        getattr(client(account, proxy, service), READS[service])()
    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == ERRORS[service, fault]


@pytest.mark.parametrize("fault", ANSWERED)
def test_whether_the_server_acted_before_the_error(account, proxy, fault):
    name = unique("user")
    proxy.set(once(1, fault))
    with pytest.raises(ClientError):
        client(account, proxy, "iam").create_user(UserName=name)
    assert was_made(account, name) == fault.acts


@pytest.mark.parametrize("fault", [Fault.NO_ANSWER_BEFORE, Fault.RESET_AFTER, Fault.UNAVAILABLE, Fault.THROTTLED])
def test_botocore_tries_again_after_each(account, proxy, fault):
    proxy.set(once(1, fault))
    client(account, proxy, "iam", attempts=2).list_users()
    assert [call.fault for call in proxy.calls] == [fault, None]


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.HALF_AN_ANSWER])
def test_an_answer_without_a_body_is_lost_too(account, proxy, fault):
    s3, name = client(account, proxy, "s3"), unique("bucket")
    s3.create_bucket(Bucket=name)
    proxy.set(once(1, fault))
    with pytest.raises(ConnectionClosedError):
        s3.delete_bucket(Bucket=name)
    assert name not in [bucket["Name"] for bucket in account.s3.list_buckets()["Buckets"]]


def test_a_slow_answer_comes_all_the_same(account, proxy):
    proxy.set(once(1, Fault.SLOW))
    started = time.monotonic()
    client(account, proxy, "iam").list_users()
    assert time.monotonic() - started >= SLOW_SECONDS


def test_a_fault_from_a_call_on_lasts_until_it_is_healed(account, proxy):
    iam = client(account, proxy, "iam")
    proxy.set(from_then_on(2, Fault.THROTTLED))
    iam.list_users()
    for _ in range(2):
        with pytest.raises(ClientError, match="Rate exceeded"):
            iam.list_users()
    proxy.heal()
    iam.list_users()


def test_a_seed_stands_for_the_same_faults_each_time():
    plan, same, other = at_random(1, 0.3), at_random(1, 0.3), at_random(2, 0.3)
    drawn = [plan(number) for number in range(1000)]
    assert drawn == [same(number) for number in range(1000)]
    assert drawn != [other(number) for number in range(1000)]
    assert 200 < sum(fault is not None for fault in drawn) < 400
    assert set(drawn) - {None} == set(BREAKING)


def test_the_secrets_that_the_server_gave_are_known(account, proxy):
    iam, name = client(account, proxy, "iam"), unique("user")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    assert proxy.secrets == {key["AccessKeyId"], key["SecretAccessKey"]}


@pytest.mark.parametrize(("fault", "acted"), [(Fault.KILLED_BEFORE, False), (Fault.KILLED_AFTER, True)])
def test_the_caller_is_killed(account, proxy, fault, acted):
    name = unique("user")
    script = f"import sys, boto3; sys.stdin.readline(); boto3.client('iam').create_user(UserName='{name}')"
    environment = clean_environment(**account.environment | {"AWS_ENDPOINT_URL": proxy.endpoint_url})
    caller = subprocess.Popen([sys.executable, "-c", script], env=environment, stdin=subprocess.PIPE)
    proxy.victim = caller.pid
    proxy.set(once(1, fault))
    caller.communicate(b"go\n")
    assert caller.returncode == -signal.SIGKILL
    assert was_made(account, name) == acted


@pytest.mark.exhaustive
def test_plain_moto_behind_it():
    with plain_moto() as stranger, fault_proxy(stranger.endpoint_url) as proxy:
        proxy.set(once(1, Fault.THROTTLED))
        names = [user["UserName"] for user in client(stranger, proxy, "iam", attempts=2).list_users()["Users"]]
    assert names == ["owner"]
