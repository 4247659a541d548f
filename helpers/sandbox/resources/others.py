"""What calls of other services need: found by what their parameters are called.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import re

from helpers.sandbox.resources.call import Call, Demand, pass_role

# By service and parameter: what comes after the account in the ARN of what the parameter names.
_NAMED_BY: dict[str, dict[str, str]] = {
    "cloudformation": {"StackName": "stack/{}/*"},
    "dynamodb": {"TableName": "table/{}"},
    "ecr": {"repositoryName": "repository/{}"},
    "events": {"Rule": "rule/{}", "Name": "rule/{}"},
    "kms": {"KeyId": "key/{}"},
    "lambda": {"FunctionName": "function:{}"},
    "logs": {"logGroupName": "log-group:{}:*"},
    "secretsmanager": {"SecretId": "secret:{}-??????", "Name": "secret:{}-??????"},
    "sns": {"TopicArn": "{}", "Name": "{}"},
    "sqs": {"QueueUrl": "{}", "QueueName": "{}"},
    "ssm": {"Name": "parameter/{}"},
    "states": {"stateMachineArn": "stateMachine:{}", "name": "stateMachine:{}"},
}
_ACTIONS = {"lambda:Invoke": "lambda:InvokeFunction", "lambda:InvokeAsync": "lambda:InvokeFunction"}
# Where the service that a role is handed to is not called as the actions are.
_PASSED_TO = {"ecs": "ecs-tasks.amazonaws.com"}
_ROLE_PARAMETER = re.compile(r"role(arn)?$", re.IGNORECASE)
_ROLE_ARN = re.compile(r"arn:aws:iam::\d{12}:role/.+")


def other_demands(call: Call) -> list[Demand]:
    """The permissions that a call needs: its own, and to hand on each role that it names."""
    action = f"{call.service}:{call.operation}"
    own = Demand(_ACTIONS.get(action, action), _resource(call), call.account_id)
    service = _PASSED_TO.get(call.service, f"{call.service}.amazonaws.com")
    roles = [
        value
        for name, value in call.parameters.items()
        if _ROLE_PARAMETER.search(name) and isinstance(value, str) and _ROLE_ARN.fullmatch(value)
    ]
    return [own, *(pass_role(role, call.account_id, service) for role in roles)]


def _resource(call: Call) -> str:
    for parameter, template in _NAMED_BY.get(call.service, {}).items():
        name = call.parameters.get(parameter)
        if not isinstance(name, str):
            continue
        if name.startswith("arn:"):
            return name
        own_name = name.rpartition("/")[2] if parameter == "QueueUrl" else name.lstrip("/")
        return f"arn:aws:{call.service}:{call.region}:{call.account_id}:{template.format(own_name)}"
    return "*"
