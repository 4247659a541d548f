"""How S3 says no: ARNs in quotes, nothing to strangers, and what is missing hidden from whoever may not list."""

import pytest

from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import (
    THERE,
    NewUser,
    Refusal,
    administrator,
    allow,
    assume,
    client,
    new_role,
    new_user,
    refusal,
    send,
    trust,
    unique,
)

NOTES = {"Objects": [{"Key": "notes.txt"}]}


@pytest.fixture(scope="module")
def bucket(sandbox: Connection) -> str:
    """A bucket that stays as it is, but for the copies that are made in it."""
    name, s3 = unique("bucket"), client(sandbox, "s3", administrator(sandbox))
    s3.create_bucket(Bucket=name)
    for key in ("notes.txt", "a b.txt"):
        s3.put_object(Bucket=name, Key=key, Body=b"hello")
    return name


def no_policy_allows(user: NewUser, action: str, arn: str) -> Refusal:
    text = f'User: {user.arn} is not authorized to perform: {action} on resource: "{arn}" '
    return Refusal(403, "AccessDenied", f"{text}because no identity-based policy allows the {action} action")


def test_s3_puts_the_resource_in_quotes(sandbox: Connection, bucket: str) -> None:
    user, arn = new_user(sandbox), f"arn:aws:s3:::{bucket}"
    s3 = client(sandbox, "s3", user.key)
    get = refusal(s3.get_object, Bucket=bucket, Key="notes.txt")
    assert get == no_policy_allows(user, "s3:GetObject", f"{arn}/notes.txt")
    assert refusal(s3.list_objects_v2, Bucket=bucket) == no_policy_allows(user, "s3:ListBucket", arn)
    [error] = s3.delete_objects(Bucket=bucket, Delete=NOTES)["Errors"]
    told = no_policy_allows(user, "s3:DeleteObject", f"{arn}/notes.txt")
    assert (error["Code"], error["Message"]) == (told.code, told.message)


@pytest.mark.parametrize("kind", ["a user", "a role's session"])
def test_s3_tells_nothing_to_callers_from_another_account(sandbox: Connection, bucket: str, kind: str) -> None:
    key = new_user(sandbox, allow("s3:*"), account_id=THERE).key
    if kind == "a role's session":
        role = new_role(sandbox, trust({"AWS": THERE}), account_id=THERE)
        key = assume(sandbox, administrator(sandbox, THERE), role)
    s3, plain = client(sandbox, "s3", key), Refusal(403, "AccessDenied", "Access Denied")
    assert refusal(s3.get_object, Bucket=bucket, Key="notes.txt") == plain
    assert refusal(s3.put_object, Bucket=bucket, Key="new.txt", Body=b"") == plain
    assert refusal(s3.list_objects_v2, Bucket=bucket) == plain
    assert refusal(s3.get_bucket_policy, Bucket=bucket) == plain
    [error] = s3.delete_objects(Bucket=bucket, Delete=NOTES)["Errors"]
    assert (error["Code"], error["Message"]) == (plain.code, plain.message)


# --- what is missing


def test_what_is_missing_is_hidden_from_who_may_not_list(sandbox: Connection, bucket: str) -> None:
    user = new_user(sandbox, allow(["s3:GetObject", "s3:PutObject"]))
    s3, hidden = client(sandbox, "s3", user.key), no_policy_allows(user, "s3:ListBucket", f"arn:aws:s3:::{bucket}")
    assert refusal(s3.get_object, Bucket=bucket, Key="missing") == hidden
    assert refusal(s3.head_object, Bucket=bucket, Key="missing") == Refusal(403, "403", "Forbidden")
    assert refusal(s3.copy_object, Bucket=bucket, Key="copy", CopySource=f"{bucket}/missing") == hidden
    for source in ("notes.txt", "a b.txt"):
        assert s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": source})
    assert s3.head_object(Bucket=bucket, Key="notes.txt")["ContentLength"] == 5


def test_what_is_missing_is_told_to_who_may_list(sandbox: Connection, bucket: str) -> None:
    user = new_user(sandbox, allow(["s3:GetObject", "s3:ListBucket", "s3:PutObject"]))
    s3 = client(sandbox, "s3", user.key)
    assert refusal(s3.get_object, Bucket=bucket, Key="missing")[:2] == (404, "NoSuchKey")
    assert refusal(s3.head_object, Bucket=bucket, Key="missing") == Refusal(404, "404", "Not Found")
    assert refusal(s3.copy_object, Bucket=bucket, Key="copy", CopySource=f"{bucket}/missing")[:2] == (404, "NoSuchKey")


def test_who_may_list_and_not_read_is_told_nothing_of_an_object(sandbox: Connection, bucket: str) -> None:
    user = new_user(sandbox, allow("s3:ListBucket"))
    s3 = client(sandbox, "s3", user.key)
    for key in ("missing", "notes.txt"):
        denied = no_policy_allows(user, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        assert refusal(s3.get_object, Bucket=bucket, Key=key) == denied
        assert refusal(s3.head_object, Bucket=bucket, Key=key) == Refusal(403, "403", "Forbidden")


# --- HEAD


def test_a_refused_head_request_has_no_body(sandbox: Connection, bucket: str) -> None:
    nobody, reader = new_user(sandbox).key, new_user(sandbox, allow("s3:GetObject")).key
    for signer, path in ((nobody, f"/{bucket}"), (nobody, f"/{bucket}/notes.txt"), (reader, f"/{bucket}/missing")):
        answer = send(sandbox, "HEAD", path, signer=signer)
        assert (answer.status, answer.body) == (403, b"")
