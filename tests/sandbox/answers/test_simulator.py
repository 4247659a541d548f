"""AWS's policy simulator: what policies say to a call that nobody makes; the caller's side only."""

import pytest

from support.sandbox_clients import (
    HERE,
    THERE,
    Refusal,
    allow,
    assume,
    deny,
    document,
    iam,
    new_role,
    new_user,
    refusal,
    trust,
    unique,
)

BUCKET, OBJECT, OTHER = "arn:aws:s3:::b", "arn:aws:s3:::b/key", "arn:aws:s3:::other/key"
ALLOWED, EXPLICIT, IMPLICIT = "allowed", "explicitDeny", "implicitDeny"
ALICE = f"arn:aws:iam::{HERE}:user/alice"


def custom(sandbox, *policies, action="s3:GetObject", **options):
    """The one result of a simulation of policies that nobody has."""
    options = {"PolicyInputList": list(policies), "ActionNames": [action]} | options
    (result,) = iam(sandbox).simulate_custom_policy(**options)["EvaluationResults"]
    return result


def attached(sandbox, arn, action, **options):
    """What the policies of a user, group or role say to an action."""
    answer = iam(sandbox).simulate_principal_policy(PolicySourceArn=arn, ActionNames=[action], **options)
    return answer["EvaluationResults"][0]["EvalDecision"]


# --- decisions

MFA = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
CASES = {
    # what the policy says                 statements                                      resource  decision
    "nothing about it": ([allow("ec2:*")], "*", IMPLICIT),
    "everything is allowed": ([allow("*")], "*", ALLOWED),
    "this object is allowed": ([allow("s3:GetObject", OBJECT)], OBJECT, ALLOWED),
    "this object, not all": ([allow("s3:GetObject", OBJECT)], "*", IMPLICIT),
    "this object, not others": ([allow("s3:GetObject", OBJECT)], OTHER, IMPLICIT),
    "the bucket, not its objects": ([allow("s3:GetObject", BUCKET)], OBJECT, IMPLICIT),
    "allowed and denied": ([allow("s3:*"), deny("s3:Get*")], OBJECT, EXPLICIT),
    "denied elsewhere": ([allow("s3:*"), deny("s3:*", OTHER)], OBJECT, ALLOWED),
    "the case of an action": ([allow("S3:getobject")], OBJECT, ALLOWED),
    "a key that is not given": ([allow("s3:*", **MFA)], OBJECT, IMPLICIT),
}


@pytest.mark.parametrize(("statements", "resource", "decision"), CASES.values(), ids=CASES)
def test_a_policy_that_nobody_has(sandbox, statements, resource, decision):
    result = custom(sandbox, document(*statements), ResourceArns=[resource])
    assert (result["EvalActionName"], result["EvalResourceName"]) == ("s3:GetObject", resource)
    assert result["EvalDecision"] == decision


def test_without_resources_it_is_about_all(sandbox):
    result = custom(sandbox, document(allow("s3:*")))
    assert (result["EvalResourceName"], result["EvalDecision"]) == ("*", ALLOWED)
    assert "ResourceSpecificResults" not in result


@pytest.mark.parametrize(
    ("operator", "wanted", "kind", "given", "decision"),
    [
        ("Bool", "true", "boolean", ["true"], ALLOWED),
        ("Bool", "true", "boolean", ["false"], IMPLICIT),
        ("NumericLessThan", "5", "numeric", ["4"], ALLOWED),
        ("IpAddress", "10.0.0.0/8", "ip", ["10.1.2.3"], ALLOWED),
        ("DateGreaterThan", "2018-08-16T12:00:00Z", "date", ["2019-04-25T11:00:00Z"], ALLOWED),
        ("ForAllValues:StringEquals", ["a", "b"], "stringList", ["a", "b"], ALLOWED),
        ("ForAllValues:StringEquals", ["a", "b"], "stringList", ["a", "c"], IMPLICIT),
    ],
)
def test_context_entries_stand_for_condition_keys(sandbox, operator, wanted, kind, given, decision):
    policy = document(allow("s3:*", Condition={operator: {"aws:SomeKey": wanted}}))
    entry = {"ContextKeyName": "AWS:somekey", "ContextKeyValues": given, "ContextKeyType": kind}
    result = custom(sandbox, policy, ContextEntries=[entry])
    assert result["EvalDecision"] == decision
    assert result["MissingContextValues"] == []


def test_the_keys_that_policies_use_and_nobody_gave_are_named(sandbox):
    policy = document(allow("s3:*", "arn:aws:s3:::b/${aws:username}/${saml:sub}", **MFA), deny("ec2:*"))
    entry = {"ContextKeyName": "saml:sub", "ContextKeyValues": ["sub"], "ContextKeyType": "string"}
    result = custom(sandbox, policy, ContextEntries=[entry], ResourceArns=[OBJECT])
    missing = ["aws:MultiFactorAuthPresent", "aws:username"]
    assert result["MissingContextValues"] == missing
    assert result["ResourceSpecificResults"][0]["MissingContextValues"] == missing


# --- what an answer looks like


def test_there_is_one_result_for_an_action_and_in_it_one_for_each_resource(sandbox):
    """AWS's warning: the result tells of all resources together; each one's own is among ResourceSpecificResults."""
    policy = document(allow("s3:*", OBJECT), deny("s3:DeleteObject", OTHER))
    answer = iam(sandbox).simulate_custom_policy(
        PolicyInputList=[policy], ActionNames=["s3:GetObject", "s3:DeleteObject"], ResourceArns=[OBJECT, OTHER]
    )
    decisions = {
        result["EvalActionName"]: (
            result["EvalDecision"],
            {one["EvalResourceName"]: one["EvalResourceDecision"] for one in result["ResourceSpecificResults"]},
        )
        for result in answer["EvaluationResults"]
    }
    assert decisions == {
        "s3:GetObject": (IMPLICIT, {OBJECT: ALLOWED, OTHER: IMPLICIT}),
        "s3:DeleteObject": (EXPLICIT, {OBJECT: ALLOWED, OTHER: EXPLICIT}),
    }


def test_matched_statements_say_where_they_stand_as_in_awss_example(sandbox):
    policy = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":'
        '{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
    )
    entry = {"ContextKeyName": "aws:CurrentTime", "ContextKeyValues": ["2019-04-25T11:00:00Z"]}
    result = custom(sandbox, policy, action="dynamodb:CreateBackup", ContextEntries=[entry])
    (statement,) = result["MatchedStatements"]
    assert statement["SourcePolicyId"] == "PolicyInputList.1"
    assert (statement["StartPosition"], statement["EndPosition"]) == (
        {"Line": 1, "Column": 38},
        {"Line": 1, "Column": 167},
    )


def test_matched_statements_are_those_that_decide(sandbox):
    everything = document(allow("*"))
    mixed = document(allow("s3:*"), deny("s3:Get*"), allow("*"))

    def matched(action, *policies):
        statements = custom(sandbox, *policies, action=action)["MatchedStatements"]
        return [(one["SourcePolicyId"], one["SourcePolicyType"]) for one in statements]

    first, second = ("PolicyInputList.1", "IAM Policy"), ("PolicyInputList.2", "IAM Policy")
    assert matched("s3:GetObject", everything, mixed) == [second]
    assert matched("s3:PutObject", everything, mixed) == [first, second, second]
    assert matched("s3:PutObject", document(allow("ec2:*"))) == []


def test_statements_of_a_policy_follow_one_another(sandbox):
    policy = """{
  "Statement": [
    {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
    {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
  ]
}"""
    (statement,) = custom(sandbox, policy)["MatchedStatements"]
    assert statement["StartPosition"] == {"Line": 3, "Column": 60}
    assert statement["EndPosition"] == {"Line": 4, "Column": 59}


def test_results_come_page_by_page(sandbox):
    asked = {
        "PolicyInputList": [document(allow("*"))],
        "ActionNames": [f"s3:Action{number}" for number in range(5)],
        "PaginationConfig": {"PageSize": 2},
    }
    pages = list(iam(sandbox).get_paginator("simulate_custom_policy").paginate(**asked))
    assert [len(page["EvaluationResults"]) for page in pages] == [2, 2, 1]
    seen = [result["EvalActionName"] for page in pages for result in page["EvaluationResults"]]
    assert seen == asked["ActionNames"]


# --- the policies of users, groups and roles


def test_a_users_own_attached_and_group_policies_count_together(sandbox):
    user, group, admin = new_user(sandbox, allow("s3:GetObject")), unique("group"), iam(sandbox)
    admin.create_group(GroupName=group)
    admin.put_group_policy(GroupName=group, PolicyName="inline", PolicyDocument=document(allow("ec2:*")))
    admin.add_user_to_group(GroupName=group, UserName=user.name)
    admin.attach_user_policy(UserName=user.name, PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    actions = ["s3:GetObject", "ec2:RunInstances", "iam:GetUser", "iam:CreateUser"]
    answer = admin.simulate_principal_policy(PolicySourceArn=user.arn, ActionNames=actions)
    found = {
        result["EvalActionName"]: [one["SourcePolicyId"] for one in result["MatchedStatements"]]
        for result in answer["EvaluationResults"]
    }
    assert found == {
        "s3:GetObject": [f"user_{user.name}_inline"],
        "ec2:RunInstances": [f"group_{group}_inline"],
        "iam:GetUser": ["IAMReadOnlyAccess"],
        "iam:CreateUser": [],
    }
    group_arn = f"arn:aws:iam::{HERE}:group/{group}"
    assert attached(sandbox, group_arn, "ec2:RunInstances") == ALLOWED
    assert attached(sandbox, group_arn, "s3:GetObject") == IMPLICIT


def test_a_roles_policies(sandbox):
    role_arn = new_role(sandbox, trust({"AWS": HERE}))
    role = role_arn.rpartition("/")[2]
    iam(sandbox).put_role_policy(RoleName=role, PolicyName="inline", PolicyDocument=document(allow("s3:*")))
    assert attached(sandbox, role_arn, "s3:GetObject") == ALLOWED
    assert attached(sandbox, role_arn, "ec2:RunInstances") == IMPLICIT


def test_given_policies_are_added_to_a_users_own(sandbox):
    user = new_user(sandbox, allow("s3:*"))
    assert attached(sandbox, user.arn, "ec2:RunInstances", PolicyInputList=[document(allow("ec2:*"))]) == ALLOWED
    assert attached(sandbox, user.arn, "s3:GetObject", PolicyInputList=[document(deny("s3:*"))]) == EXPLICIT


def test_a_users_name_fills_policy_variables(sandbox):
    user = new_user(sandbox, allow("s3:*", "arn:aws:s3:::b/${aws:username}/*"))
    own, others = f"arn:aws:s3:::b/{user.name}/key", "arn:aws:s3:::b/somebody/key"
    assert attached(sandbox, user.arn, "s3:GetObject", ResourceArns=[own]) == ALLOWED
    assert attached(sandbox, user.arn, "s3:GetObject", ResourceArns=[others]) == IMPLICIT
    as_somebody = f"arn:aws:iam::{HERE}:user/somebody"
    assert attached(sandbox, user.arn, "s3:GetObject", ResourceArns=[others], CallerArn=as_somebody) == ALLOWED


def test_a_trust_policy_has_no_say(sandbox):
    """The simulator says no where the call works, and yes where the call is refused."""
    trusted = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": trusted.arn}))
    assume(sandbox, trusted.key, role_arn)
    assert attached(sandbox, trusted.arn, "sts:AssumeRole", ResourceArns=[role_arn]) == IMPLICIT
    stranger = new_user(sandbox, allow("sts:AssumeRole", role_arn))
    assert refusal(assume, connection=sandbox, signer=stranger.key, role_arn=role_arn).code == "AccessDenied"
    assert attached(sandbox, stranger.arn, "sts:AssumeRole", ResourceArns=[role_arn]) == ALLOWED


# --- permissions boundaries


def boundary_says(result):
    return result["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"]


def test_a_users_own_boundary_counts_and_a_given_one_takes_its_place(sandbox):
    user, admin = new_user(sandbox, allow("*")), iam(sandbox)
    made = admin.create_policy(PolicyName=unique("boundary"), PolicyDocument=document(allow("ec2:*")))["Policy"]
    admin.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=made["Arn"])
    assert attached(sandbox, user.arn, "ec2:RunInstances") == ALLOWED
    assert attached(sandbox, user.arn, "s3:GetObject") == IMPLICIT
    given = {"PermissionsBoundaryPolicyInputList": [document(allow("s3:*"))]}
    assert attached(sandbox, user.arn, "ec2:RunInstances", **given) == IMPLICIT
    assert attached(sandbox, user.arn, "s3:GetObject", **given) == ALLOWED


def test_a_boundary_is_told_of_where_there_is_one(sandbox):
    policy = document(allow("*"))
    assert "PermissionsBoundaryDecisionDetail" not in custom(sandbox, policy)
    within = custom(sandbox, policy, PermissionsBoundaryPolicyInputList=[document(allow("s3:*"))])
    assert (within["EvalDecision"], boundary_says(within)) == (ALLOWED, True)
    assert [one["SourcePolicyType"] for one in within["MatchedStatements"]] == ["IAM Policy"]
    denied = custom(sandbox, policy, PermissionsBoundaryPolicyInputList=[document(deny("s3:*"))])
    assert (denied["EvalDecision"], boundary_says(denied)) == (EXPLICIT, False)
    (statement,) = denied["MatchedStatements"]
    assert statement["SourcePolicyType"] == "Permissions Boundary Policy"


# --- policies of resources


def resource_policy(principal, effect="Allow"):
    return document({**allow("s3:*"), "Effect": effect, "Principal": {"AWS": principal}})


@pytest.mark.parametrize(
    ("statement", "policy", "decision"),
    [
        (allow("ec2:*"), resource_policy(ALICE), ALLOWED),
        (allow("ec2:*"), resource_policy(f"arn:aws:iam::{HERE}:user/bob"), IMPLICIT),
        (allow("s3:*"), resource_policy(f"arn:aws:iam::{HERE}:user/bob"), ALLOWED),
        (allow("s3:*"), resource_policy(ALICE, "Deny"), EXPLICIT),
    ],
)
def test_a_resources_policy_is_held_against_the_caller(sandbox, statement, policy, decision):
    options = {"ResourcePolicy": policy, "CallerArn": ALICE, "ResourceArns": [OBJECT]}
    assert custom(sandbox, document(statement), **options)["EvalDecision"] == decision


def test_in_another_account_both_sides_must_allow_and_each_is_told(sandbox):
    options = {"CallerArn": ALICE, "ResourceArns": [OBJECT], "ResourceOwner": f"arn:aws:iam::{THERE}:root"}
    one_side = custom(sandbox, document(allow("ec2:*")), ResourcePolicy=resource_policy(ALICE), **options)
    assert one_side["EvalDecision"] == IMPLICIT
    assert one_side["EvalDecisionDetails"] == {"IAM Policy": IMPLICIT, "Resource Policy": ALLOWED}
    both = custom(sandbox, document(allow("s3:*")), ResourcePolicy=resource_policy(ALICE), **options)
    assert both["EvalDecision"] == ALLOWED


# --- refusals

SYNTAX = "Syntax errors in policy."
CALLER = "Invalid caller - Caller must be an IAM user in this context."
REFUSED = {
    "no JSON": ({"PolicyInputList": ["{"]}, SYNTAX),
    "no boundary": ({"PermissionsBoundaryPolicyInputList": ["[]"]}, SYNTAX),
    "a principal": (
        {"PolicyInputList": [resource_policy(ALICE)]},
        "Policy document should not specify a principal.",
    ),
    "a trust policy": (
        {"ResourcePolicy": document(trust({"AWS": ALICE})), "CallerArn": ALICE},
        "Policy statement must contain resources.",
    ),
    "no caller": ({"ResourcePolicy": resource_policy(ALICE)}, CALLER),
    "a role that calls": (
        {"ResourcePolicy": resource_policy(ALICE), "CallerArn": f"arn:aws:iam::{HERE}:role/role"},
        CALLER,
    ),
    "no ARN": ({"ResourceArns": ["b/key"]}, "ResourceNames are not in a valid ARN format: b/key."),
    "no action": ({"ActionNames": ["GetObject"]}, "Invalid Input Actions: GetObject"),
    "a session that calls": (
        {"CallerArn": f"arn:aws:sts::{HERE}:assumed-role/role/session"},
        f"Invalid Entity Arn: arn:aws:sts::{HERE}:assumed-role/role/session "
        "does not clearly define entity type and name.",
    ),
    "no owner": ({"ResourceOwner": "somebody"}, "'somebody' is not a valid as a Resource Owner."),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_simulated(sandbox, options, message):
    asked = {"PolicyInputList": [document(allow("*"))], "ActionNames": ["s3:GetObject"]} | options
    assert refusal(iam(sandbox).simulate_custom_policy, **asked) == Refusal(400, "InvalidInput", message)


@pytest.mark.parametrize("kind", ["user", "role", "group"])
def test_nobody_of_that_name(sandbox, kind):
    arn = f"arn:aws:iam::{HERE}:{kind}/nobody"
    answer = refusal(iam(sandbox).simulate_principal_policy, PolicySourceArn=arn, ActionNames=["s3:GetObject"])
    assert answer == Refusal(404, "NoSuchEntity", f"The {kind} with name nobody cannot be found.")


def test_another_accounts_policies_are_not_to_be_seen(sandbox):
    arn = new_user(sandbox, account_id=THERE).arn
    answer = refusal(iam(sandbox).simulate_principal_policy, PolicySourceArn=arn, ActionNames=["s3:GetObject"])
    text = f"caller's account {HERE} does not have access to policies in account {THERE}"
    assert answer == Refusal(400, "InvalidInput", f"Invalid Policy Source Arn: {text}")


def test_what_the_sandbox_does_not_simulate_is_named(sandbox):
    user = new_user(sandbox)
    asked = {"PolicySourceArn": user.arn, "ActionNames": ["s3:GetObject"]}
    answer = refusal(iam(sandbox).simulate_principal_policy, PolicyExclusionList=[{"PolicyType": "inline"}], **asked)
    assert answer == Refusal(501, "NotImplemented", "The sandbox does not simulate PolicyExclusionList.")


# --- which condition keys are asked for

ASKS = document(
    allow("s3:*", "arn:aws:s3:::${aws:username}/*", Condition={"Bool": {"aws:SecureTransport": "true"}}),
    allow("s3:*", Condition={"StringEquals": {"AWS:securetransport": "${aws:PrincipalTag/team, 'none'}${*}"}}),
)


def test_the_condition_keys_of_policies(sandbox):
    answer = iam(sandbox).get_context_keys_for_custom_policy(PolicyInputList=[ASKS])
    found = answer["ContextKeyNames"]
    assert sorted(map(str.lower, found)) == ["aws:principaltag/team", "aws:securetransport", "aws:username"]


def test_the_condition_keys_of_a_user(sandbox):
    user = new_user(sandbox, allow("s3:*", Condition={"StringLike": {"s3:prefix": "${aws:username}/*"}}))
    ask = iam(sandbox).get_context_keys_for_principal_policy
    assert ask(PolicySourceArn=user.arn)["ContextKeyNames"] == ["aws:username", "s3:prefix"]
    more = document(allow("*", Condition={"Null": {"aws:TokenIssueTime": "true"}}))
    found = ask(PolicySourceArn=user.arn, PolicyInputList=[more])["ContextKeyNames"]
    assert found == ["aws:TokenIssueTime", "aws:username", "s3:prefix"]
    assert refusal(ask, PolicySourceArn=user.arn, PolicyInputList=["{"]).code == "InvalidInput"
