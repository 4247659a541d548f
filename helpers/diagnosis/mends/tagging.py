"""What may be tagged: a thing that is there, and lacks the tag by which a statement tells what it is for.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace

from helpers.arns import parse_arn
from helpers.diagnosis.condition_values import tests_of, values_meeting
from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.mends.case import Case, Mend, contexts, fails_on_conditions
from helpers.diagnosis.policy_edits import Said, State
from helpers.diagnosis.words import statement_name

_OF_A_TAG = re.compile(r"(?:aws|ec2|iam|glue|secretsmanager|ssm):ResourceTag/.", re.IGNORECASE)


def tagging(case: Case) -> Iterator[Mend]:
    """Meet the conditions of an Allow, or step around those of a Deny, by tags of what is there."""
    resource = case.request.resource
    if resource.count(":") < 5 or "*" in resource or case.account.of(case.owner) is None:
        return
    for one in case.said:
        if wanted := _wanted(case, one):
            yield _mend(case, one, wanted)


def _wanted(case: Case, one: Said) -> Mapping[str, str]:
    """Find the tags with which an Allow would apply, or a Deny not, by condition key; none where tags do not do."""
    context, variables = contexts(case, one)
    is_deny = one.said.effect == "Deny" and one.said.applied
    if not is_deny and not (one.said.effect == "Allow" and fails_on_conditions(one)):
        return {}
    found: dict[str, str] = {}
    for test in tests_of(one.statement):
        if test.holds(context, variables) is not is_deny:
            continue
        is_open = _OF_A_TAG.match(test.key) and not (is_deny and context.get(test.key.lower()))
        proposed = values_meeting(test, context, variables, meet=not is_deny) if is_open else iter(())
        if value := next((values[test.key] for values in proposed), None):
            found[test.key] = value
            if is_deny:
                return found
        elif not is_deny:
            return {}
    return found


def _mend(case: Case, one: Said, wanted: Mapping[str, str]) -> Mend:
    tags = {key.partition("/")[2]: value for key, value in wanted.items()}
    listed = ", ".join(f"{tag}={value}" for tag, value in tags.items())
    does = "denies this to whatever lacks" if one.said.effect == "Deny" else "is about things with"
    do = (
        f"The {statement_name(one.said)} of the {one.policy.source} {does} the tag {listed}: if "
        f"{case.request.resource} is one of those, have it tagged so. If it is not, ask whoever set the condition."
        f"{case.elsewhere(case.owner)}"
    )
    replaced = {key.lower() for key in wanted}

    def change(state: State) -> State:
        request, read = state
        kept = {key: value for key, value in request.context.items() if key.lower() not in replaced}
        return replace(request, context={**kept, **wanted}), read

    return Mend(NextStep(do, cli=_line(case.request.resource, tags)), change)


def _line(resource: str, tags: Mapping[str, str]) -> str:
    arn = parse_arn(resource)
    pairs = " ".join(shlex.quote(f"Key={tag},Value={value}") for tag, value in tags.items())
    if arn.service == "ec2":
        return f"aws ec2 create-tags --resources {arn.name} --tags {pairs} --region {arn.region}"
    if arn.service == "iam":
        return f"aws iam tag-{arn.resource_type} --{arn.resource_type}-name {arn.name} --tags {pairs}"
    listed = ",".join(f"{tag}={value}" for tag, value in tags.items())
    line = f"aws resourcegroupstaggingapi tag-resources --resource-arn-list {resource} --tags {shlex.quote(listed)}"
    return f"{line} --region {arn.region}" if arn.region else line
