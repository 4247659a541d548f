import pytest

from support.sandbox_clients import Refusal, iam, refusal, unique

POLICIES = "arn:aws:iam::aws:policy/aws-service-role"


@pytest.fixture
def made(sandbox):
    """Make a service's role, which is deleted again: there is one of each."""
    roles = []

    def make(service, **options):
        role = iam(sandbox).create_service_linked_role(AWSServiceName=service, **options)["Role"]
        roles.append(role["RoleName"])
        return role

    yield make
    for name in roles:
        iam(sandbox).delete_service_linked_role(RoleName=name)


@pytest.mark.parametrize(
    ("service", "name", "policy"),
    [
        ("rds.amazonaws.com", "AWSServiceRoleForRDS", "AmazonRDSServiceRolePolicy"),
        ("ecs.amazonaws.com", "AWSServiceRoleForECS", "AmazonECSServiceRolePolicy"),
        (
            "dynamodb.application-autoscaling.amazonaws.com",
            "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable",
            "AWSApplicationAutoscalingDynamoDBTablePolicy",
        ),
        ("lex.amazonaws.com", "AWSServiceRoleForLexBots", None),
    ],
)
def test_a_services_role_has_the_name_and_policy_that_aws_gives_it(sandbox, made, service, name, policy):
    role = made(service)
    assert (role["RoleName"], role["Path"]) == (name, f"/aws-service-role/{service}/")
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    ]
    assert "MaxSessionDuration" not in role
    assert "Description" not in iam(sandbox).get_role(RoleName=name)["Role"]
    attached = iam(sandbox).list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert attached == ([{"PolicyName": policy, "PolicyArn": f"{POLICIES}/{policy}"}] if policy else [])


def test_a_service_has_one_role(sandbox, made):
    made("batch.amazonaws.com")
    message = "Service role name AWSServiceRoleForBatch has been taken in this account, please try a different suffix."
    again = refusal(iam(sandbox).create_service_linked_role, AWSServiceName="batch.amazonaws.com")
    assert again == Refusal(400, "InvalidInput", message)


def test_a_suffix_is_for_some_services_alone(sandbox, made):
    suffix = unique("s")
    role = made("autoscaling.amazonaws.com", CustomSuffix=suffix)
    assert role["RoleName"] == f"AWSServiceRoleForAutoScaling_{suffix}"
    refused = refusal(iam(sandbox).create_service_linked_role, AWSServiceName="ecs.amazonaws.com", CustomSuffix="s")
    assert refused == Refusal(400, "InvalidInput", "Custom suffix is not allowed for ecs.amazonaws.com")


def test_of_other_services_nothing_is_made_up(sandbox):
    refused = refusal(iam(sandbox).create_service_linked_role, AWSServiceName="nonsense.amazonaws.com")
    assert (refused.status, refused.code) == (501, "NotImplemented")


def test_a_role_is_gone_when_its_deletion_is_done(sandbox):
    admin, suffix = iam(sandbox), unique("s")
    admin.create_service_linked_role(AWSServiceName="connect.amazonaws.com", CustomSuffix=suffix)
    name = f"AWSServiceRoleForAmazonConnect_{suffix}"
    task = admin.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    assert task.startswith(f"task/aws-service-role/connect.amazonaws.com/{name}/")
    assert admin.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert refusal(admin.get_role, RoleName=name).code == "NoSuchEntity"
