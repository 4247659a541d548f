"""Roles, users, keys and policies: done twice is quiet, and what others made is left alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from helpers import clean_up, iam, policies
from helpers.account import open_account
from helpers.inventory.ownership import NameTakenError
from support.sandbox_clients import gone_account

ROLE, USER = "iam-role", "iam-ana"
FOREIGN_ROLE, FOREIGN_USER = "iam-foreign-role", "iam-foreign-ben"
EC2 = policies.trust_service("ec2.amazonaws.com")
TRUST = policies.policy(EC2)
GLUE = policies.policy(policies.allow("glue:GetJobs"))
BUCKETS = policies.policy(policies.allow("s3:ListAllMyBuckets"))


@pytest.fixture
def client() -> Iterator[Any]:
    """An administrator's IAM client; what the tests made with the tutorial's tag is deleted afterwards."""
    account = open_account("private")
    yield account.client("iam")
    clean_up.clean_up(account)


@pytest.fixture
def foreign(client: Any) -> Iterator[None]:
    """A role and a user that somebody else made, with policies and a key."""
    client.create_role(RoleName=FOREIGN_ROLE, AssumeRolePolicyDocument=policies.to_json(TRUST), Description="theirs")
    client.attach_role_policy(RoleName=FOREIGN_ROLE, PolicyArn=iam.AMAZON_S3_FULL_ACCESS)
    client.put_role_policy(RoleName=FOREIGN_ROLE, PolicyName="glue", PolicyDocument=policies.to_json(GLUE))
    client.create_user(UserName=FOREIGN_USER, Tags=[{"Key": "made-by", "Value": "somebody"}])
    client.put_user_policy(UserName=FOREIGN_USER, PolicyName="glue", PolicyDocument=policies.to_json(GLUE))
    key_id = client.create_access_key(UserName=FOREIGN_USER)["AccessKey"]["AccessKeyId"]
    yield
    client.detach_role_policy(RoleName=FOREIGN_ROLE, PolicyArn=iam.AMAZON_S3_FULL_ACCESS)
    client.delete_role_policy(RoleName=FOREIGN_ROLE, PolicyName="glue")
    client.delete_role(RoleName=FOREIGN_ROLE)
    client.delete_user_policy(UserName=FOREIGN_USER, PolicyName="glue")
    client.delete_access_key(UserName=FOREIGN_USER, AccessKeyId=key_id)
    client.delete_user(UserName=FOREIGN_USER)


@pytest.fixture
def unreachable() -> Any:
    """A client with nobody at the other end: a call would fail in another way than the tests expect."""
    return gone_account().client("iam")


def everything(client: Any) -> dict[str, Any]:
    """All that the account has: users and roles with their policies, tags and keys."""
    details = client.get_account_authorization_details(Filter=["User", "Role"])
    users = [user["UserName"] for user in details["UserDetailList"]]
    return {
        "users": details["UserDetailList"],
        "roles": details["RoleDetailList"],
        "keys": [client.list_access_keys(UserName=name)["AccessKeyMetadata"] for name in users],
        "tags": [client.list_user_tags(UserName=name)["Tags"] for name in users],
    }


# --- creating


def test_a_role_is_created_as_asked(client: Any) -> None:
    role = iam.create_role(client, name=ROLE, trust_policy=TRUST, description="for a lesson")
    assert role == iam.Role(ROLE, f"arn:aws:iam::111122223333:role/{ROLE}", TRUST)
    assert client.get_role(RoleName=ROLE)["Role"]["Description"] == "for a lesson"
    assert iam.get_role(client, name=ROLE) == role == iam.find_role(client)


def test_a_user_is_created_without_permissions(client: Any) -> None:
    user = iam.create_user(client, name=USER)
    assert user == iam.User(USER, f"arn:aws:iam::111122223333:user/{USER}")
    assert iam.get_user(client, name=USER) == user == iam.find_user(client)
    assert iam.list_access_key_ids(client, user_name=USER) == []


def test_creating_again_changes_nothing(client: Any) -> None:
    iam.create_role(client, name=ROLE, trust_policy=TRUST)
    iam.attach_role_policy(client, role_name=ROLE, policy_arn=iam.AMAZON_S3_FULL_ACCESS)
    iam.create_user(client, name=USER)
    iam.put_user_policy(client, user_name=USER, policy_name="glue", document=GLUE)
    before = everything(client)
    other_trust = policies.policy(policies.trust_service("glue.amazonaws.com"))
    role = iam.create_role(client, name=ROLE, trust_policy=other_trust, description="other")
    user = iam.create_user(client, name=USER)
    assert (role.trust_policy, role.attached_policies) == (TRUST, (iam.AMAZON_S3_FULL_ACCESS,))
    assert user.inline_policies == {"glue": GLUE}
    assert everything(client) == before


@pytest.mark.usefixtures("foreign")
def test_a_name_that_is_taken_is_left_alone(client: Any) -> None:
    before = everything(client)
    with pytest.raises(NameTakenError, match=f"role named {FOREIGN_ROLE} .* Choose another name"):
        iam.create_role(client, name=FOREIGN_ROLE, trust_policy=TRUST)
    with pytest.raises(NameTakenError, match=f"user named {FOREIGN_USER} .* Choose another name"):
        iam.create_user(client, name=FOREIGN_USER)
    assert everything(client) == before


@pytest.mark.exhaustive
@pytest.mark.usefixtures("foreign")
def test_a_name_that_is_taken_in_capitals_is_taken(client: Any) -> None:
    with pytest.raises(NameTakenError, match="Choose another name"):
        iam.create_role(client, name=FOREIGN_ROLE.upper(), trust_policy=TRUST)
    with pytest.raises(NameTakenError, match="Choose another name"):
        iam.create_user(client, name=FOREIGN_USER.upper())


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a" * 65, "arn:aws:iam::111122223333:role/a", "<name>"])
def test_a_bad_name_is_refused_before_any_call(unreachable: Any, name: str) -> None:
    with pytest.raises(ValueError, match=r"name|remove|replace"):
        iam.create_role(unreachable, name=name, trust_policy=TRUST)
    with pytest.raises(ValueError, match=r"name|remove|replace"):
        iam.create_user(unreachable, name=name)


# --- policies


@pytest.mark.exhaustive
def test_policies_are_put_and_read(client: Any) -> None:
    iam.create_role(client, name=ROLE, trust_policy=TRUST)
    for _ in range(2):
        iam.attach_role_policy(client, role_name=ROLE, policy_arn=iam.AMAZON_S3_FULL_ACCESS)
        iam.put_role_policy(client, role_name=ROLE, policy_name="glue", document=GLUE)
    role = iam.get_role(client, name=ROLE)
    assert role.attached_policies == (iam.AMAZON_S3_FULL_ACCESS,)
    assert role.inline_policies == {"glue": GLUE}
    iam.put_role_policy(client, role_name=ROLE, policy_name="glue", document=BUCKETS)
    assert iam.get_role(client, name=ROLE).inline_policies == {"glue": BUCKETS}


def test_a_policy_that_does_not_exist_is_refused_in_the_words_of_aws(client: Any) -> None:
    iam.create_role(client, name=ROLE, trust_policy=TRUST)
    arn = "arn:aws:iam::aws:policy/S3FullAccess"
    with pytest.raises(ClientError, match=f"Policy {arn} does not exist or is not attachable"):
        iam.attach_role_policy(client, role_name=ROLE, policy_arn=arn)


def test_trusting_a_user_keeps_the_other_statements(client: Any) -> None:
    glue = policies.trust_service("glue.amazonaws.com") | {"Sid": "Glue"}
    iam.create_role(client, name=ROLE, trust_policy=policies.policy(EC2, glue))
    user = iam.create_user(client, name=USER)
    trusted = iam.trust_principal(client, role_name=ROLE, arn=user.arn)
    assert policies.statements(trusted) == [EC2, glue, policies.trust_principal(user.arn)]
    assert iam.trust_principal(client, role_name=ROLE, arn=user.arn) == trusted
    assert iam.get_role(client, name=ROLE).trust_policy == trusted


@pytest.mark.exhaustive
def test_trusting_the_account_takes_the_place_of_the_user(client: Any) -> None:
    iam.create_role(client, name=ROLE, trust_policy=TRUST)
    iam.trust_principal(client, role_name=ROLE, arn=iam.create_user(client, name=USER).arn)
    account = "arn:aws:iam::111122223333:root"
    trusted = iam.trust_principal(client, role_name=ROLE, arn=account)
    assert policies.statements(trusted) == [EC2, policies.trust_principal(account)]


@pytest.mark.exhaustive
def test_trusting_a_user_that_does_not_exist_changes_nothing(client: Any) -> None:
    role = iam.create_role(client, name=ROLE, trust_policy=TRUST)
    with pytest.raises(ClientError, match=r"MalformedPolicyDocument.*Invalid principal in policy"):
        iam.trust_principal(client, role_name=ROLE, arn=f"arn:aws:iam::111122223333:user/{USER}-typo")
    assert iam.get_role(client, name=ROLE) == role


# --- access keys


@pytest.mark.exhaustive
def test_a_user_has_room_for_two_keys(client: Any) -> None:
    iam.create_user(client, name=USER)
    keys = [iam.create_access_key(client, user_name=USER).access_key_id for _ in range(2)]
    assert iam.list_access_key_ids(client, user_name=USER) == keys
    with pytest.raises(ClientError, match="LimitExceeded"):
        iam.create_access_key(client, user_name=USER)
    for _ in range(2):
        iam.delete_access_key(client, user_name=USER, access_key_id=keys[0])
        assert iam.list_access_key_ids(client, user_name=USER) == keys[1:]


def test_a_key_shows_no_secret(client: Any) -> None:
    iam.create_user(client, name=USER)
    key = iam.create_access_key(client, user_name=USER)
    assert key.session_token is None
    for shown in (repr(key), str(key), f"{key}", f"{[key]!r}", key._repr_html_()):
        assert f"Access key of user {USER}" in shown
        assert "*" * 16 + key.access_key_id[-4:] in shown
        assert key.access_key_id not in shown
        assert key.secret_access_key not in shown
        assert key.secret_access_key[-4:] not in shown


# --- deleting


def make_everything(client: Any) -> iam.AccessKey:
    """A role and a user with one of each thing that AWS wants gone before them."""
    iam.create_role(client, name=ROLE, trust_policy=TRUST)
    iam.attach_role_policy(client, role_name=ROLE, policy_arn=iam.AMAZON_S3_FULL_ACCESS)
    iam.put_role_policy(client, role_name=ROLE, policy_name="glue", document=GLUE)
    iam.create_user(client, name=USER)
    iam.put_user_policy(client, user_name=USER, policy_name="glue", document=GLUE)
    client.attach_user_policy(UserName=USER, PolicyArn=iam.AMAZON_EC2_READ_ONLY_ACCESS)
    return iam.create_access_key(client, user_name=USER)


@pytest.mark.usefixtures("foreign")
def test_everything_made_is_deleted_in_order_and_nothing_else(client: Any) -> None:
    before = everything(client)
    key = make_everything(client)
    account = open_account("private")
    expected = (
        f"access key ****************{key.access_key_id[-4:]} of user {USER}",
        f"policy AmazonEC2ReadOnlyAccess detached from user {USER}",
        f"inline policy glue of user {USER}",
        f"user {USER}",
        f"policy AmazonS3FullAccess detached from role {ROLE}",
        f"inline policy glue of role {ROLE}",
        f"role {ROLE}",
    )
    assert clean_up.plan(account).parts == expected
    cleaned_up = clean_up.clean_up(account)
    assert cleaned_up.deleted == expected
    assert "account 111122223333: deleted in 7 steps, and nothing is left\n  1: access key" in repr(cleaned_up)
    assert everything(client) == before
    assert (iam.find_role(client), iam.find_user(client)) == (None, None)


@pytest.mark.exhaustive
def test_deleting_again_is_quiet(client: Any) -> None:
    make_everything(client)
    for _ in range(2):
        iam.delete_role(client, name=ROLE)
        iam.delete_user(client, name=USER)
    assert repr(iam.delete_role(client, name=ROLE)) == "Nothing to delete"
    assert repr(iam.delete_user(client, name=USER)) == "Nothing to delete"
    assert repr(clean_up.clean_up(open_account("private"))).endswith("account 111122223333: nothing to delete")


@pytest.mark.usefixtures("foreign")
def test_what_others_made_is_never_deleted(client: Any) -> None:
    before = everything(client)
    with pytest.raises(NameTakenError, match="left alone"):
        iam.delete_role(client, name=FOREIGN_ROLE)
    with pytest.raises(NameTakenError, match="left alone"):
        iam.delete_user(client, name=FOREIGN_USER)
    assert everything(client) == before


# --- what is shown


def test_a_role_says_whom_it_trusts_and_what_it_may_do() -> None:
    deny = policies.trust_principal("arn:aws:iam::111122223333:user/ben", sid="Never") | {"Effect": "Deny"}
    two = policies.trust_principal("", sid="Two") | {"Principal": {"AWS": ["one", "other"]}}
    may = {"attached_policies": (iam.AMAZON_S3_FULL_ACCESS,), "inline_policies": {"glue": GLUE}}
    role = iam.Role("r", "arn:r", trust_policy=policies.policy(EC2, deny, two), **may)
    assert repr(role) == (
        "Role r\n  ARN: arn:r\n"
        "  Trusts:\n    ec2.amazonaws.com\n    never arn:aws:iam::111122223333:user/ben\n    one, other\n"
        "  Permissions:\n    AmazonS3FullAccess\n    glue (inline)"
    )


def test_an_empty_role_and_user_say_so() -> None:
    role = iam.Role("r", "arn:r", trust_policy=policies.policy())
    assert repr(role) == "Role r\n  ARN: arn:r\n  Trusts: nobody\n  Permissions: none"
    assert repr(iam.User("u", "arn:u")) == "User u\n  ARN: arn:u\n  Permissions: none"
