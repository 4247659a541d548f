"""What may be tagged: a thing that is there, and lacks the tag by which a statement tells what it is for.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace

from helpers import policies
from helpers.arns import parse_arn
from helpers.diagnosis.condition_values import tests_of, values_meeting
from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.mends.case import Case, Mend, fails_on_conditions
from helpers.diagnosis.policy_edits import Said, State
from helpers.diagnosis.words import statement_name
from helpers.evaluation.conditions import context_of

_TAG = re.compile(r"(?:aws|ec2|iam|glue|secretsmanager|ssm):ResourceTag/(?P<tag>.+)", re.IGNORECASE)


def tagging(case: Case) -> Iterator[Mend]:
    """Meet the conditions of an Allow, or step around those of a Deny, by tags of what is there."""
    resource = case.request.resource
    if resource.count(":") < 5 or "*" in resource or case.account.of(case.owner) is None:
        return
    for one in case.said:
        if tags := _tags_for(case, one):
            yield _mend(case, one, tags)


def _tags_for(case: Case, one: Said) -> Mapping[str, str]:
    """Find the tags with which a statement would apply to the thing, or a Deny not; none where tags alone do not do."""
    context = context_of(case.request.context)
    variables = context if one.policy.document.get("Version") == policies.VERSION else None
    is_deny = one.said.effect == "Deny" and one.said.applied
    if not is_deny and not (one.said.effect == "Allow" and fails_on_conditions(one)):
        return {}
    tags = {}
    for test in tests_of(one.statement):
        if test.holds(context, variables) is not is_deny:
            continue
        found = _TAG.fullmatch(test.key)
        proposed = values_meeting(test, context, variables, meet=not is_deny)
        value = next((values[test.key] for values in proposed), None) if found else None
        is_there = bool(context.get(test.key.lower()))
        if found and value and not (is_deny and is_there):
            tags[found["tag"]] = value
        elif not is_deny:
            return {}
    return dict(list(tags.items())[:1]) if is_deny else tags


def _mend(case: Case, one: Said, tags: Mapping[str, str]) -> Mend:
    wanted = ", ".join(f"{tag}={value}" for tag, value in tags.items())
    does = "denies this to whatever lacks" if one.said.effect == "Deny" else "is about things with"
    do = (
        f"The {statement_name(one.said)} of the {one.policy.source} {does} the tag {wanted}: if "
        f"{case.request.resource} is one of those, have it tagged so. If it is not, ask whoever set the condition."
        f"{case.elsewhere(case.owner)}"
    )
    names = {name for test in tests_of(one.statement) if (name := test.key) and _TAG.fullmatch(name)}
    keys = {name: tags[found["tag"]] for name in names if (found := _TAG.fullmatch(name)) and found["tag"] in tags}

    def change(state: State) -> State:
        request, read = state
        kept = {name: value for name, value in request.context.items() if name.lower() not in map(str.lower, keys)}
        return replace(request, context={**kept, **keys}), read

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
