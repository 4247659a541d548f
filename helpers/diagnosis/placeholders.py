"""Command lines whose places are filled in with the names that AWS's message tells.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

import re
from dataclasses import replace

from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.refusals import Refusal

_ARN = r"arn:aws[a-z-]*"
_TOLD_BY = {
    "<account-id>": r"\b(\d{12})\.dkr\.ecr\.",
    "<bucket-name>": rf"(?:{_ARN}:s3:::|s3://)([a-z0-9][a-z0-9.-]+[a-z0-9])",
    "<caller-arn>": rf"User: ({_ARN}:(?:iam|sts)::\d{{12}}:[\w+=,.@/-]+)",
    "<cluster-name>": rf"{_ARN}:eks:[\w-]+:\d{{12}}:cluster/([\w-]+)",
    "<image-id>": r"\b(ami-[0-9a-f]+)",
    "<key-id>": rf"{_ARN}:kms:[\w-]+:\d{{12}}:key/([\w-]+)",
    "<profile>": r"(?:--profile |config profile \(|The SSO session associated with profile )([\w.@-]+)",
    "<region>": r"\.dkr\.ecr\.([a-z0-9-]+)\.",
    "<role-name>": rf"{_ARN}:iam::\d{{12}}:role/(?:[\w+=,.@-]+/)*([\w+=,.@-]+)",
    "<secret-arn>": rf"({_ARN}:secretsmanager:[\w-]+:\d{{12}}:secret:[\w/+=.@-]+)",
    "<user-name>": rf"{_ARN}:iam::\d{{12}}:user/(?:[\w+=,.@-]+/)*([\w+=,.@-]+)",
}


def filled_in(step: NextStep, refusal: Refusal) -> NextStep:
    """Fill the places of a command line in, each where the message names one such thing and no other.

    Args:
        step: the next step, whose line may have places such as `<bucket-name>`.
        refusal: what AWS said.

    Returns:
        The step; a place about which the message is silent stays one.
    """
    line = step.cli
    for place, words in _TOLD_BY.items():
        told = {name.rstrip(".") for name in re.findall(words, refusal.message)}
        if len(told) == 1:
            line = line.replace(place, told.pop())
    if linked := re.search(r"the (\w+) service[- ]linked role", refusal.message):
        line = line.replace("<service>", f"{linked[1].lower()}.amazonaws.com")
    return replace(step, cli=line)
