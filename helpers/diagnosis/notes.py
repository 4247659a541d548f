"""What else to know about a decision: what was taken for granted, and what people overlook in the call itself."""

import re
from collections.abc import Iterator, Sequence

from helpers import policies
from helpers.diagnosis.live_decision import LiveDecision
from helpers.diagnosis.live_resources import is_no_account
from helpers.evaluation.condition_keys import requested_region
from helpers.evaluation.decisions import Verdict
from helpers.evaluation.needs import Need, s3_action
from helpers.evaluation.statements import Mismatch

# Condition keys that follow from a call's parameters and the caller's key: what is not among them is absent.
_OF_THE_CALL = re.compile(r"(?!aws:)|aws:(RequestTag/|TagKeys|MultiFactorAuth)", re.IGNORECASE)
# Signs in the place of an account number's last digits, however many somebody wrote.
_MASKED = re.compile(r"([A-Zx*])\1{2,}")
_OF_THINGS_IN_EC2 = re.compile(r"ec2:(?!region$)|aws:resourcetag/")
_INSTANCE = re.compile(r"i-[0-9a-f]{8,17}")
_ASKED_FOR_BESIDES = {
    "sts:TagSession": (
        "The call passes session tags, or the caller's session has transitive ones, which go along by themselves: "
        "sts:TagSession is asked for besides sts:AssumeRole, of both sides. Allow both, or pass no tags "
        "(role-skip-session-tagging: true in GitHub's action)."
    ),
    "sts:SetSourceIdentity": (
        "The call passes a source identity, or the caller's session has one, which goes along by itself: "
        "sts:SetSourceIdentity is asked for besides sts:AssumeRole, of both sides."
    ),
}


def notes(decided: LiveDecision, besides: Sequence[Need] = ()) -> Iterator[str]:
    """Tell what else to know about a decision.

    Args:
        decided: the decision.
        besides: what the same call needs besides, and is not allowed either.
    """
    yield from _of_what_was_read(decided)
    yield from _of_the_caller(decided)
    yield from _of_the_question(decided)
    if decided.decision.verdict is not Verdict.ALLOWED:
        yield from _of_the_policies(decided)
    if besides:
        more = "; ".join(f"{need.action} on {need.resource}" for need in besides)
        yield f"The call needs more that is not allowed either: {more}."
    absent = [key for key in decided.absent_keys if not (decided.call and _OF_THE_CALL.match(key))]
    if absent:
        yield f"Taken as absent, for the question does not give a value: {', '.join(absent)}."


def _of_what_was_read(decided: LiveDecision) -> Iterator[str]:
    for one in decided.unread:
        yield f"Not read: {one.what}{f' ({one.action} is refused)' if one.action else ''}."
    region, service = decided.request.context.get("aws:RequestedRegion"), decided.request.action.partition(":")[0]
    if "aws:requestedregion" not in decided.keys_asked:
        return
    if requested_region(service, ""):
        yield f"A condition asks for the region: {service} is one for all regions, and its calls count as {region}."
    elif not decided.call:
        yield f"A condition asks for the region, and which one the call went to is not told: {region} was taken."


def _of_the_caller(decided: LiveDecision) -> Iterator[str]:
    principal = decided.request.principal
    if _assumes_itself(decided):
        yield (
            "The session is one of this very role, and has its permissions already: it can go on without this call. A "
            "role may assume itself only where its own trust policy lets it in."
        )
    is_refused = decided.decision.verdict is not Verdict.ALLOWED
    if is_refused and principal.role_arn and _INSTANCE.fullmatch(principal.arn.rpartition("/")[2]):
        yield (
            "The session is that of an EC2 instance. If a pod or a program on it was to have a role of its own, it did "
            "not get it (in EKS, by its service account): see to that before the instance's role is given more."
        )
    if is_refused and principal.role_arn and any(key.startswith("aws:multifactorauth") for key in decided.keys_asked):
        yield (
            "A role's session never says that MFA was done, even if it was when the session was opened: ask for MFA in "
            "the role's trust policy, not of its sessions."
        )


def _of_the_question(decided: LiveDecision) -> Iterator[str]:
    word = [*decided.request.resource.split(":", 5), "", "", "", "", ""][4]
    if word != "aws" and is_no_account(word):
        yield f"“{word}” stands where the ARN has an account's number. AWS's own things have aws there: compare it."
    if note := _ASKED_FOR_BESIDES.get(decided.request.action):
        yield note
    if decided.request.action == "s3:PutObjectAcl" and decided.call and decided.call.operation != "PutObjectAcl":
        yield (
            f"s3:PutObjectAcl is asked for because {decided.call.operation} passes an ACL: without it, the call does "
            "not need this, unless a policy wants the ACL. Most buckets take none, and their owner owns what is put "
            "there."
        )


def _of_the_policies(decided: LiveDecision) -> Iterator[str]:
    action, resource = decided.request.action, decided.request.resource
    for policy in decided.policies.identity:
        for statement in policies.statements(policy.document):
            for named in policies.listed(statement.get("Action", [])):
                operation = named.partition(":")[2]
                if named != action and named.startswith("s3:") and s3_action(operation) == action:
                    yield f"{named}, which the {policy.source} has, is no action: that call needs {action}."
    asked = [key for key in decided.keys_asked if key.startswith("aws:requesttag/")]
    if asked and action.startswith("ec2:") and not resource.endswith("/*"):
        yield (
            f"The tags of a call are those of what it makes: {resource} is there already, or takes none, so a "
            "condition on aws:RequestTag never fits it. Allow it in a statement of its own, without that condition."
        )
    of_listings = [key for lower, key in decided.keys_asked.items() if lower in ("s3:prefix", "s3:delimiter")]
    if of_listings and action.startswith("s3:") and not action.startswith("s3:ListBucket"):
        yield (
            f"{', '.join(of_listings)} is there when a bucket is listed, and never for {action}: where it is about a "
            "folder, its objects belong into the Resource, as arn:aws:s3:::<bucket-name>/<folder>/*."
        )
    of_objects = [key for lower, key in decided.keys_asked.items() if lower.startswith("s3:requestobjecttag")]
    if of_objects and decided.call and decided.call.operation == "UploadPart":
        yield (
            f"An object's tags are passed when an upload is begun, and not with its parts: for these there is never a "
            f"{of_objects[0]}. Send it as one object, or have the condition's author leave the parts out of it."
        )
    makes = [key for lower, key in decided.keys_asked.items() if ":resourcetag/" in lower]
    if makes and resource.endswith("/*") and re.match(r"ec2:(?:Create|RunInstances)", action):
        yield (
            f"What a call makes has no tags before it is made, so a condition finds no {', '.join(makes)} there. The "
            "tags that it is made with are aws:RequestTag: the two want statements of their own."
        )
    of_things = [key for lower, key in decided.keys_asked.items() if _OF_THINGS_IN_EC2.match(lower)]
    if of_things and action.startswith("ec2:Describe"):
        yield f"EC2's lists cannot be narrowed to some things: {', '.join(sorted(of_things))} is never there for them."
    bucket = resource.removeprefix("arn:aws:s3:::")
    if any(f"s3:prefix: {bucket}/" in said.wanted for said in _unmet(decided)):
        yield f"A prefix does not begin with the bucket's name: leave {bucket}/ out of s3:prefix in the policy."


def _unmet(decided: LiveDecision) -> Iterator[Mismatch]:
    for reason in decided.decision.reasons:
        for said in reason.statements:
            if said.mismatch and said.mismatch.element == "Condition":
                yield said.mismatch


def _assumes_itself(decided: LiveDecision) -> bool:
    """Tell whether a role's session asks for its own role: a name is unique in an account, whatever the path."""
    own, asked = decided.request.principal.role_arn, decided.request.resource
    if not own or not decided.request.assumes_role:
        return False
    one, other = (_MASKED.sub(r"\1", arn) for arn in (own, asked))
    return (one.split(":")[4], one.rpartition("/")[2]) == (other.split(":")[4], other.rpartition("/")[2])
