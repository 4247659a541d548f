"""Buckets of the tutorial: known by the ledger's id in their names, and deleted with all that is in them."""

from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from helpers import buckets
from helpers.account import Account, sandbox_account
from helpers.inventory.ledger import Ledger
from helpers.inventory.ownership import made_bucket_names
from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import client, new_user, unique


@pytest.fixture
def account(sandbox: Connection, tmp_path: Path) -> Account:
    """Opened on the sandbox in which other clients are at work too."""
    return sandbox_account(sandbox, tmp_path)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger of this test's alone; the sandbox is shared."""
    return Ledger(tmp_path / "ledger.jsonl", "anna")


def names(account: Account) -> list[str]:
    return [bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]]


def test_a_bucket_is_made_once_and_deleted_with_all_versions(account: Account) -> None:
    s3, ledger = account.client("s3"), account.ledger
    name = f"anna-tutorial-{ledger.id}"
    for _ in range(2):
        buckets.create_bucket(s3, ledger, name=name)
    assert made_bucket_names(s3, ledger) == [name]
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"first", b"second"):
        s3.put_object(Bucket=name, Key="notes.txt", Body=body)
    s3.delete_object(Bucket=name, Key="notes.txt")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        s3.delete_bucket(Bucket=name)
    buckets.delete_bucket(s3, name=name)
    assert name not in names(account)
    assert made_bucket_names(s3, ledger) == []
    buckets.delete_bucket(s3, name=name)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_a_bucket_is_made_in_the_clients_region(sandbox: Connection, ledger: Ledger, region: str) -> None:
    there = replace(sandbox, region=region)
    s3 = client(there, "s3", there.accounts[0])
    name = f"anna-{ledger.id}"
    buckets.create_bucket(s3, ledger, name=name)
    assert s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == region
    assert {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]} == {
        "made-by": "iam-role-tutorial",
        "ledger": ledger.id,
        "learner": "anna",
    }
    buckets.delete_bucket(s3, name=name)


def test_a_name_without_the_ledgers_id_is_refused(account: Account, ledger: Ledger) -> None:
    name = unique("anna-tutorial")
    with pytest.raises(ValueError, match=f"should hold {ledger.id}"):
        buckets.create_bucket(account.client("s3"), ledger, name=name)
    assert name not in names(account)


def test_a_bucket_that_the_ledger_does_not_have_is_nobodys_business(
    account: Account, sandbox: Connection, ledger: Ledger
) -> None:
    name = f"anna-{ledger.id}"
    client(sandbox, "s3", sandbox.accounts[0]).create_bucket(Bucket=name)
    assert made_bucket_names(account.client("s3"), ledger) == []
    assert name in names(account)


def test_who_may_not_delete_is_told(account: Account, sandbox: Connection, ledger: Ledger) -> None:
    buckets.create_bucket(account.client("s3"), ledger, name=f"anna-{ledger.id}")
    nobody = client(sandbox, "s3", new_user(sandbox).key)
    with pytest.raises(ClientError, match="AccessDenied"):
        buckets.delete_bucket(nobody, name=f"anna-{ledger.id}")
    assert f"anna-{ledger.id}" in names(account)
