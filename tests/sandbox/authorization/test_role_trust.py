"""Who may assume a role, tried live with users and roles in two accounts; AWS's own answers expected."""

import json

import pytest
from botocore.exceptions import ClientError

from support.sandbox_clients import (
    HERE,
    THERE,
    TRUSTS_EC2,
    Refusal,
    allow,
    assume,
    client,
    deny,
    document,
    iam,
    new_role,
    new_user,
    refusal,
    refusal_to_assume,
    trust,
    unique,
)

ASSUME = "sts:AssumeRole"


def may_assume(sandbox, user, role_arn):
    """Whether the user may; a refusal must be AWS's own, word for word."""
    try:
        assume(sandbox, user.key, role_arn)
    except ClientError:
        text = f"User: {user.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        assert refusal_to_assume(sandbox, user.key, role_arn) == Refusal(403, "AccessDenied", text)
        return False
    return True


def role_name(role_arn):
    return role_arn.rpartition("/")[2]


# --- the truth table

ALLOWED, DENIED = True, False
TRUTH_TABLE = [
    # the trust policy names      inline  same account  another account
    ("the user's ARN", True, ALLOWED, ALLOWED),
    ("the user's ARN", False, ALLOWED, DENIED),
    ("the account (:root)", True, ALLOWED, ALLOWED),
    ("the account (:root)", False, DENIED, DENIED),
    ("the account (12 digits)", True, ALLOWED, ALLOWED),
    ("the account (12 digits)", False, DENIED, DENIED),
    ("another user", True, DENIED, DENIED),
    ("another user", False, DENIED, DENIED),
    ("a service only", True, DENIED, DENIED),
    ("a service only", False, DENIED, DENIED),
    ("everyone (*)", True, ALLOWED, ALLOWED),
    ("everyone (*)", False, ALLOWED, DENIED),
]
CASES = [
    pytest.param(names, inline, account, answer, id=f"{names}-{'inline' if inline else 'none'}-{where}")
    for names, inline, here, there in TRUTH_TABLE
    for where, account, answer in (("same account", HERE, here), ("another account", THERE, there))
]


@pytest.mark.parametrize(("trust_names", "has_inline_policy", "role_account", "expected"), CASES)
def test_truth_table(sandbox, trust_names, has_inline_policy, role_account, expected):
    user = new_user(sandbox)
    principal = {
        "the user's ARN": {"AWS": user.arn},
        "the account (:root)": {"AWS": f"arn:aws:iam::{HERE}:root"},
        "the account (12 digits)": {"AWS": HERE},
        "another user": {"AWS": new_user(sandbox).arn},
        "a service only": {"Service": "ec2.amazonaws.com"},
        "everyone (*)": "*",
    }[trust_names]
    role_arn = new_role(sandbox, trust(principal), account_id=role_account)
    if has_inline_policy:
        iam(sandbox).put_user_policy(
            UserName=user.name, PolicyName="inline", PolicyDocument=document(allow(ASSUME, role_arn))
        )
    assert may_assume(sandbox, user, role_arn) is expected


def test_trusting_another_account_does_not_let_this_one_in(sandbox):
    user = new_user(sandbox, allow(ASSUME))
    assert not may_assume(sandbox, user, new_role(sandbox, trust({"AWS": THERE})))


def test_an_inline_policy_for_another_role_is_none(sandbox):
    user = new_user(sandbox, allow(ASSUME, f"arn:aws:iam::{HERE}:role/somebody-elses"))
    assert not may_assume(sandbox, user, new_role(sandbox, trust({"AWS": HERE})))


def test_an_attached_policy_counts_like_an_inline_one(sandbox):
    user = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": HERE}))
    policy = iam(sandbox).create_policy(PolicyName=unique("policy"), PolicyDocument=document(allow(ASSUME, role_arn)))
    iam(sandbox).attach_user_policy(UserName=user.name, PolicyArn=policy["Policy"]["Arn"])
    assert may_assume(sandbox, user, role_arn)


def test_a_groups_policy_counts_like_the_users_own(sandbox):
    user = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": HERE}))
    put_in_group(sandbox, user, allow(ASSUME, role_arn))
    assert may_assume(sandbox, user, role_arn)


def put_in_group(sandbox, user, statement):
    group = unique("group")
    iam(sandbox).create_group(GroupName=group)
    iam(sandbox).put_group_policy(GroupName=group, PolicyName="inline", PolicyDocument=document(statement))
    iam(sandbox).add_user_to_group(GroupName=group, UserName=user.name)


# --- a Deny anywhere


def test_a_deny_in_the_trust_policy_denies(sandbox):
    user = new_user(sandbox, allow(ASSUME))
    role_arn = new_role(sandbox, trust({"AWS": user.arn}), trust({"AWS": user.arn}, "Deny"))
    assert not may_assume(sandbox, user, role_arn)


def test_a_deny_of_the_account_in_the_trust_policy_denies_its_users(sandbox):
    user = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": f"arn:aws:iam::{HERE}:root"}, "Deny"), trust({"AWS": user.arn}))
    assert not may_assume(sandbox, user, role_arn)


def test_a_deny_in_the_inline_policy_denies(sandbox):
    user = new_user(sandbox, allow(ASSUME), deny("sts:*"))
    assert not may_assume(sandbox, user, new_role(sandbox, trust({"AWS": user.arn})))


def test_a_deny_in_a_group_denies(sandbox):
    user = new_user(sandbox, allow(ASSUME))
    put_in_group(sandbox, user, deny(ASSUME))
    assert not may_assume(sandbox, user, new_role(sandbox, trust({"AWS": user.arn})))


def test_a_deny_of_somebody_else_denies_nobody_else(sandbox):
    user, other = new_user(sandbox), new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": other.arn}, "Deny"), trust({"AWS": user.arn}))
    assert may_assume(sandbox, user, role_arn)


# --- every statement counts, in any order


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_statement_that_matters_may_stand_anywhere(sandbox, place):
    user, other = new_user(sandbox), new_user(sandbox)
    statements = [TRUSTS_EC2, trust({"AWS": other.arn})]
    statements.insert(place, trust({"AWS": user.arn}, Sid="Statement1"))
    assert may_assume(sandbox, user, new_role(sandbox, *statements))


def test_a_statement_may_name_several_users(sandbox):
    users = [new_user(sandbox), new_user(sandbox)]
    role_arn = new_role(sandbox, trust({"AWS": [user.arn for user in users]}))
    assert [may_assume(sandbox, user, role_arn) for user in users] == [True, True]


def test_the_tutorials_step_changes_the_answer(sandbox):
    """Trusted by EC2 alone, then by the user too: refused before, allowed after, refused when taken back."""
    user = new_user(sandbox)
    role_arn = new_role(sandbox, TRUSTS_EC2)
    before = may_assume(sandbox, user, role_arn)
    with_user = document(TRUSTS_EC2, trust({"AWS": user.arn}, Sid="Statement1"))
    iam(sandbox).update_assume_role_policy(RoleName=role_name(role_arn), PolicyDocument=with_user)
    after = may_assume(sandbox, user, role_arn)
    iam(sandbox).update_assume_role_policy(RoleName=role_name(role_arn), PolicyDocument=document(TRUSTS_EC2))
    assert (before, after, may_assume(sandbox, user, role_arn)) == (False, True, False)


# --- who is who


def test_a_name_that_begins_alike_is_somebody_else(sandbox):
    trusted = new_user(sandbox)
    longer, shorter = new_user(sandbox, name=f"{trusted.name}-2"), new_user(sandbox, name=trusted.name[:-1])
    role_arn = new_role(sandbox, trust({"AWS": trusted.arn}))
    assert [may_assume(sandbox, user, role_arn) for user in (trusted, longer, shorter)] == [
        True,
        False,
        False,
    ]


def test_a_user_of_the_same_name_in_another_account_is_somebody_else(sandbox):
    trusted = new_user(sandbox)
    namesake = new_user(sandbox, allow(ASSUME), name=trusted.name, account_id=THERE)
    assert not may_assume(sandbox, namesake, new_role(sandbox, trust({"AWS": trusted.arn})))


@pytest.mark.parametrize("account_id", [HERE, THERE, "999988887777"])
def test_a_role_that_does_not_exist_is_refused_just_the_same(sandbox, account_id):
    user = new_user(sandbox, allow(ASSUME))
    assert not may_assume(sandbox, user, f"arn:aws:iam::{account_id}:role/{unique('nobody')}")


def test_a_recreated_user_is_a_stranger(sandbox):
    old = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": old.arn}))
    delete_user(sandbox, old)
    new = new_user(sandbox, allow(ASSUME), name=old.name)
    assert not may_assume(sandbox, new, role_arn)
    assert trusted_principals(sandbox, role_arn) == [{"AWS": old.id}]


def test_naming_the_recreated_user_again_lets_it_in(sandbox):
    old = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": old.arn}))
    delete_user(sandbox, old)
    new = new_user(sandbox, name=old.name)
    mended = document(trust({"AWS": new.arn}))
    iam(sandbox).update_assume_role_policy(RoleName=role_name(role_arn), PolicyDocument=mended)
    assert may_assume(sandbox, new, role_arn)


def test_a_recreated_user_is_a_stranger_in_another_account_too(sandbox):
    old = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": old.arn}), account_id=THERE)
    delete_user(sandbox, old)
    new = new_user(sandbox, allow(ASSUME), name=old.name)
    assert not may_assume(sandbox, new, role_arn)
    assert trusted_principals(sandbox, role_arn, account_id=THERE) == [{"AWS": old.id}]


def test_a_recreated_role_is_a_stranger(sandbox):
    first = new_role(sandbox, trust({"AWS": HERE}))
    second = new_role(sandbox, trust({"AWS": first}))
    role_id = iam(sandbox).get_role(RoleName=role_name(first))["Role"]["RoleId"]
    iam(sandbox).delete_role(RoleName=role_name(first))
    assert trusted_principals(sandbox, second) == [{"AWS": role_id}]
    new_role(sandbox, trust({"AWS": HERE}), RoleName=role_name(first))
    user = new_user(sandbox, allow(ASSUME, first))
    refused = refusal_to_assume(sandbox, assume(sandbox, user.key, first), second)
    assert refused.code == "AccessDenied"


def delete_user(sandbox, user):
    iam(sandbox).delete_access_key(UserName=user.name, AccessKeyId=user.key.access_key_id)
    iam(sandbox).delete_user(UserName=user.name)


def trusted_principals(sandbox, role_arn, account_id=HERE):
    role = iam(sandbox, account_id).get_role(RoleName=role_name(role_arn))["Role"]
    trusted = role["AssumeRolePolicyDocument"]
    statements = (json.loads(trusted) if isinstance(trusted, str) else trusted)["Statement"]
    return [statement["Principal"] for statement in statements]


# --- role sessions as callers


@pytest.mark.parametrize("named", ["the role", "the session"])
def test_a_role_may_assume_a_role_that_trusts_it(sandbox, named):
    user = new_user(sandbox)
    first = new_role(sandbox, trust({"AWS": user.arn}))
    session = f"arn:aws:sts::{HERE}:assumed-role/{role_name(first)}/test"
    second = new_role(sandbox, trust({"AWS": first if named == "the role" else session}))
    third = assume(sandbox, assume(sandbox, user.key, first), second)
    assert client(sandbox, "sts", third).get_caller_identity()["Arn"].endswith(f"/{role_name(second)}/test")


def test_a_session_of_another_name_is_somebody_else(sandbox):
    user = new_user(sandbox)
    first = new_role(sandbox, trust({"AWS": user.arn}))
    session = f"arn:aws:sts::{HERE}:assumed-role/{role_name(first)}/monday"
    second = new_role(sandbox, trust({"AWS": session}))
    tuesday = assume(sandbox, user.key, first, RoleSessionName="tuesday")
    assert refusal_to_assume(sandbox, tuesday, second).message == (
        f"User: arn:aws:sts::{HERE}:assumed-role/{role_name(first)}/tuesday is not authorized to perform: "
        f"sts:AssumeRole on resource: {second}"
    )


def test_trusting_a_role_does_not_let_its_users_in(sandbox):
    """The user may assume the first role, but is not the first role."""
    user = new_user(sandbox, allow(ASSUME))
    first = new_role(sandbox, trust({"AWS": user.arn}))
    assert not may_assume(sandbox, user, new_role(sandbox, trust({"AWS": first})))


# --- conditions, boundaries


def test_a_condition_on_an_external_id(sandbox):
    user = new_user(sandbox)
    condition = {"StringEquals": {"sts:ExternalId": "lesson-42"}}
    role_arn = new_role(sandbox, trust({"AWS": user.arn}, Condition=condition))
    assert refusal_to_assume(sandbox, user.key, role_arn).code == "AccessDenied"
    assert refusal_to_assume(sandbox, user.key, role_arn, ExternalId="lesson-43").code == "AccessDenied"
    assert assume(sandbox, user.key, role_arn, ExternalId="lesson-42")


def test_a_condition_on_the_session_name(sandbox):
    user = new_user(sandbox)
    condition = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    role_arn = new_role(sandbox, trust({"AWS": user.arn}, Condition=condition))
    assert refusal_to_assume(sandbox, user.key, role_arn).code == "AccessDenied"
    assert assume(sandbox, user.key, role_arn, RoleSessionName=user.name)


# --- what a session is


def test_a_session_says_who_it_is(sandbox):
    user = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": user.arn}))
    role_id = iam(sandbox).get_role(RoleName=role_name(role_arn))["Role"]["RoleId"]
    answer = client(sandbox, "sts", user.key).assume_role(RoleArn=role_arn, RoleSessionName="monday")
    session_arn = f"arn:aws:sts::{HERE}:assumed-role/{role_name(role_arn)}/monday"
    assert answer["AssumedRoleUser"] == {"AssumedRoleId": f"{role_id}:monday", "Arn": session_arn}
    key = assume(sandbox, user.key, role_arn, RoleSessionName="monday")
    identity = client(sandbox, "sts", key).get_caller_identity()
    shown = identity["UserId"], identity["Account"], identity["Arn"]
    assert shown == (f"{role_id}:monday", HERE, session_arn)


def test_a_session_in_another_account_belongs_to_that_account(sandbox):
    user = new_user(sandbox, allow(ASSUME))
    key = assume(sandbox, user.key, new_role(sandbox, trust({"AWS": user.arn}), account_id=THERE))
    assert client(sandbox, "sts", key).get_caller_identity()["Account"] == THERE


def test_a_session_may_do_what_the_role_may_not_what_the_user_may(sandbox):
    user = new_user(sandbox, allow("iam:ListUsers"))
    role_arn = new_role(sandbox, trust({"AWS": user.arn}))
    iam(sandbox).attach_role_policy(
        RoleName=role_name(role_arn), PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess"
    )
    session = assume(sandbox, user.key, role_arn)
    assert client(sandbox, "s3", session).list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert refusal(client(sandbox, "iam", session).list_users).code == "AccessDenied"
    assert refusal(client(sandbox, "s3", user.key).list_buckets).code == "AccessDenied"


def test_a_session_lasts_an_hour_unless_asked_otherwise(sandbox):
    user = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": user.arn}), MaxSessionDuration=7200)
    assert lasts(sandbox, user, role_arn) == pytest.approx(3600, abs=5)
    assert lasts(sandbox, user, role_arn, DurationSeconds=900) == pytest.approx(900, abs=5)
    assert lasts(sandbox, user, role_arn, DurationSeconds=7200) == pytest.approx(7200, abs=5)


def lasts(sandbox, user, role_arn, **options):
    sts = client(sandbox, "sts", user.key)
    answer = sts.assume_role(RoleArn=role_arn, RoleSessionName="test", **options)
    expires = answer["Credentials"]["Expiration"]
    return (expires - expires.now(expires.tzinfo)).total_seconds()


@pytest.mark.parametrize("name", ["ab", "a" * 64, "me+you=us,all.of@here-now_1"])
def test_session_names_that_are_taken(sandbox, name):
    user = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": user.arn}))
    session = assume(sandbox, user.key, role_arn, RoleSessionName=name)
    assert client(sandbox, "sts", session).get_caller_identity()["Arn"].endswith(f"/{name}")
