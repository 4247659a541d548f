"""Refusals of EC2's that do not say which permission was missing, of calls that need more than that of their name.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

import re
from collections.abc import Iterator

from helpers.clients.calls import OpenAccount
from helpers.diagnosis.explanation import NextStep, Told
from helpers.diagnosis.refusals import Refusal
from helpers.diagnosis.untold_s3 import ASK, UNTOLD

_IN_PROGRAMS_WORDS = {
    r"requesting spot fleet": "RequestSpotFleet",
    r"requesting spot instance": "RequestSpotInstances",
    r"launching (?:source )?(?:EC2 )?instance|creating EC2 Instance\b": "RunInstances",
    r"creating (?:EC2 )?fleet|with fleet error": "CreateFleet",
}
"""What Terraform, Packer and Karpenter write in place of an operation's name."""
_START_INSTANCES = {
    "CreateFleet",
    "ModifyFleet",
    "ModifySpotFleetRequest",
    "RequestSpotFleet",
    "RequestSpotInstances",
    "RunInstances",
}
_TAGS, _ROLE = "ec2:CreateTags to tag what it makes", "iam:PassRole to hand over a role or an instance profile"
_OF_ALL_THAT = (
    " Where it is ec2:RunInstances: that is asked for each thing that an instance is made of (image, subnet, security "
    "group, network interface, volume, the instance itself), so the Resource has to cover all of them."
)
_NAMED = re.compile(r"(?<![\w:/-])(?:ec2|iam|kms|ssm):[A-Z][A-Za-z]+\b|User: .+ is not authorized|explicit deny")


def untold_by_ec2(account: OpenAccount, refusal: Refusal, operation: str, words: str) -> Told | None:
    """Say what a call of EC2's can need, where its answer does not say what was missing.

    Args:
        account: the open account.
        refusal: what AWS said.
        operation: the operation, such as `RunInstances`; empty where that is not known.
        words: what the message says besides that EC2 refused; empty where that is nothing.

    Returns:
        Why, and what to do; None where the answer says more, or where the call needs the permission of its name alone.
    """
    is_named = refusal.caller or refusal.kind or _NAMED.search(refusal.message)
    if refusal.code != "UnauthorizedOperation" or is_named or refusal.says("Encoded authorization failure"):
        return None
    operation = operation or operation_in(refusal)
    besides = list(_besides(account, operation))
    if operation and not besides:
        return None
    if operation:
        reason = (
            f"EC2 refused it for want of a permission, and does not say of which one. {operation} needs "
            f"ec2:{operation}, and can need besides: {'; '.join(besides)}."
        )
        find, where = "Find the call in CloudTrail", f"EventName,AttributeValue={operation}"
    else:
        untold = f"EC2 says so for want of a permission, and not of which one: “{words}”" if words else f"{UNTOLD}."
        reason = (
            f"{untold} A call that reads (Describe…) needs the permission of its own name, ec2:Describe…. Others can "
            f"need more: {_TAGS}; {_ROLE}; and where instances are started, alone or as a fleet, ec2:RunInstances and "
            "iam:CreateServiceLinkedRole."
        )
        find = "Find the call in the program's log or, by its time, in CloudTrail, where eventName is its name"
        where = "EventSource,AttributeValue=ec2.amazonaws.com"
    return reason, NextStep(
        f"{find}. There, errorMessage mostly tells which permission it was, in words or encoded (aws sts "
        "decode-authorization-message). Have that allowed to whoever signed, where nothing denies it."
        f"{_OF_ALL_THAT if operation in _START_INSTANCES else ''} Who signed, get-caller-identity tells with the "
        f"program's own credentials, not with yours. Then ask again: {ASK}.",
        cli=f"aws cloudtrail lookup-events --lookup-attributes AttributeKey={where} --max-results 20 "
        "--query Events[].CloudTrailEvent\naws sts get-caller-identity",
    )


def operation_in(refusal: Refusal) -> str:
    """Find a call of EC2's in the words of a program that made it; empty where these tell none."""
    return next((name for words, name in _IN_PROGRAMS_WORDS.items() if refusal.says(words)), "")


def _besides(account: OpenAccount, operation: str) -> Iterator[str]:
    """Tell what a call can need besides the permission of its name, by what it can be given."""
    starts = operation in _START_INSTANCES
    model = account.client("ec2").meta.service_model
    shape = model.operation_model(operation).input_shape if operation in model.operation_names else None
    given = shape.members if shape else {}
    if starts and operation != "RunInstances":
        yield "ec2:RunInstances to start instances"
    if starts or "TagSpecifications" in given:
        yield _TAGS
    if starts or {"IamInstanceProfile", "DeliverLogsPermissionArn"} & given.keys():
        yield _ROLE
    if starts:
        yield "iam:CreateServiceLinkedRole for the account's first Spot request or fleet"
