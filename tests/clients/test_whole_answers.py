"""Answers that were cut off: a lost answer, and no secret in the error."""

import traceback

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError

from helpers.clients.hooks import Hook, attach
from helpers.clients.whole_answers import refuse_half_answer
from support.fault_proxy import Fault, fault_proxy, from_then_on, no_fault
from support.sandbox_clients import unique
from support.strangers import strange_sandbox


@pytest.fixture(scope="module")
def account():
    with strange_sandbox() as stranger:
        yield stranger


@pytest.fixture(scope="module")
def proxy(account):
    with fault_proxy(account.endpoint_url) as running:
        yield running


@pytest.fixture
def client(account, proxy):
    def made(service):
        new = boto3.client(
            service,
            endpoint_url=proxy.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=account.owner.access_key_id,
            aws_secret_access_key=account.owner.secret_access_key,
        )
        attach(new, [Hook("before-parse", refuse_half_answer)])
        return new

    proxy.set(no_fault)
    return made


def test_half_an_access_key_is_a_lost_one(account, proxy, client):
    name = unique("user")
    account.iam.create_user(UserName=name)
    proxy.set(from_then_on(1, Fault.HALF_AN_ANSWER))
    with pytest.raises(ConnectionClosedError) as caught:
        client("iam").create_access_key(UserName=name)
    told = "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in proxy.secrets if secret in told]
    assert len(proxy.secrets) == 2


@pytest.mark.parametrize(
    ("service", "read"), [("s3", "list_buckets"), ("glue", "get_jobs"), ("sts", "get_caller_identity")]
)
def test_half_a_list_is_none(proxy, client, service, read):
    proxy.set(from_then_on(1, Fault.HALF_AN_ANSWER))
    with pytest.raises(ConnectionClosedError):
        getattr(client(service), read)()


def test_whole_answers_pass_with_a_body_or_without(client):
    s3, name = client("s3"), unique("bucket")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="notes.txt", Body=b"hello")
    assert s3.head_object(Bucket=name, Key="notes.txt")["ContentLength"] == 5
    assert s3.get_object(Bucket=name, Key="notes.txt")["Body"].read() == b"hello"
    s3.delete_object(Bucket=name, Key="notes.txt")
    s3.delete_bucket(Bucket=name)
