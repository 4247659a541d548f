"""Services beside those of the tutorial: authorized alike, and readable in their own protocols whatever happens."""

import logging
import threading

import pytest
from botocore.exceptions import ClientError

from helpers.sandbox.server import create_server
from support.sandbox_clients import (
    HERE,
    THERE,
    administrator,
    allow,
    client,
    iam,
    new_role,
    new_user,
    refusal,
    trust,
    unique,
)

ANSWERED = [
    # the client's service, a call that moto answers, the action that allows it, status and code without it
    ("sqs", "list_queues", "sqs:ListQueues", (400, "AccessDeniedException")),
    ("sns", "list_topics", "sns:ListTopics", (403, "AccessDenied")),
    ("dynamodb", "list_tables", "dynamodb:ListTables", (400, "AccessDeniedException")),
    ("lambda", "list_functions", "lambda:ListFunctions", (403, "AccessDeniedException")),
    ("kms", "list_keys", "kms:ListKeys", (400, "AccessDeniedException")),
    ("secretsmanager", "list_secrets", "secretsmanager:ListSecrets", (400, "AccessDeniedException")),
    ("ssm", "describe_parameters", "ssm:DescribeParameters", (400, "AccessDeniedException")),
    ("logs", "describe_log_groups", "logs:DescribeLogGroups", (400, "AccessDeniedException")),
    ("events", "list_rules", "events:ListRules", (400, "AccessDeniedException")),
    ("athena", "list_work_groups", "athena:ListWorkGroups", (400, "AccessDeniedException")),
    ("rds", "describe_db_instances", "rds:DescribeDBInstances", (403, "AccessDenied")),
    ("route53", "list_hosted_zones", "route53:ListHostedZones", (403, "AccessDenied")),
    ("ecs", "list_clusters", "ecs:ListClusters", (400, "AccessDeniedException")),
    ("eks", "list_clusters", "eks:ListClusters", (403, "AccessDeniedException")),
    ("ecr", "describe_repositories", "ecr:DescribeRepositories", (400, "AccessDeniedException")),
    # a name in the signature that is not the service's, or not its actions', or that several services share
    ("cloudwatch", "list_metrics", "cloudwatch:ListMetrics", (400, "AccessDeniedException")),
    ("stepfunctions", "list_state_machines", "states:ListStateMachines", (400, "AccessDeniedException")),
    ("elbv2", "describe_load_balancers", "elasticloadbalancing:DescribeLoadBalancers", (403, "AccessDenied")),
    ("emr", "list_clusters", "elasticmapreduce:ListClusters", (400, "AccessDeniedException")),
    ("efs", "describe_file_systems", "elasticfilesystem:DescribeFileSystems", (403, "AccessDeniedException")),
    ("sesv2", "list_email_identities", "ses:ListEmailIdentities", (403, "AccessDeniedException")),
    ("resourcegroupstaggingapi", "get_resources", "tag:GetResources", (400, "AccessDeniedException")),
    ("sso-admin", "list_instances", "sso:ListInstances", (400, "AccessDeniedException")),
    ("dynamodbstreams", "list_streams", "dynamodb:ListStreams", (400, "AccessDeniedException")),
    # services that speak several protocols
    ("codebuild", "list_projects", "codebuild:ListProjects", (400, "AccessDeniedException")),
]


@pytest.mark.exhaustive(but_first=3)
@pytest.mark.parametrize(("service", "call", "action", "expected"), ANSWERED, ids=[row[2] for row in ANSWERED])
def test_a_service_is_authorized_as_any_other(sandbox, service, call, action, expected):
    allowed, other = new_user(sandbox, allow(action)), new_user(sandbox, allow("s3:*"))
    answer = getattr(client(sandbox, service, allowed.key), call)()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    refused = refusal(getattr(client(sandbox, service, other.key), call))
    assert refused[:2] == expected
    assert f"User: {other.arn} is not authorized to perform: {action}" in refused.message


AT = f"us-east-1:{HERE}"
BY_ARN = [
    # the client's service, a call with its parameters, an ARN that lets it through, one that does not
    ("dynamodb", "describe_table", {"TableName": "mine"}, f"dynamodb:{AT}:table/mine", f"dynamodb:{AT}:table/other"),
    ("sqs", "create_queue", {"QueueName": "mine"}, f"sqs:{AT}:mine", f"sqs:{AT}:other"),
    ("sns", "create_topic", {"Name": "mine"}, f"sns:{AT}:mine", f"sns:{AT}:other"),
    ("lambda", "invoke", {"FunctionName": "mine"}, f"lambda:{AT}:function:mine", f"lambda:{AT}:function:other"),
    ("kms", "describe_key", {"KeyId": "1234"}, f"kms:{AT}:key/*", f"kms:{AT}:alias/*"),
    ("ssm", "get_parameter", {"Name": "/app/mine"}, f"ssm:{AT}:parameter/app/*", f"ssm:{AT}:parameter/other/*"),
    ("secretsmanager", "get_secret_value", {"SecretId": "mine"}, f"secretsmanager:{AT}:secret:mine-??????", "s3:::*"),
    ("logs", "create_log_group", {"logGroupName": "mine"}, f"logs:{AT}:log-group:mine:*", f"logs:{AT}:log-group:x:*"),
]


@pytest.mark.parametrize(
    ("service", "call", "parameters", "right", "wrong"), BY_ARN, ids=[f"{row[0]}.{row[1]}" for row in BY_ARN]
)
def test_a_policy_can_name_what_a_call_is_about(sandbox, service, call, parameters, right, wrong):
    def asked(arn):
        user = new_user(sandbox, allow(f"{service}:*", f"arn:aws:{arn}"))
        try:
            return getattr(client(sandbox, service, user.key), call)(**parameters)["ResponseMetadata"]["HTTPStatusCode"]
        except ClientError as error:
            return error.response["Error"]["Code"]

    assert asked(right) not in ("AccessDenied", "AccessDeniedException")
    assert asked(wrong) in ("AccessDenied", "AccessDeniedException")


@pytest.mark.parametrize(("service", "allowed"), [("lambda", True), ("ecs-tasks", False), (None, False)])
def test_a_role_is_handed_on_by_whoever_may_pass_it(sandbox, service, allowed):
    role = new_role(sandbox, trust({"Service": "lambda.amazonaws.com"}))
    to_service = {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}
    passing = [allow("iam:PassRole", role, Condition=to_service)] if service else []
    create = client(sandbox, "lambda", new_user(sandbox, allow("lambda:*"), *passing).key).create_function
    asked = {"FunctionName": unique("f"), "Runtime": "python3.12", "Role": role, "Handler": "h.h"}
    if allowed:
        assert create(**asked, Code={"ZipFile": b"x"})["FunctionArn"]
    else:
        told = refusal(create, **asked, Code={"ZipFile": b"x"})
        assert told[:2] == (403, "AccessDeniedException")
        assert f"iam:PassRole on resource: {role} " in told.message


def test_an_instance_gets_a_profile_from_whoever_may_pass_its_role(sandbox):
    role, profile = new_role(sandbox, trust({"Service": "ec2.amazonaws.com"})), unique("profile")
    iam(sandbox).create_instance_profile(InstanceProfileName=profile)
    iam(sandbox).add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role.rpartition("/")[2])
    asked = {"IamInstanceProfile": {"Name": profile}, "InstanceId": "i-12345678"}
    may, may_not = new_user(sandbox, allow("ec2:*"), allow("iam:PassRole", role)), new_user(sandbox, allow("ec2:*"))
    assert (
        "iam:PassRole" in refusal(client(sandbox, "ec2", may_not.key).associate_iam_instance_profile, **asked).message
    )
    told = refusal(client(sandbox, "ec2", may.key).associate_iam_instance_profile, **asked)
    assert told.code == "InvalidInstanceID.NotFound"


def test_a_bucket_name_is_taken_for_everyone(sandbox):
    name = unique("bucket")
    client(sandbox, "s3", administrator(sandbox)).create_bucket(Bucket=name)
    told = refusal(client(sandbox, "s3", administrator(sandbox, THERE)).create_bucket, Bucket=name)
    assert told[:2] == (409, "BucketAlreadyExists")


NOT_ANSWERED = [
    ("iam", "list_server_certificate_tags", {"ServerCertificateName": "a"}, "iam:ListServerCertificateTags"),
    ("ec2", "describe_capacity_blocks", {}, "ec2:DescribeCapacityBlocks"),
    ("glue", "list_blueprints", {}, "glue:ListBlueprints"),
    ("lambda", "get_account_settings", {}, "lambda:GetAccountSettings"),
    ("eks", "describe_addon_versions", {}, "eks:DescribeAddonVersions"),
    ("rds", "describe_certificates", {}, "rds:DescribeCertificates"),
    ("ssm", "get_ops_summary", {}, "ssm:GetOpsSummary"),
    ("pricing", "describe_services", {}, "pricing:DescribeServices"),
    ("bedrock", "list_guardrails", {}, "bedrock:ListGuardrails"),
    ("apigateway", "get_rest_apis", {}, "apigateway:GetRestApis"),
    ("apigatewayv2", "get_apis", {}, "apigateway:GetApis"),
    ("cloudformation", "list_stacks", {}, "cloudformation:ListStacks"),
    ("sts", "get_web_identity_token", {"Audience": ["a"], "SigningAlgorithm": "RS256"}, "sts:GetWebIdentityToken"),
]


@pytest.mark.parametrize(("service", "call", "parameters", "named"), NOT_ANSWERED, ids=[row[3] for row in NOT_ANSWERED])
def test_a_call_that_the_sandbox_has_not_says_so(sandbox, service, call, parameters, named):
    told = refusal(getattr(client(sandbox, service, administrator(sandbox)), call), **parameters)
    assert told[:2] == (501, "NotImplemented")
    assert told.message.startswith(f"The sandbox does not answer {named}: ")


def test_a_missing_package_is_named(sandbox):
    told = refusal(client(sandbox, "cloudformation", administrator(sandbox)).list_stacks)
    assert "moto's cloudformation needs the package" in told.message


def test_a_service_that_nobody_knows_is_named(sandbox):
    told = refusal(client(sandbox, "s3", administrator(sandbox)).list_directory_buckets)
    assert told == (404, "UnknownService", "The sandbox does not know the service s3express.")


def test_what_is_not_there_is_said_to_head_requests_too(sandbox):
    s3, bucket = client(sandbox, "s3", administrator(sandbox)), unique("bucket")
    assert refusal(s3.head_bucket, Bucket=bucket).status == 404
    s3.create_bucket(Bucket=bucket)
    assert s3.head_bucket(Bucket=bucket)
    assert refusal(s3.head_object, Bucket=bucket, Key="nothing").status == 404


@pytest.fixture(scope="module")
def broken():
    server = create_server()
    server.gate._moto = None  # what nobody expects
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.connection
    server.shutdown()


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("service", "call", "asked"),
    [
        ("iam", "list_account_aliases", {}),
        ("s3", "list_objects_v2", {"Bucket": "any"}),
        ("glue", "get_jobs", {}),
        ("eks", "list_clusters", {}),
    ],
)
def test_a_mistake_of_the_sandbox_itself_is_told_and_logged(broken, service, call, asked, caplog):
    admin = administrator(broken)
    with caplog.at_level(logging.ERROR):
        told = refusal(getattr(client(broken, service, admin), call), **asked)
    assert told == (500, "InternalFailure", "The sandbox failed; its log says where.")
    assert "'NoneType' object has no attribute 'answer'" in caplog.text, "the log has the traceback"
    assert client(broken, "sts", admin).get_caller_identity(), "and the sandbox goes on"
