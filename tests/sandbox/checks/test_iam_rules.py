"""What IAM refuses to make, change or delete, in AWS's words: names, policies and their versions, boundaries, tags."""

import pytest

from support.sandbox_clients import (
    HERE,
    TRUSTS_EC2,
    Refusal,
    allow,
    document,
    iam,
    new_role,
    new_user,
    refusal,
    unique,
)

ANY_S3 = document(allow("s3:*"))
ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"


def missing(message):
    return Refusal(404, "NoSuchEntity", message)


def taken(message):
    return Refusal(409, "EntityAlreadyExists", message)


def conflict(message):
    return Refusal(409, "DeleteConflict", message)


def invalid_tags(hint=""):
    return Refusal(400, "InvalidInput", f"Duplicate tag keys found.{hint}")


def new_policy(sandbox, versions=1):
    """Makes a managed policy of so many versions; returns its ARN."""
    made = iam(sandbox).create_policy(PolicyName=unique("policy"), PolicyDocument=ANY_S3)["Policy"]["Arn"]
    for _ in range(1, versions):
        iam(sandbox).create_policy_version(PolicyArn=made, PolicyDocument=ANY_S3)
    return made


def new_profile(sandbox):
    name = unique("profile")
    iam(sandbox).create_instance_profile(InstanceProfileName=name)
    return name


def role_name(sandbox):
    return new_role(sandbox, TRUSTS_EC2).rpartition("/")[2]


# --- names


def test_a_users_new_name_that_is_taken(sandbox):
    one, other = new_user(sandbox).name, new_user(sandbox).name
    rename = iam(sandbox).update_user
    assert refusal(rename, UserName=one, NewUserName=other.upper()) == taken(
        f"User with name {other.upper()} already exists."
    )
    rename(UserName=one, NewUserName=one.upper())
    assert iam(sandbox).get_user(UserName=one.upper())["User"]["UserName"] == one.upper()


def test_a_groups_name_that_is_taken(sandbox):
    one, other = unique("group"), unique("group")
    for name in (one, other):
        iam(sandbox).create_group(GroupName=name)
    expected = taken(f"Group with name {one.upper()} already exists.")
    assert refusal(iam(sandbox).create_group, GroupName=one.upper()) == expected
    assert refusal(iam(sandbox).update_group, GroupName=other, NewGroupName=one.upper()) == expected


def test_the_name_of_an_instance_profile_or_policy_that_is_taken(sandbox):
    profile = new_profile(sandbox).upper()
    refused = refusal(iam(sandbox).create_instance_profile, InstanceProfileName=profile)
    assert refused == taken(f"Instance Profile {profile} already exists.")
    policy = new_policy(sandbox).rpartition("/")[2].upper()
    refused = refusal(iam(sandbox).create_policy, PolicyName=policy, PolicyDocument=ANY_S3)
    assert refused == taken(f"A policy called {policy} already exists. Duplicate names are not allowed.")


@pytest.mark.parametrize("path", ["team/", "/team", "team"])
def test_a_path_that_is_none(sandbox, path):
    refused = refusal(iam(sandbox).create_user, UserName=unique("user"), Path=path)
    assert refused == Refusal(
        400,
        "ValidationError",
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric "
        "characters and/or / characters.",
    )


# --- roles of AWS's services


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("delete_role", {}),
        ("attach_role_policy", {"PolicyArn": ADMINISTRATOR_ACCESS}),
        ("put_role_policy", {"PolicyName": "p", "PolicyDocument": ANY_S3}),
        ("update_assume_role_policy", {"PolicyDocument": document(TRUSTS_EC2)}),
    ],
)
def test_a_role_of_a_service_is_not_changed(sandbox, call, parameters):
    linked = {"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": unique("s")}
    role = iam(sandbox).create_service_linked_role(**linked)["Role"]["RoleName"]
    message = f"Cannot perform the operation on the protected role '{role}' - this role is only modifiable by AWS"
    refused = refusal(getattr(iam(sandbox), call), RoleName=role, **parameters)
    assert refused == Refusal(400, "UnmodifiableEntity", message)
    iam(sandbox).update_role(RoleName=role, Description="for groups of instances")
    iam(sandbox).delete_service_linked_role(RoleName=role)


# --- managed policies and their versions


def test_a_policy_that_is_attached_is_not_deleted(sandbox):
    admin, policy, user, role = iam(sandbox), new_policy(sandbox), new_user(sandbox).name, role_name(sandbox)
    expected = conflict("Cannot delete a policy attached to entities.")
    admin.attach_user_policy(UserName=user, PolicyArn=policy)
    assert refusal(admin.delete_policy, PolicyArn=policy) == expected
    admin.detach_user_policy(UserName=user, PolicyArn=policy)
    admin.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy)
    assert refusal(admin.delete_policy, PolicyArn=policy) == expected
    admin.delete_role_permissions_boundary(RoleName=role)
    admin.delete_policy(PolicyArn=policy)
    assert refusal(admin.get_policy, PolicyArn=policy) == missing(f"Policy {policy} was not found.")


def test_a_policy_of_several_versions_is_not_deleted(sandbox):
    admin, policy = iam(sandbox), new_policy(sandbox, versions=2)
    assert refusal(admin.delete_policy, PolicyArn=policy) == conflict(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
        "The default version is deleted with the policy."
    )
    refused = refusal(admin.delete_policy_version, PolicyArn=policy, VersionId="v1")
    assert refused == conflict("Cannot delete the default version of a policy.")
    admin.delete_policy_version(PolicyArn=policy, VersionId="v2")
    admin.delete_policy(PolicyArn=policy)


def test_a_sixth_version(sandbox):
    refused = refusal(
        iam(sandbox).create_policy_version, PolicyArn=new_policy(sandbox, versions=5), PolicyDocument=ANY_S3
    )
    assert refused == Refusal(
        409,
        "LimitExceeded",
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing "
        "version.",
    )


@pytest.mark.parametrize("call", ["get_policy_version", "delete_policy_version", "set_default_policy_version"])
def test_a_version_that_is_not_there(sandbox, call):
    for policy in (new_policy(sandbox), f"arn:aws:iam::{HERE}:policy/none"):
        refused = refusal(getattr(iam(sandbox), call), PolicyArn=policy, VersionId="v9")
        assert refused == missing(f"Policy {policy} version v9 does not exist or is not attachable.")


@pytest.mark.parametrize(
    ("call", "parameters", "done"),
    [
        ("delete_policy", {}, "delete policies"),
        ("create_policy_version", {"PolicyDocument": ANY_S3}, "update policies"),
        ("delete_policy_version", {"VersionId": "v1"}, "delete policy versions for policies"),
    ],
)
def test_a_policy_of_aws_stays_as_it_is(sandbox, call, parameters, done):
    refused = refusal(getattr(iam(sandbox), call), PolicyArn=ADMINISTRATOR_ACCESS, **parameters)
    assert refused == (403, "AccessDenied", f"Cannot {done} outside your own account.")
    assert iam(sandbox).get_policy(PolicyArn=ADMINISTRATOR_ACCESS)["Policy"]["PolicyName"] == "AdministratorAccess"


@pytest.mark.parametrize("kind", ["User", "Role", "Group"])
def test_detaching_what_is_not_attached(sandbox, kind):
    group = unique("group")
    iam(sandbox).create_group(GroupName=group)
    name = {"User": new_user(sandbox).name, "Role": role_name(sandbox), "Group": group}[kind]
    policy = new_policy(sandbox)
    detach = getattr(iam(sandbox), f"detach_{kind.lower()}_policy")
    assert refusal(detach, PolicyArn=policy, **{f"{kind}Name": name}) == missing(f"Policy {policy} was not found.")


# --- boundaries


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [
        (
            f"arn:aws:iam::{HERE}:policy/none",
            missing(f"Scope ARN: arn:aws:iam::{HERE}:policy/none does not exist or is not attachable."),
        ),
        (
            f"arn:aws:iam::{HERE}:role/a-role-it-is",
            Refusal(400, "InvalidInput", f"ARN arn:aws:iam::{HERE}:role/a-role-it-is is not valid."),
        ),
    ],
)
def test_a_boundary_that_is_no_policy(sandbox, boundary, expected):
    admin = iam(sandbox)
    calls = [
        (admin.create_user, {"UserName": unique("user")}),
        (admin.put_user_permissions_boundary, {"UserName": new_user(sandbox).name}),
        (admin.create_role, {"RoleName": unique("role"), "AssumeRolePolicyDocument": document(TRUSTS_EC2)}),
        (admin.put_role_permissions_boundary, {"RoleName": role_name(sandbox)}),
    ]
    for call, named in calls:
        assert refusal(call, PermissionsBoundary=boundary, **named) == expected


# --- login profiles and instance profiles


def test_a_login_profile_that_is_there_or_not(sandbox):
    admin, name = iam(sandbox), new_user(sandbox).name
    none = missing(f"Login Profile for User {name} cannot be found.")
    assert refusal(admin.get_login_profile, UserName=name) == none
    assert refusal(admin.delete_login_profile, UserName=name) == none
    password = {"UserName": name, "Password": unique("Pass-word")}
    assert refusal(admin.update_login_profile, **password) == none
    admin.create_login_profile(**password)
    refused = refusal(admin.create_login_profile, **password)
    assert refused == taken(f"Login Profile for user {name} already exists.")


def test_an_instance_profile_holds_one_role(sandbox):
    admin, profile, role, other = iam(sandbox), new_profile(sandbox), role_name(sandbox), role_name(sandbox)
    refused = refusal(admin.remove_role_from_instance_profile, InstanceProfileName=profile, RoleName=role)
    assert refused == missing(f"Role {role} in Instance Profile {profile} cannot be found.")
    admin.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)
    refused = refusal(admin.add_role_to_instance_profile, InstanceProfileName=profile, RoleName=other)
    assert refused == Refusal(409, "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    in_the_way = conflict("Cannot delete entity, must remove roles from instance profile first.")
    assert refusal(admin.delete_instance_profile, InstanceProfileName=profile) == in_the_way
    assert refusal(admin.delete_role, RoleName=role) == in_the_way


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("get_instance_profile", {}),
        ("delete_instance_profile", {}),
        ("tag_instance_profile", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("untag_instance_profile", {"TagKeys": ["a"]}),
    ],
)
def test_an_instance_profile_that_is_not_there(sandbox, call, parameters):
    refused = refusal(getattr(iam(sandbox), call), InstanceProfileName="none", **parameters)
    assert refused == missing("Instance Profile none cannot be found.")


# --- tags

IGNORING_CASE = invalid_tags(" Please note that Tag keys are case insensitive.")


def tagged(*keys):
    return {"Tags": [{"Key": key, "Value": "value"} for key in keys]}


def test_a_tag_twice_on_a_user_or_role(sandbox):
    admin = iam(sandbox)
    calls = [
        (admin.create_user, {"UserName": unique("user")}),
        (admin.tag_user, {"UserName": new_user(sandbox).name}),
        (admin.create_role, {"RoleName": unique("role"), "AssumeRolePolicyDocument": document(TRUSTS_EC2)}),
        (admin.tag_role, {"RoleName": role_name(sandbox)}),
    ]
    for call, named in calls:
        assert refusal(call, **named, **tagged("team", "team")) == IGNORING_CASE
        assert refusal(call, **named, **tagged("team", "Team")) == IGNORING_CASE


def test_a_tag_twice_on_a_policy(sandbox):
    refused = refusal(iam(sandbox).tag_policy, PolicyArn=new_policy(sandbox), **tagged("team", "team"))
    assert refused == invalid_tags()


def new_tagged(sandbox, kind):
    """Makes one of a kind without tags; returns the parameter that names it."""
    match kind:
        case "user":
            return {"UserName": new_user(sandbox).name}
        case "role":
            return {"RoleName": role_name(sandbox)}
        case "policy":
            return {"PolicyArn": new_policy(sandbox)}
        case _:
            return {"InstanceProfileName": new_profile(sandbox)}


def tags_of(sandbox, kind, named):
    return {tag["Key"]: tag["Value"] for tag in getattr(iam(sandbox), f"list_{kind}_tags")(**named)["Tags"]}


TAGGED = ["user", "role", "policy", "instance_profile"]


@pytest.mark.parametrize("kind", TAGGED)
def test_a_51st_tag(sandbox, kind):
    named, tag = new_tagged(sandbox, kind), getattr(iam(sandbox), f"tag_{kind}")
    tag(**named, **tagged(*(f"key-{number}" for number in range(50))))
    tag(**named, Tags=[{"Key": "key-0", "Value": "another"}])
    expected = Refusal(409, "LimitExceeded", "The number of tags has reached the maximum limit.")
    assert refusal(tag, **named, **tagged("key-50")) == expected
    assert len(tags_of(sandbox, kind, named)) == 50
    assert tags_of(sandbox, kind, named)["key-0"] == "another"


@pytest.mark.parametrize("kind", TAGGED)
def test_whether_a_tags_key_has_capitals(sandbox, kind):
    named, admin = new_tagged(sandbox, kind), iam(sandbox)
    getattr(admin, f"tag_{kind}")(**named, **tagged("Team"))
    getattr(admin, f"tag_{kind}")(**named, Tags=[{"Key": "team", "Value": "blue"}])
    one_key = kind in ("user", "role")
    assert tags_of(sandbox, kind, named) == {"team": "blue"} | ({} if one_key else {"Team": "value"})
    getattr(admin, f"untag_{kind}")(**named, TagKeys=["TEAM"])
    assert ("team" in tags_of(sandbox, kind, named)) is not one_key


def test_tags_of_a_new_policy_may_differ_in_capitals(sandbox):
    made = iam(sandbox).create_policy(PolicyName=unique("policy"), PolicyDocument=ANY_S3, **tagged("team", "Team"))
    assert set(tags_of(sandbox, "policy", {"PolicyArn": made["Policy"]["Arn"]})) == {"team", "Team"}


def test_a_user_keeps_its_tags_under_a_new_name(sandbox):
    name, new_name = unique("user"), unique("user")
    iam(sandbox).create_user(UserName=name, **tagged("team"))
    iam(sandbox).update_user(UserName=name, NewUserName=new_name, NewPath="/moved/")
    assert iam(sandbox).get_user(UserName=new_name)["User"]["Tags"] == tagged("team")["Tags"]


@pytest.mark.parametrize("key", ["k" * 129, "k!"])
def test_a_tags_key_that_is_none(sandbox, key):
    refused = refusal(iam(sandbox).untag_user, UserName=new_user(sandbox).name, TagKeys=["good", key])
    assert refused == Refusal(
        400,
        "ValidationError",
        "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must satisfy "
        "constraint: [Member must have length less than or equal to 128, Member must have length greater than or "
        r"equal to 1, Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+, "
        "Member must not be null]",
    )
