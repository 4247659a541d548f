"""Sixteen clients that create, read, assume, put, get, list and delete at once: how many requests, and how slow."""

import json
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

CLIENTS = 16
BUCKET = "mixed-load"

NewClient = Callable[..., Any]
"""Makes a boto3 client of a service; credentials, where they are given, are in the form of AssumeRole's answer."""


@dataclass(frozen=True)
class Load:
    """What a load came to.

    Attributes:
        seconds: How long each request took, the fastest first.
        elapsed: Seconds that all took together.
        lost: What was answered wrongly, in words.
    """

    seconds: list[float]
    elapsed: float
    lost: list[str]

    @property
    def mean(self) -> float:
        """Seconds for one request: the inverse of the throughput."""
        return self.elapsed / len(self.seconds)

    @property
    def slow(self) -> float:
        """Seconds that 99 of 100 requests stay under."""
        return self.seconds[math.ceil(0.99 * len(self.seconds)) - 1]


def mixed_load(new_client: NewClient, account_id: str, duration: float) -> Load:
    """Let all clients work for so many seconds.

    Args:
        new_client: Makes clients of the server that is measured.
        account_id: The account that they are in.
        duration: Seconds; what was begun is finished after them.
    """
    new_client("s3").create_bucket(Bucket=BUCKET)
    clients = [{service: new_client(service) for service in ("iam", "s3", "sts")} for _ in range(CLIENTS)]
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        done = list(pool.map(lambda own: _work(own, new_client, account_id, began + duration), clients))
    elapsed = time.perf_counter() - began
    seconds = sorted(second for each, _ in done for second in each)
    return Load(seconds, elapsed, [what for _, lost in done for what in lost])


def _work(own: dict[str, Any], new_client: NewClient, account_id: str, until: float) -> tuple[list[float], list[str]]:
    seconds: list[float] = []
    lost: list[str] = []

    def timed(call: Callable[..., Any], **parameters: Any) -> Any:
        began = time.perf_counter()
        answer = call(**parameters)
        seconds.append(time.perf_counter() - began)
        return answer

    def expect(what: str, found: object, wanted: object) -> None:
        if found != wanted:
            lost.append(f"{what}: {found} in place of {wanted}")

    iam, s3, sts = own["iam"], own["s3"], own["sts"]
    statement = {"Effect": "Allow", "Principal": {"AWS": account_id}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    while time.perf_counter() < until:
        name = f"load-{uuid4().hex[:12]}"
        timed(iam.create_user, UserName=name)
        role = timed(iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        session = timed(sts.assume_role, RoleArn=role, RoleSessionName=name)
        expect("session", session["AssumedRoleUser"]["Arn"].rpartition("/")[2], name)
        identity = timed(new_client("sts", session["Credentials"]).get_caller_identity)
        expect("identity", identity["Arn"].split("/")[1], name)
        timed(s3.put_object, Bucket=BUCKET, Key=name, Body=name.encode())
        expect("object", timed(s3.get_object, Bucket=BUCKET, Key=name)["Body"].read(), name.encode())
        expect("user", timed(iam.get_user, UserName=name)["User"]["UserName"], name)
        timed(iam.list_users, MaxItems=50)
        timed(s3.list_objects_v2, Bucket=BUCKET, MaxKeys=50)
        timed(s3.delete_object, Bucket=BUCKET, Key=name)
        timed(iam.delete_role, RoleName=name)
        timed(iam.delete_user, UserName=name)
    return seconds, lost
