"""What users do about themselves: calls that leave out the user's name mean the caller."""

import re

import pytest

from support.sandbox_clients import (
    HERE,
    Refusal,
    administrator,
    allow,
    assume,
    client,
    document,
    iam,
    new_role,
    new_user,
    refusal,
    send,
    trust,
    unique,
)

ONESELF = f"arn:aws:iam::{HERE}:user/team/${{aws:username}}"
NOT_A_USER = Refusal(400, "ValidationError", "Must specify userName when calling with non-User credentials")


@pytest.fixture
def user(sandbox):
    """A user in a path, who may do everything about itself and nothing about others."""
    name = unique("user")
    iam(sandbox).create_user(UserName=name, Path="/team/")
    iam(sandbox).put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(allow("iam:*", ONESELF)))
    key = iam(sandbox).create_access_key(UserName=name)["AccessKey"]
    made = new_user(sandbox)
    return made._replace(name=name, key=type(made.key)(key["AccessKeyId"], key["SecretAccessKey"]))


def test_a_user_looks_after_its_own_keys(sandbox, user):
    own = client(sandbox, "iam", user.key)
    assert own.get_user()["User"]["UserName"] == user.name
    made = own.create_access_key()["AccessKey"]
    assert made["UserName"] == user.name
    own.update_access_key(AccessKeyId=made["AccessKeyId"], Status="Inactive")
    listed = {key["AccessKeyId"]: key["Status"] for key in own.list_access_keys()["AccessKeyMetadata"]}
    assert listed == {user.key.access_key_id: "Active", made["AccessKeyId"]: "Inactive"}
    own.delete_access_key(AccessKeyId=made["AccessKeyId"])
    assert len(own.list_access_keys()["AccessKeyMetadata"]) == 1


def test_others_are_others(sandbox, user):
    own, other = client(sandbox, "iam", user.key), new_user(sandbox)
    assert refusal(own.list_access_keys, UserName=other.name).code == "AccessDenied"
    theirs = refusal(own.delete_access_key, AccessKeyId=other.key.access_key_id)
    assert theirs[:2] == (404, "NoSuchEntity")
    assert client(sandbox, "sts", other.key).get_caller_identity()


def test_a_user_changes_its_own_password(sandbox, user):
    own, old, new = client(sandbox, "iam", user.key), "first-Password-1", "second-Password-2"
    change = {"OldPassword": old, "NewPassword": new}
    assert refusal(own.change_password, **change)[:2] == (404, "NoSuchEntity")
    assert own.create_login_profile(Password=old)["LoginProfile"]["UserName"] == user.name
    own.change_password(**change)
    assert refusal(own.change_password, **change) == Refusal(403, "AccessDenied", "The old password was incorrect.")
    assert own.get_login_profile()["LoginProfile"]["UserName"] == user.name
    own.delete_login_profile()
    assert refusal(own.get_login_profile).status == 404


@pytest.mark.parametrize("call", ["get_user", "list_access_keys", "create_access_key", "list_mfa_devices"])
def test_a_role_has_no_self(sandbox, call):
    user = new_user(sandbox)
    role = new_role(sandbox, trust({"AWS": user.arn}))
    iam(sandbox).attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn="arn:aws:iam::aws:policy/IAMFullAccess")
    session = client(sandbox, "iam", assume(sandbox, user.key, role))
    assert refusal(getattr(session, call)) == NOT_A_USER


def test_a_query_in_the_url_means_the_caller_too(sandbox):
    path = "/?Action=ListAccessKeys&Version=2010-05-08"
    answer = send(sandbox, "GET", path, signer=administrator(sandbox), service="iam")
    assert answer.status == 200
    assert b"<UserName>administrator</UserName>" in answer.body


def test_ids_begin_as_awss(sandbox):
    admin, name = iam(sandbox), unique("name")
    new_role(sandbox, trust({"AWS": HERE}), RoleName=name)
    policy = admin.create_policy(PolicyName=name, PolicyDocument=document(allow("s3:*")))["Policy"]
    made = {
        "AIDA": admin.create_user(UserName=name)["User"]["UserId"],
        "AGPA": admin.create_group(GroupName=name)["Group"]["GroupId"],
        "AROA": admin.get_role(RoleName=name)["Role"]["RoleId"],
        "AIPA": admin.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["InstanceProfileId"],
        "ANPA": policy["PolicyId"],
    }
    for prefix, given in made.items():
        assert re.fullmatch(f"{prefix}[A-Z0-9]{{17}}", given), given
    awss = admin.get_policy(PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")["Policy"]["PolicyId"]
    assert re.fullmatch("ANPA[A-Z0-9]{17}", awss)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("scope", "mine", "awss"), [("All", True, True), ("Local", True, False), ("AWS", False, True)])
def test_policies_are_listed_by_scope(sandbox, scope, mine, awss):
    iam(sandbox).create_policy(PolicyName=unique("policy"), PolicyDocument=document(allow("s3:*")))
    pages = iam(sandbox).get_paginator("list_policies").paginate(Scope=scope)
    accounts = {policy["Arn"].split(":")[4] for page in pages for policy in page["Policies"]}
    assert (HERE in accounts, "aws" in accounts) == (mine, awss)


def test_the_account_at_a_glance(sandbox, user):
    admin = iam(sandbox)
    summary = admin.get_account_summary()["SummaryMap"]
    pages = admin.get_paginator("list_users").paginate()
    assert summary["Users"] == sum(len(page["Users"]) for page in pages)
    details = admin.get_account_authorization_details(Filter=["User"])["UserDetailList"]
    shown = next(item for item in details if item["UserName"] == user.name)
    assert [policy["PolicyName"] for policy in shown["UserPolicyList"]] == ["own"]
