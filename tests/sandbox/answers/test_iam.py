"""What the sandbox's IAM answers by itself: users' permissions boundaries, and when keys and roles were last used."""

import datetime
import re
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from support.sandbox_clients import (
    HERE,
    THERE,
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

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def new_policy(sandbox, *statements):
    made = iam(sandbox).create_policy(PolicyName=unique("policy"), PolicyDocument=document(*statements))
    return made["Policy"]["Arn"]


def refused(sandbox, key):
    """The message with which ListBuckets is refused; empty if it is not."""
    try:
        client(sandbox, "s3", key).list_buckets()
    except client(sandbox, "s3", key).exceptions.ClientError as error:
        return error.response["Error"]["Message"]
    return ""


# --- users


def test_a_user_is_shown_as_it_was_made(sandbox):
    name, tags = unique("user"), [{"Key": "team", "Value": "blue"}]
    made = iam(sandbox).create_user(UserName=name, Path="/team/", Tags=tags, PermissionsBoundary=READ_ONLY)["User"]
    assert made["Arn"] == f"arn:aws:iam::{HERE}:user/team/{name}"
    assert made["Tags"] == tags
    assert made["PermissionsBoundary"] == boundary_shown(READ_ONLY)
    assert iam(sandbox).get_user(UserName=name)["User"] == made


def test_get_user_without_a_name_is_about_the_caller(sandbox):
    user = new_user(sandbox, allow("iam:GetUser"))
    assert client(sandbox, "iam", user.key).get_user()["User"]["UserName"] == user.name


def test_get_user_without_a_name_is_no_call_for_a_role(sandbox):
    user = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": user.arn}))
    role = role_arn.rpartition("/")[2]
    iam(sandbox).put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=document(allow("iam:*")))
    answer = refusal(client(sandbox, "iam", assume(sandbox, user.key, role_arn)).get_user)
    text = "Must specify userName when calling with non-User credentials"
    assert answer == Refusal(400, "ValidationError", text)


# --- permissions boundaries


def boundary_shown(arn):
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}


def test_a_boundary_is_the_most_that_a_user_may_do(sandbox):
    user = new_user(sandbox, allow("*"))
    assert not refused(sandbox, user.key)
    boundary = new_policy(sandbox, allow("ec2:*"))
    iam(sandbox).put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=boundary)
    assert "because no permissions boundary allows the s3:ListAllMyBuckets action" in refused(sandbox, user.key)
    iam(sandbox).delete_user_permissions_boundary(UserName=user.name)
    assert not refused(sandbox, user.key)


def test_a_boundary_allows_nothing_by_itself(sandbox):
    user = new_user(sandbox)
    boundary = new_policy(sandbox, allow("*"))
    iam(sandbox).put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=boundary)
    assert "because no identity-based policy allows" in refused(sandbox, user.key)


def test_a_user_made_inside_a_boundary_is_bound_by_it(sandbox):
    name, admin = unique("user"), iam(sandbox)
    admin.create_user(UserName=name, PermissionsBoundary=new_policy(sandbox, allow("ec2:*")))
    admin.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=document(allow("*")))
    policies = admin.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{HERE}:user/{name}", ActionNames=["s3:ListAllMyBuckets", "ec2:RunInstances"]
    )
    assert [result["EvalDecision"] for result in policies["EvaluationResults"]] == ["implicitDeny", "allowed"]


def test_a_users_boundary_is_shown_until_it_is_deleted(sandbox):
    user, admin = new_user(sandbox), iam(sandbox)

    def shown():
        details = admin.get_account_authorization_details(Filter=["User"])["UserDetailList"]
        both = [admin.get_user(UserName=user.name)["User"], *(one for one in details if one["Arn"] == user.arn)]
        return [one.get("PermissionsBoundary") for one in both]

    assert shown() == [None, None]
    admin.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=READ_ONLY)
    assert shown() == [boundary_shown(READ_ONLY)] * 2
    admin.delete_user_permissions_boundary(UserName=user.name)
    assert shown() == [None, None]


@pytest.mark.parametrize(
    ("boundary", "answer"),
    [
        (
            f"arn:aws:iam::{HERE}:policy/none",
            Refusal(
                404, "NoSuchEntity", f"Scope ARN: arn:aws:iam::{HERE}:policy/none does not exist or is not attachable."
            ),
        ),
        ("arn:aws:s3:::a-bucket-it-is", Refusal(400, "InvalidInput", "ARN arn:aws:s3:::a-bucket-it-is is not valid.")),
    ],
)
def test_a_boundary_is_a_managed_policy(sandbox, boundary, answer):
    user = new_user(sandbox)
    put = iam(sandbox).put_user_permissions_boundary
    assert refusal(put, UserName=user.name, PermissionsBoundary=boundary) == answer


def test_there_is_no_boundary_to_delete(sandbox):
    user = new_user(sandbox)
    answer = refusal(iam(sandbox).delete_user_permissions_boundary, UserName=user.name)
    assert answer[:2] == (404, "NoSuchEntity")


# --- lists


@pytest.fixture(scope="module")
def crowd(sandbox):
    """A user and a role with three of everything; returns the name that they and their group have."""
    admin, name = iam(sandbox), unique("crowd")
    admin.create_user(UserName=name, Path=f"/{name}/")
    new_role(sandbox, trust({"Service": "ec2.amazonaws.com"}), RoleName=name)
    for number in range(3):
        admin.create_user(UserName=f"{name}{number}", Path=f"/{name}/")
        for group in (f"{name}{number}", *([name] if number == 0 else [])):
            admin.create_group(GroupName=group, Path=f"/{name}/")
        for user, group in ((f"{name}{number}", name), (name, f"{name}{number}")):
            admin.add_user_to_group(UserName=user, GroupName=group)
        admin.create_instance_profile(InstanceProfileName=f"{name}{number}", Path=f"/{name}/")
        admin.add_role_to_instance_profile(InstanceProfileName=f"{name}{number}", RoleName=name)
        policy = {"PolicyName": f"p{number}", "PolicyDocument": document(allow("s3:*"))}
        admin.put_user_policy(UserName=name, **policy)
        admin.put_role_policy(RoleName=name, **policy)
        admin.put_group_policy(GroupName=name, **policy)
    for _ in range(2):
        admin.create_access_key(UserName=name)
    return name


@pytest.mark.parametrize(
    ("call", "listed", "parameter", "size"),
    [
        ("list_users", "Users", "PathPrefix", 4),
        ("list_groups", "Groups", "PathPrefix", 4),
        ("list_instance_profiles", "InstanceProfiles", "PathPrefix", 3),
        ("list_instance_profiles_for_role", "InstanceProfiles", "RoleName", 3),
        ("list_groups_for_user", "Groups", "UserName", 3),
        ("get_group", "Users", "GroupName", 3),
        ("list_access_keys", "AccessKeyMetadata", "UserName", 2),
        ("list_user_policies", "PolicyNames", "UserName", 3),
        ("list_role_policies", "PolicyNames", "RoleName", 3),
        ("list_group_policies", "PolicyNames", "GroupName", 3),
    ],
)
def test_a_list_comes_in_pages(sandbox, crowd, call, listed, parameter, size):
    named = {parameter: f"/{crowd}/" if parameter == "PathPrefix" else crowd}
    whole = getattr(iam(sandbox), call)(**named)
    assert (len(whole[listed]), whole["IsTruncated"]) == (size, False)
    assert all(item if isinstance(item, str) else item["CreateDate"] for item in whole[listed])
    first = getattr(iam(sandbox), call)(**named, MaxItems=1)
    assert (first[listed], first["IsTruncated"]) == (whole[listed][:1], True)
    rest = getattr(iam(sandbox), call)(**named, Marker=first["Marker"])
    assert (rest[listed], rest["IsTruncated"]) == (whole[listed][1:], False)


def test_a_marker_that_is_none(sandbox):
    assert refusal(iam(sandbox).list_users, Marker="none")[:2] == (400, "ValidationError")


# --- groups and managed policies


def test_leaving_a_group_that_one_is_not_in(sandbox):
    group, user, admin = unique("group"), new_user(sandbox), iam(sandbox)
    admin.create_group(GroupName=group)
    admin.add_user_to_group(GroupName=group, UserName=user.name)
    for _ in range(2):
        admin.remove_user_from_group(GroupName=group, UserName=user.name)
    assert admin.get_group(GroupName=group)["Users"] == []


def test_the_newest_version_of_a_policy_comes_first(sandbox):
    policy, admin = new_policy(sandbox, allow("s3:*")), iam(sandbox)
    admin.create_policy_version(PolicyArn=policy, PolicyDocument=document(allow("ec2:*")), SetAsDefault=True)
    listed = admin.list_policy_versions(PolicyArn=policy)["Versions"]
    assert [(version["VersionId"], version["IsDefaultVersion"]) for version in listed] == [("v2", True), ("v1", False)]


def test_the_accounts_details_name_its_policies(sandbox):
    policy = new_policy(sandbox, allow("s3:*"))
    details = iam(sandbox).get_account_authorization_details(Filter=["LocalManagedPolicy"])["Policies"]
    shown = next(one for one in details if one["Arn"] == policy)
    known = iam(sandbox).get_policy(PolicyArn=policy)["Policy"]
    assert (shown["PolicyName"], shown["PolicyId"]) == (known["PolicyName"], known["PolicyId"])


# --- last used


def last_used(sandbox, user):
    return iam(sandbox).get_access_key_last_used(AccessKeyId=user.key.access_key_id)


def test_a_new_key_was_never_used(sandbox):
    user = new_user(sandbox)
    answer = last_used(sandbox, user)
    assert answer["UserName"] == user.name
    assert answer["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}


@pytest.mark.parametrize(("service", "call"), [("sts", "get_caller_identity"), ("s3", "list_buckets")])
def test_a_key_was_last_used_for_the_last_call_that_it_signed_refused_or_not(sandbox, service, call):
    user = new_user(sandbox)
    refused(sandbox, user.key)
    try:
        getattr(client(sandbox, service, user.key), call)()
    except client(sandbox, service, user.key).exceptions.ClientError:
        assert service == "s3"
    used = last_used(sandbox, user)["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == (service, sandbox.region)
    assert abs(datetime.datetime.now(datetime.UTC) - used["LastUsedDate"]) < datetime.timedelta(minutes=1)


def test_a_role_was_last_used_when_a_session_of_it_last_called(sandbox):
    user = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": user.arn}))
    name = role_arn.rpartition("/")[2]
    session = assume(sandbox, user.key, role_arn)
    assert "LastUsedDate" not in iam(sandbox).get_role(RoleName=name)["Role"].get("RoleLastUsed", {})
    refused(sandbox, session)
    used = iam(sandbox).get_role(RoleName=name)["Role"]["RoleLastUsed"]
    assert used["Region"] == sandbox.region
    assert abs(datetime.datetime.now(datetime.UTC) - used["LastUsedDate"]) < datetime.timedelta(minutes=1)


def test_another_accounts_key_is_unknown(sandbox):
    elsewhere = new_user(sandbox, account_id=THERE)
    key = elsewhere.key.access_key_id
    who = f"arn:aws:iam::{HERE}:user/administrator"
    message = f"User: {who} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key {key}"
    assert refusal(iam(sandbox).get_access_key_last_used, AccessKeyId=key) == Refusal(403, "AccessDenied", message)


# --- the shapes of answers


def shown_by(sandbox, kind, **asked):
    """What a call of the administrator's shows, without botocore's own part."""
    return {name: value for name, value in getattr(iam(sandbox), kind)(**asked).items() if name != "ResponseMetadata"}


FOR_EC2 = document(trust({"Service": "ec2.amazonaws.com"}))
IN_SHORT = {"Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"}


@pytest.fixture
def role_with_everything(sandbox):
    """A role's name, and what CreateRole showed of it."""
    name = unique("role")
    made = iam(sandbox).create_role(
        RoleName=name,
        AssumeRolePolicyDocument=FOR_EC2,
        Description="Reads the%3Areports",
        MaxSessionDuration=7200,
        PermissionsBoundary=READ_ONLY,
        Tags=[{"Key": "team", "Value": "blue"}],
    )
    return name, made["Role"]


def test_a_new_role_is_shown_without_what_get_role_adds(sandbox, role_with_everything):
    name, made = role_with_everything
    assert made.keys() == IN_SHORT | {"PermissionsBoundary", "Tags"}
    assert (
        iam(sandbox).get_role(RoleName=name)["Role"].items()
        >= {
            **made,
            "Description": "Reads the%3Areports",
            "MaxSessionDuration": 7200,
        }.items()
    )


def test_a_list_of_roles_leaves_out_tags_and_boundaries(sandbox, role_with_everything):
    name, _ = role_with_everything
    listed = next(role for role in iam(sandbox).list_roles(MaxItems=1000)["Roles"] if role["RoleName"] == name)
    assert listed.keys() == IN_SHORT | {"Description", "MaxSessionDuration"}


def test_a_role_in_an_instance_profile_is_shown_in_short(sandbox, role_with_everything):
    name, _ = role_with_everything
    profile = unique("profile")
    made = iam(sandbox).create_instance_profile(InstanceProfileName=profile)["InstanceProfile"]
    iam(sandbox).add_role_to_instance_profile(InstanceProfileName=profile, RoleName=name)
    got = iam(sandbox).get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]
    listed = iam(sandbox).list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]
    assert [role.keys() for shown in (got, *listed) for role in shown["Roles"]] == [IN_SHORT, IN_SHORT]
    assert [shown.get("Tags") for shown in (made, got, *listed)] == [None, [], None]


@pytest.mark.parametrize(
    ("named", "stays"),
    [
        ({"Description": "new"}, {"MaxSessionDuration": 7200}),
        ({"MaxSessionDuration": 3600}, {"Description": "Reads the%3Areports"}),
        ({}, {"MaxSessionDuration": 7200, "Description": "Reads the%3Areports"}),
    ],
)
def test_an_update_keeps_what_it_does_not_name(sandbox, role_with_everything, named, stays):
    name, _ = role_with_everything
    assert shown_by(sandbox, "update_role", RoleName=name, **named) == {}
    assert iam(sandbox).get_role(RoleName=name)["Role"].items() >= (named | stays).items()


def test_roles_are_listed_by_name(sandbox):
    path = f"/{unique('path')}/"
    for name in ("b", "a", "c"):
        iam(sandbox).create_role(RoleName=f"{name}{path[1:-1]}", Path=path, AssumeRolePolicyDocument=FOR_EC2)
    pages = iam(sandbox).get_paginator("list_roles").paginate(PathPrefix=path, PaginationConfig={"PageSize": 2})
    assert [[role["RoleName"][0] for role in page["Roles"]] for page in pages] == [["a", "b"], ["c"]]


@pytest.mark.parametrize("kind", ["user", "role", "group"])
def test_attached_policies_are_listed_by_name_whatever_the_case(sandbox, kind):
    name, end = unique(kind), unique("policy")
    entity, more = {f"{kind.title()}Name": name}, {"AssumeRolePolicyDocument": FOR_EC2} if kind == "role" else {}
    getattr(iam(sandbox), f"create_{kind}")(**entity, **more)
    for first in ("b", "A", "C"):
        made = iam(sandbox).create_policy(PolicyName=first + end, PolicyDocument=document(allow("s3:*")))["Policy"]
        getattr(iam(sandbox), f"attach_{kind}_policy")(PolicyArn=made["Arn"], **entity)
    pages = (
        iam(sandbox)
        .get_paginator(f"list_attached_{kind}_policies")
        .paginate(**entity, PaginationConfig={"PageSize": 2})
    )
    assert [[policy["PolicyName"][0] for policy in page["AttachedPolicies"]] for page in pages] == [["A", "b"], ["C"]]
    elsewhere = getattr(iam(sandbox), f"list_attached_{kind}_policies")(PathPrefix="/elsewhere/", **entity)
    assert elsewhere["AttachedPolicies"] == []


def test_a_new_version_of_a_policy_is_shown_without_its_document(sandbox):
    arn, newer = new_policy(sandbox, allow("s3:GetObject")), document(allow("s3:ListBucket"))
    made = iam(sandbox).create_policy_version(PolicyArn=arn, PolicyDocument=newer, SetAsDefault=True)["PolicyVersion"]
    assert made.keys() == {"VersionId", "IsDefaultVersion", "CreateDate"}


def test_a_policy_counts_the_users_and_roles_that_it_bounds(sandbox):
    arn, name = new_policy(sandbox, allow("s3:*")), unique("user")
    shown = iam(sandbox).get_policy(PolicyArn=arn)["Policy"]
    iam(sandbox).create_user(UserName=name, PermissionsBoundary=arn)
    new_role(sandbox, trust({"AWS": HERE}), PermissionsBoundary=arn)
    assert [shown, iam(sandbox).get_policy(PolicyArn=arn)["Policy"]] == [
        {**shown, "PermissionsBoundaryUsageCount": 0},
        {**shown, "PermissionsBoundaryUsageCount": 2},
    ]


def test_a_renamed_users_keys_carry_its_new_name(sandbox):
    user, new = new_user(sandbox), unique("user")
    iam(sandbox).update_user(UserName=user.name, NewUserName=new)
    listed = iam(sandbox).list_access_keys(UserName=new)["AccessKeyMetadata"]
    assert [key["UserName"] for key in listed] == [new]


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("GetRole", {"RoleName": "ROLE"}),
        ("GetRolePolicy", {"RoleName": "ROLE", "PolicyName": "own"}),
        ("ListRoles", {"PathPrefix": "/PATH/"}),
        ("GetPolicyVersion", {"PolicyArn": "POLICY", "VersionId": "v1"}),
        ("GetAccountAuthorizationDetails", {"Filter.member.1": "Role", "MaxItems": "1000"}),
    ],
)
def test_documents_are_encoded_on_the_wire_as_a_part_of_a_url(sandbox, operation, asked):
    name, path = unique("role"), unique("path")
    statement = allow("s3:GetObject", "arn:aws:s3:::reports/a%3Ab")
    iam(sandbox).create_role(RoleName=name, Path=f"/{path}/", AssumeRolePolicyDocument=FOR_EC2)
    iam(sandbox).put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(statement))
    real = {"ROLE": name, "POLICY": new_policy(sandbox, statement), "/PATH/": f"/{path}/"}
    parameters = {key: real.get(value, value) for key, value in asked.items()}
    body = urlencode({"Action": operation, "Version": "2010-05-08", **parameters})
    sent_as = {"Content-Type": "application/x-www-form-urlencoded"}
    signer = administrator(sandbox)
    answer = send(sandbox, "POST", "/", signer=signer, service="iam", headers=sent_as, body=body.encode())
    wire = answer.body.decode()
    assert "%7B%22Version%22%3A" in wire
    assert "{" not in wire
    if operation in ("GetRolePolicy", "GetPolicyVersion"):
        assert "a%253Ab" in wire


def test_dates_have_no_parts_of_seconds(sandbox):
    role = new_role(sandbox, trust({"Service": "ec2.amazonaws.com"})).rpartition("/")[2]
    assert iam(sandbox).get_role(RoleName=role)["Role"]["CreateDate"].microsecond == 0


def test_an_error_has_its_message_once(sandbox):
    with pytest.raises(ClientError) as caught:
        iam(sandbox).get_role(RoleName=unique("none"))
    assert caught.value.response["Error"].keys() == {"Code", "Message", "Type"}
    assert "message" not in caught.value.response


def test_a_description_that_is_changed_is_answered_with_the_role_in_short(sandbox):
    name = new_role(sandbox, trust({"Service": "ec2.amazonaws.com"}), MaxSessionDuration=7200).rpartition("/")[2]
    shown = iam(sandbox).update_role_description(RoleName=name, Description="new")["Role"]
    assert shown.keys() == {
        *("Arn", "AssumeRolePolicyDocument", "CreateDate", "Description", "Path", "RoleId", "RoleName"),
    }


def test_the_accounts_own_policies_are_listed_before_those_of_aws(sandbox):
    own = new_policy(sandbox, allow("s3:*"))
    listed = iam(sandbox).list_policies()["Policies"]
    assert own in [policy["Arn"] for policy in listed]
    assert not {"Description", "Tags"} & listed[0].keys()
    of_aws = iam(sandbox).list_policies(Scope="AWS", MaxItems=5)
    names = ["AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess"]
    assert [policy["PolicyName"] for policy in of_aws["Policies"]][:3] == names
    after = iam(sandbox).list_policies(Scope="AWS", MaxItems=5, Marker=of_aws["Marker"])["Policies"]
    assert not {policy["Arn"] for policy in after} & {policy["Arn"] for policy in of_aws["Policies"]}
    assert [policy["Arn"] for policy in iam(sandbox).list_policies(Scope="Local", MaxItems=1000)["Policies"]].count(own)


@pytest.mark.parametrize("marker", ["1", "tomorrow", "YWZ0ZXIgOTk5OTk5", "YWZ0ZXIgLTE="])
def test_a_marker_that_no_answer_gave_is_refused(sandbox, marker):
    assert refusal(iam(sandbox).list_policies, Marker=marker) == Refusal(400, "ValidationError", "Invalid Marker.")


def test_whom_a_policy_is_attached_to_and_whose_boundary_it_is(sandbox):
    policy, attached, bound = new_policy(sandbox, allow("s3:*")), new_user(sandbox), unique("bound")
    iam(sandbox).attach_user_policy(UserName=attached.name, PolicyArn=policy)
    iam(sandbox).create_user(UserName=bound, PermissionsBoundary=policy)

    def users(**asked):
        found = iam(sandbox).list_entities_for_policy(PolicyArn=policy, **asked)
        assert found["PolicyRoles"] == found["PolicyGroups"] == []
        return {user["UserName"] for user in found["PolicyUsers"]}

    assert users() == {attached.name, bound}
    assert users(PolicyUsageFilter="PermissionsPolicy") == {attached.name}
    assert users(PolicyUsageFilter="PermissionsBoundary") == {bound}
    assert users(EntityFilter="User") == {attached.name, bound}
    assert users(EntityFilter="LocalManagedPolicy") == set()
    first = iam(sandbox).list_entities_for_policy(PolicyArn=policy, MaxItems=1)
    rest = users(Marker=first["Marker"])
    assert {first["PolicyUsers"][0]["UserName"], *rest} == {attached.name, bound}
    unknown = f"{policy}-none"
    assert refusal(iam(sandbox).list_entities_for_policy, PolicyArn=unknown) == Refusal(
        404, "NoSuchEntity", f"Policy {unknown} does not exist or is not attachable."
    )


def test_policies_of_aws_have_descriptions_and_ids_in_base_32(sandbox):
    policy = iam(sandbox).get_policy(PolicyArn="arn:aws:iam::aws:policy/IAMUserChangePassword")["Policy"]
    assert policy["Description"] == "Provides the ability for an IAM user to change their own password."
    ids = [each["PolicyId"] for each in iam(sandbox).list_policies(MaxItems=1000)["Policies"]]
    assert all(re.fullmatch("ANPA[A-Z2-7]{17}", each) for each in ids)
    own = iam(sandbox).get_policy(PolicyArn=new_policy(sandbox, allow("s3:*")))["Policy"]
    assert "Description" not in own


def test_the_tags_of_a_policy_are_listed_short_keys_first(sandbox):
    tags = [{"Key": key, "Value": "x"} for key in ("abc", "b", "z", "a")]
    made = iam(sandbox).create_policy(PolicyName=unique("policy"), PolicyDocument=document(allow("s3:*")), Tags=tags)[
        "Policy"
    ]
    listed = iam(sandbox).list_policy_tags(PolicyArn=made["Arn"])["Tags"]
    assert [tag["Key"] for tag in listed] == ["a", "b", "z", "abc"]


def test_authorization_details_leave_out_what_aws_leaves_out(sandbox):
    user, policy = new_user(sandbox).name, new_policy(sandbox, allow("s3:*"))
    details = iam(sandbox).get_account_authorization_details(Filter=["User", "LocalManagedPolicy"])
    [shown] = [each for each in details["UserDetailList"] if each["UserName"] == user]
    assert "UserPolicyList" not in shown
    assert shown["AttachedManagedPolicies"] == shown["GroupList"] == []
    [shown] = [each for each in details["Policies"] if each["Arn"] == policy]
    assert "Description" not in shown


def test_the_account_in_numbers(sandbox):
    assert iam(sandbox).get_account_summary()["SummaryMap"]["AccountPasswordPresent"] == 1
    iam(sandbox).update_account_password_policy()
    shown = iam(sandbox).get_account_password_policy()["PasswordPolicy"]
    assert not {"HardExpiry", "MaxPasswordAge", "PasswordReusePrevention"} & shown.keys()


def test_identity_providers_are_there_once(sandbox):
    domain = f"{unique('oidc')}.example.com"
    admin, given = iam(sandbox), {"Url": f"https://{domain}", "ThumbprintList": ["c" * 40]}
    arn = admin.create_open_id_connect_provider(**given)["OpenIDConnectProviderArn"]
    assert refusal(admin.create_open_id_connect_provider, **given) == Refusal(
        409, "EntityAlreadyExists", f"Provider with url https://{domain} already exists."
    )
    tags = [{"Key": f"k{number}", "Value": "x"} for number in range(50)]
    admin.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=tags)
    one_more = refusal(
        admin.tag_open_id_connect_provider, OpenIDConnectProviderArn=arn, Tags=[{"Key": "k50", "Value": "x"}]
    )
    assert one_more == Refusal(409, "LimitExceeded", "The number of tags has reached the maximum limit.")
    admin.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert refusal(admin.delete_open_id_connect_provider, OpenIDConnectProviderArn=arn) == Refusal(
        404, "NoSuchEntity", f"OpenId connect Provider {arn} cannot be found."
    )


def test_of_several_parameters_at_fault_aws_names_each_in_its_own_order(sandbox):
    asked = {"MaxPasswordAge": 1096, "MinimumPasswordLength": 129, "PasswordReusePrevention": 25}
    message = refusal(iam(sandbox).update_account_password_policy, **asked).message
    named = re.findall(r"at '(\w+)'", message)
    assert named == ["minimumPasswordLength", "passwordReusePrevention", "maxPasswordAge"]
    too_long = {"Url": "b" * 256, "ThumbprintList": ["b" * 41], "ClientIDList": ["b" * 256]}
    message = refusal(iam(sandbox).create_open_id_connect_provider, **too_long).message
    assert message == (
        "3 validation errors detected: Value at 'clientIDList' failed to satisfy constraint: Member must satisfy "
        "constraint: [Member must have length less than or equal to 255, Member must have length greater than or equal "
        "to 1]; Value at 'thumbprintList' failed to satisfy constraint: Member must satisfy constraint: [Member must "
        "have length less than or equal to 40, Member must have length greater than or equal to 40]; Value at 'url' "
        "failed to satisfy constraint: Member must have length less than or equal to 255"
    )
