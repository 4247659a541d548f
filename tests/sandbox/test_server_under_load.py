"""Many clients at once: nothing fails, nothing is lost, and nobody is taken for somebody else."""

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import (
    HERE,
    Key,
    NewUser,
    administrator,
    allow,
    assume,
    clean_environment,
    client,
    document,
    end,
    iam,
    new_role,
    new_user,
    refusal,
    trust,
    unique,
)

CLIENTS = 16
SECONDS = 2


@dataclass
class Worker:
    """A user with a role and a bucket of its own, its clients, and what it has made."""

    user: NewUser
    role_arn: str
    bucket: str
    iam: Any
    s3: Any
    sts: Any
    made: list[str] = field(default_factory=list)


# A sandbox whose threads take turns after almost every step, so that whatever can come between two steps does.
HASTY = """
import runpy, sys
sys.setswitchinterval(1e-6)
sys.argv = ["sandbox"]
runpy.run_module("helpers.sandbox", run_name="__main__")
"""


@pytest.fixture(scope="module")
def sandbox():
    process = subprocess.Popen(
        [sys.executable, "-c", HASTY],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Connection.from_json(process.stdout.readline())
    finally:
        end(process)


@pytest.fixture(scope="module")
def workers(sandbox):
    return [hire(sandbox) for _ in range(CLIENTS)]


def hire(sandbox):
    bucket = unique("bucket")
    user = new_user(sandbox, allow("iam:*"), allow("s3:*", f"arn:aws:s3:::{bucket}*"), allow("s3:ListAllMyBuckets"))
    client(sandbox, "s3", administrator(sandbox)).create_bucket(Bucket=bucket)
    role_arn = new_role(sandbox, trust({"AWS": user.arn}))
    made = [client(sandbox, service, user.key) for service in ("iam", "s3", "sts")]
    return Worker(user, role_arn, bucket, *made)


def arn_of(sandbox, key):
    """Whose key the sandbox takes this for; boto3 would need longer to make a client than all the rest takes."""
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    signed = AWSRequest("POST", sandbox.endpoint_url, {"Content-Type": "application/x-www-form-urlencoded"}, body)
    credentials = Credentials(key.access_key_id, key.secret_access_key, key.session_token)
    SigV4Auth(credentials, "sts", sandbox.region).add_auth(signed)
    request = Request(sandbox.endpoint_url, body, dict(signed.headers.items()))
    with build_opener(ProxyHandler({})).open(request, timeout=20) as answer:
        return re.search(rb"<Arn>(.*)</Arn>", answer.read())[1].decode()


def work(sandbox, worker, other, start):
    """Makes things, reads, and asks who it is, until the time is over."""
    start.wait()
    deadline = time.monotonic() + SECONDS
    while not worker.made or time.monotonic() < deadline:
        name = f"{worker.user.name}-{len(worker.made)}"
        worker.iam.create_user(UserName=name, Tags=[{"Key": "made-by", "Value": worker.user.name}])
        worker.iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=document(allow("s3:Get*")))
        key = worker.iam.create_access_key(UserName=name)["AccessKey"]
        worker.s3.put_object(Bucket=worker.bucket, Key=name, Body=name.encode())
        worker.made.append(name)
        assert worker.s3.get_object(Bucket=worker.bucket, Key=name)["Body"].read() == name.encode()
        assert worker.sts.get_caller_identity()["Arn"] == worker.user.arn
        assert arn_of(sandbox, Key(key["AccessKeyId"], key["SecretAccessKey"])) == f"arn:aws:iam::{HERE}:user/{name}"
        session = assume(sandbox, worker.user.key, worker.role_arn, RoleSessionName=name)
        role_name = worker.role_arn.rpartition("/")[2]
        assert arn_of(sandbox, session) == f"arn:aws:sts::{HERE}:assumed-role/{role_name}/{name}"
        assert refusal(worker.s3.get_object, Bucket=other.bucket, Key="any").code == "AccessDenied"
        assert worker.iam.get_user()["User"]["UserName"] == worker.user.name
        assert worker.iam.list_users()["Users"]
        assert worker.bucket in {bucket["Name"] for bucket in worker.s3.list_buckets()["Buckets"]}


@pytest.mark.exhaustive
def test_many_clients_at_once_lose_nothing_and_stay_themselves(sandbox, workers):
    start = Barrier(CLIENTS)
    others = [*workers[1:], workers[0]]
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(work, sandbox, *pair, start) for pair in zip(workers, others, strict=True)]
        for one in running:
            one.result()
    users = {user["UserName"] for page in iam(sandbox).get_paginator("list_users").paginate() for user in page["Users"]}
    for worker in workers:
        assert worker.made
        assert users >= set(worker.made)
        listed = worker.s3.get_paginator("list_objects_v2").paginate(Bucket=worker.bucket)
        assert {item["Key"] for page in listed for item in page.get("Contents", [])} == set(worker.made)
        last = worker.made[-1]
        assert iam(sandbox).list_user_policies(UserName=last)["PolicyNames"] == [last]
        assert len(iam(sandbox).list_access_keys(UserName=last)["AccessKeyMetadata"]) == 1
