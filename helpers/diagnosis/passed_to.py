"""Which service a role was to be handed to, where AWS's message leaves that out and the text around it tells.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

import re

from helpers.diagnosis.refusals import Refusal

_SERVICE = re.compile(r"operation error (?P<go>[A-Z][\w ]*): \w+|\(Service: (?P<java>[A-Z][\w ]*)[;,)]")
_OF_ONE_PRINCIPAL = {
    "bedrock": "bedrock",
    "cloudformation": "cloudformation",
    "codebuild": "codebuild",
    "codedeploy": "codedeploy",
    "codepipeline": "codepipeline",
    "firehose": "firehose",
    "glue": "glue",
    "kinesisfirehose": "firehose",
    "lambda": "lambda",
    "sagemaker": "sagemaker",
    "scheduler": "scheduler",
    "sfn": "states",
    "stepfunctions": "states",
}
"""Services that take all roles in one name; ECS and EC2 are none of them."""
_OF_OPERATION = {
    "AssociateIamInstanceProfile": "ec2",
    "CreateCrawler": "glue",
    "CreateDeliveryStream": "firehose",
    "CreateFunction": "lambda",
    "CreateNotebookInstance": "sagemaker",
    "CreateSchedule": "scheduler",
    "CreateStateMachine": "states",
    "CreateTrainingJob": "sagemaker",
    "RegisterTaskDefinition": "ecs-tasks",
    "ReplaceIamInstanceProfileAssociation": "ec2",
    "RunInstances": "ec2",
    "RunTask": "ecs-tasks",
    "UpdateFunctionConfiguration": "lambda",
}
"""Operations of one service alone that hand over a role."""


def passed_to(refusal: Refusal) -> str:
    """Name the service that a role was to be handed to, such as `lambda.amazonaws.com`; empty where that is not told.

    Args:
        refusal: what AWS said.
    """
    if refusal.action != "iam:PassRole":
        return ""
    told = {_OF_ONE_PRINCIPAL.get(_plain(go or java), "") for go, java in _SERVICE.findall(refusal.message)}
    named = _OF_OPERATION.get(refusal.operation) or (told.pop() if len(told) == 1 else "")
    return f"{named}.amazonaws.com" if named else ""


def _plain(service: str) -> str:
    """Write a service's name as all SDKs' names of it have it: `glue` for AWSGlue and Glue."""
    return re.sub(r"^(?:aws|amazon)", "", service.replace(" ", "").lower())
