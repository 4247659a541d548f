"""Sessions: federated users, chained roles, session tags and source identities, and what ends a session."""

from secrets import token_hex

import pytest

from support.sandbox_clients import (
    HERE,
    Refusal,
    administrator,
    allow,
    assume,
    client,
    deny,
    document,
    iam,
    key_of,
    new_role,
    new_user,
    refusal,
    refusal_to_assume,
    session_token,
    trust,
    unique,
)

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ASSUME = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
INVALID_TOKEN = Refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid.")


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def invalid(code, message):
    return Refusal(400, code, message)


# --- federated users


def federate(sandbox, user, name="guest", **options):
    answer = client(sandbox, "sts", user.key).get_federation_token(Name=name, **options)
    return key_of(answer), answer


def test_a_federated_user_is_somebody(sandbox):
    user = new_user(sandbox, allow("*"))
    guest, answer = federate(sandbox, user)
    arn = f"arn:aws:sts::{HERE}:federated-user/guest"
    assert answer["FederatedUser"] == {"FederatedUserId": f"{HERE}:guest", "Arn": arn}
    identity = client(sandbox, "sts", guest).get_caller_identity()
    assert (identity["UserId"], identity["Account"], identity["Arn"]) == (f"{HERE}:guest", HERE, arn)
    told = refusal(client(sandbox, "s3", guest).list_buckets)
    assert told.message.startswith(f"User: {arn} is not authorized to perform: s3:ListAllMyBuckets because no session")


@pytest.mark.parametrize(
    ("of_user", "of_session", "allowed"),
    [
        ([allow("s3:*")], [allow("s3:*")], True),
        ([allow("s3:*")], [allow("ec2:*")], False),
        ([allow("ec2:*"), allow("sts:*")], [allow("s3:*")], False),
        ([allow("*"), deny("s3:*")], [allow("*")], False),
    ],
)
def test_a_federated_user_may_what_both_sides_may(sandbox, of_user, of_session, allowed):
    user = new_user(sandbox, *of_user, allow("sts:GetFederationToken"))
    guest, answer = federate(sandbox, user, Policy=document(*of_session))
    assert 0 < answer["PackedPolicySize"] <= 100
    call = client(sandbox, "s3", guest).list_buckets
    if allowed:
        assert call()
    else:
        assert refusal(call).code == "AccessDenied"


def test_a_bucket_policy_can_name_a_federated_user(sandbox):
    bucket, user = unique("bucket"), new_user(sandbox, allow("sts:GetFederationToken"))
    s3 = client(sandbox, "s3", administrator(sandbox))
    s3.create_bucket(Bucket=bucket)
    guest, _ = federate(sandbox, user)
    names = {"Principal": {"AWS": f"arn:aws:sts::{HERE}:federated-user/guest"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=document({**allow("s3:ListBucket", f"arn:aws:s3:::{bucket}"), **names}))
    assert client(sandbox, "s3", guest).list_objects_v2(Bucket=bucket)
    other, _ = federate(sandbox, user, name="other")
    assert refusal(client(sandbox, "s3", other).list_objects_v2, Bucket=bucket).code == "AccessDenied"


def test_federating_wants_permission_for_that_name(sandbox):
    user = new_user(sandbox, allow("sts:GetFederationToken", f"arn:aws:sts::{HERE}:federated-user/${{aws:username}}"))
    assert federate(sandbox, user, name=user.name)
    call = client(sandbox, "sts", user.key).get_federation_token
    told = refusal(call, Name="other")
    assert told.code == "AccessDenied"
    assert told.message.endswith(f"sts:GetFederationToken on resource: arn:aws:sts::{HERE}:federated-user/other")
    assert "sts:TagSession" in refusal(call, Name=user.name, Tags=tags(team="blue")).message


@pytest.mark.parametrize(
    ("options", "constraint"),
    [
        ({"DurationSeconds": 899}, "Value '899' at 'durationSeconds'"),
        ({"DurationSeconds": 129601}, "Value '129601' at 'durationSeconds'"),
        ({"Name": "a"}, "Value 'a' at 'name'"),
        ({"Name": "a b"}, "Value 'a b' at 'name'"),
    ],
)
def test_federating_with_what_it_does_not_take(sandbox, options, constraint):
    user = new_user(sandbox, allow("*"))
    told = refusal(client(sandbox, "sts", user.key).get_federation_token, **{"Name": "guest", **options})
    assert told[:2] == (400, "ValidationError")
    assert told.message.startswith(f"1 validation error detected: {constraint} failed to satisfy constraint: ")


def test_a_federated_user_assumes_no_role(sandbox):
    user = new_user(sandbox, allow("*"))
    guest, _ = federate(sandbox, user, Policy=document(allow("*")))
    role = new_role(sandbox, trust({"AWS": HERE}))
    assert refusal_to_assume(sandbox, guest, role).code == "AccessDenied"


def test_a_users_session_token_is_for_two_calls_of_sts(sandbox):
    user = new_user(sandbox, allow("*"))
    sts = client(sandbox, "sts", session_token(sandbox, user.key))
    assert sts.get_caller_identity()["Arn"] == user.arn
    assert sts.assume_role(RoleArn=new_role(sandbox, trust({"AWS": user.arn})), RoleSessionName="test")
    assert refusal(sts.get_access_key_info, AccessKeyId=user.key.access_key_id).code == "AccessDenied"


def test_an_encoded_message_is_none(sandbox):
    told = refusal(client(sandbox, "sts", administrator(sandbox)).decode_authorization_message, EncodedMessage="abc")
    assert told == invalid("InvalidAuthorizationMessageException", "Message is not valid")


# --- chained roles


@pytest.fixture(scope="module")
def chain(sandbox):
    """A user, and two roles: the first for the user, the second for whoever has the first."""
    user = new_user(sandbox)
    first = new_role(sandbox, trust({"AWS": user.arn}, Action=ASSUME))
    second = new_role(sandbox, trust({"AWS": first}, Action=ASSUME))
    return user, first, second


def may(sandbox, role, statement):
    iam(sandbox).put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName=unique("p"), PolicyDocument=document(statement)
    )


def test_transitive_tags_go_on_and_others_end(sandbox, chain):
    user, first, second = chain
    for key in ("team", "room"):
        is_set = {"StringEquals": {f"aws:PrincipalTag/{key}": "blue"}}
        may(sandbox, second, allow({"team": "iam:ListUsers", "room": "iam:ListRoles"}[key], Condition=is_set))
    one = assume(sandbox, user.key, first, Tags=tags(team="blue", room="blue"), TransitiveTagKeys=["team"])
    two = client(sandbox, "iam", assume(sandbox, one, second))
    assert two.list_users()
    assert refusal(two.list_roles).code == "AccessDenied"


def test_a_transitive_tag_cannot_be_set_again(sandbox, chain):
    user, first, second = chain
    one = assume(sandbox, user.key, first, Tags=tags(team="blue"), TransitiveTagKeys=["team"])
    conflict = "it conflicts with a transitive tag key from the calling session"
    message = f"One of the specified transitive tag keys can't be set because {conflict}."
    assert refusal_to_assume(sandbox, one, second, Tags=tags(Team="red")) == invalid("InvalidParameterValue", message)
    assert assume(sandbox, one, second, Tags=tags(room="red"))


def test_handing_on_tags_wants_permission_to_tag(sandbox, chain):
    user, first, _ = chain
    closed = new_role(sandbox, trust({"AWS": first}))
    plain = assume(sandbox, user.key, first)
    assert assume(sandbox, plain, closed)
    one = assume(sandbox, user.key, first, Tags=tags(team="blue"), TransitiveTagKeys=["team"])
    assert "sts:TagSession" in refusal_to_assume(sandbox, one, closed).message


BAD_TAGS = [
    (
        {"Tags": tags(team="blue", TEAM="red")},
        invalid("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive."),
    ),
    (
        {"Tags": tags(team="blue"), "TransitiveTagKeys": ["room"]},
        invalid("InvalidParameterValue", "The specified transitive tag key must be included in the requested tags."),
    ),
]


@pytest.mark.parametrize(("options", "expected"), BAD_TAGS)
def test_tags_that_are_refused(sandbox, chain, options, expected):
    user, first, _ = chain
    assert refusal_to_assume(sandbox, user.key, first, **options) == expected


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"Tags": tags(**{f"k{number}": "v" for number in range(51)})}, "have length less than or equal to 50"),
        ({"Tags": tags(**{"k" * 129: "v"})}, "have length less than or equal to 128"),
        ({"Tags": tags(k="v" * 257)}, "have length less than or equal to 256"),
        ({"Tags": tags(**{"a*b": "v"})}, "satisfy regular expression pattern"),
        ({"RoleSessionName": None}, "must not be null"),
        ({"PolicyArns": [{"arn": READ_ONLY}] * 11}, "have length less than or equal to 10"),
        ({"PolicyArns": [{"arn": READ_ONLY}] * 11}, f"Value '[{{arn={READ_ONLY}}}, {{arn="),
    ],
)
def test_limits_of_a_session(sandbox, chain, options, rule):
    user, first, _ = chain
    parameters = {"RoleArn": first, "RoleSessionName": "test", **options}
    given = {name: value for name, value in parameters.items() if value is not None}
    told = refusal(client(sandbox, "sts", user.key).assume_role, **given)
    assert told[:2] == (400, "ValidationError")
    assert rule in told.message


def test_a_session_policy_has_an_end(sandbox, chain):
    user, first, _ = chain
    long = document(allow("s3:*", "arn:aws:s3:::" + "a" * 2048))
    told = refusal_to_assume(sandbox, user.key, first, Policy=long)
    assert told[:2] == (400, "ValidationError")
    assert told.message.endswith(
        "at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048"
    )


def test_tags_without_room(sandbox, chain):
    user, first, _ = chain
    random = {f"k{number}": token_hex(128) for number in range(50)}
    told = refusal_to_assume(sandbox, user.key, first, Tags=tags(**random))
    assert told[:2] == (400, "PackedPolicyTooLarge")
    assert told.message.startswith("Packed size of session tags consumes ")


def test_a_source_identity_stays(sandbox, chain):
    user, first, second = chain
    may(sandbox, second, allow("iam:ListUsers", Condition={"StringEquals": {"aws:SourceIdentity": "ana"}}))
    one = assume(sandbox, user.key, first, SourceIdentity="ana")
    answer = client(sandbox, "sts", one).assume_role(RoleArn=second, RoleSessionName="test")
    assert answer["SourceIdentity"] == "ana"
    two = assume(sandbox, one, second, SourceIdentity="ana")
    assert client(sandbox, "iam", two).list_users()
    assert refusal_to_assume(sandbox, one, second, SourceIdentity="bob") == invalid(
        "ValidationError", "The source identity is already set for this assume role session"
    )


def test_handing_on_a_source_identity_wants_permission(sandbox, chain):
    user, first, _ = chain
    closed = new_role(sandbox, trust({"AWS": first}))
    one = assume(sandbox, user.key, first, SourceIdentity="ana")
    assert "sts:SetSourceIdentity" in refusal_to_assume(sandbox, one, closed).message


# --- what ends a session, and what does not


def test_revoking_sessions_leaves_later_ones(sandbox):
    user = new_user(sandbox)
    role = new_role(sandbox, trust({"AWS": user.arn}))
    may(sandbox, role, allow("iam:ListUsers"))
    old = client(sandbox, "iam", assume(sandbox, user.key, role))
    assert old.list_users()
    issued_before = {"DateLessThan": {"aws:TokenIssueTime": "2099-01-01T00:00:00Z"}}
    may(sandbox, role, deny("*", Condition=issued_before))
    assert "explicit deny" in refusal(old.list_users).message
    other = new_role(sandbox, trust({"AWS": user.arn}))
    may(sandbox, other, allow("iam:ListUsers"))
    may(sandbox, other, deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}))
    assert client(sandbox, "iam", assume(sandbox, user.key, other)).list_users()
    keyed = new_user(sandbox, allow("iam:ListUsers"), deny("*", Condition=issued_before))
    assert client(sandbox, "iam", keyed.key).list_users(), "long-term keys have no time of issue"


def test_a_session_outlives_a_change_of_trust_but_not_its_role(sandbox):
    user = new_user(sandbox)
    role = new_role(sandbox, trust({"AWS": user.arn}))
    name = role.rpartition("/")[2]
    session = client(sandbox, "sts", assume(sandbox, user.key, role))
    iam(sandbox).update_assume_role_policy(
        RoleName=name, PolicyDocument=document(trust({"Service": "ec2.amazonaws.com"}))
    )
    assert refusal_to_assume(sandbox, user.key, role).code == "AccessDenied"
    assert session.get_caller_identity()
    iam(sandbox).delete_role(RoleName=name)
    assert refusal(session.get_caller_identity) == INVALID_TOKEN
    new_role(sandbox, trust({"AWS": user.arn}), RoleName=name)
    assert refusal(session.get_caller_identity) == INVALID_TOKEN, "a new role of the same name is another"


def test_a_federated_user_ends_with_the_user(sandbox):
    user = new_user(sandbox, allow("*"))
    guest, _ = federate(sandbox, user)
    admin = iam(sandbox)
    admin.delete_access_key(UserName=user.name, AccessKeyId=user.key.access_key_id)
    assert client(sandbox, "sts", guest).get_caller_identity(), "the key may go, the user may not"
    admin.delete_user_policy(UserName=user.name, PolicyName="inline")
    admin.delete_user(UserName=user.name)
    assert refusal(client(sandbox, "sts", guest).get_caller_identity) == INVALID_TOKEN
