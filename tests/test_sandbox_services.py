"""Services beside those of the tutorial: authorized alike, and readable in their own protocols whatever happens."""

import logging
import threading

import pytest

from helpers.sandbox import moto_seam
from helpers.sandbox.server import create_server
from sandbox_clients import HERE, administrator, allow, client, new_user, refusal, running_sandbox, unique


@pytest.fixture(scope="module")
def sandbox():
    with running_sandbox() as connection:
        yield connection


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


@pytest.mark.parametrize(("service", "call", "action", "expected"), ANSWERED, ids=[row[2] for row in ANSWERED])
def test_a_service_is_authorized_as_any_other(sandbox, service, call, action, expected):
    allowed, other = new_user(sandbox, allow(action)), new_user(sandbox, allow("s3:*"))
    answer = getattr(client(sandbox, service, allowed.key), call)()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    refused = refusal(getattr(client(sandbox, service, other.key), call))
    assert refused[:2] == expected
    assert f"User: {other.arn} is not authorized to perform: {action}" in refused.message


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


@pytest.mark.parametrize(
    ("service", "call"), [("iam", "list_users"), ("s3", "list_buckets"), ("glue", "get_jobs"), ("eks", "list_clusters")]
)
def test_a_mistake_of_the_sandbox_itself_is_told_and_logged(service, call, caplog):
    server = create_server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        user = new_user(server.connection, allow("*"))
        moto_seam.iam(HERE).users[user.name].policies["broken"] = 5  # no call can store such a policy
        with caplog.at_level(logging.ERROR):
            told = refusal(getattr(client(server.connection, service, user.key), call))
        assert told == (500, "InternalFailure", "The sandbox failed; its log says where.")
        assert "identity_documents" in caplog.text, "the log has the traceback"
        assert client(server.connection, "iam", administrator(server.connection)).list_users()
    finally:
        server.shutdown()
