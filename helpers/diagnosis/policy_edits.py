"""Changes of policies, tried on what was read: how a document is edited, and how the edited one is saved.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_manage-edit.html
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from helpers import policies
from helpers.diagnosis.call_lines import json_argument
from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.live_policies import Place
from helpers.evaluation.decisions import Policies, Policy, PolicyReason, Side
from helpers.evaluation.statements import Request, StatementReason

State = tuple[Request, Policies]
"""What is decided: a request, and the policies that bear on it."""

UNIQUE_ID = re.compile(r"A(?:IDA|ROA)[A-Z0-9]{12,}")


@dataclass(frozen=True)
class Said:
    """A statement of a policy that was read, and what it says to the request.

    Attributes:
        policy: the policy.
        reason: what all its statements said.
        place: which statement it is, from 0.
        statement: the statement as it is written.
        said: what it says.
    """

    side: Side
    policy: Policy
    reason: PolicyReason
    place: int
    statement: Mapping[str, Any]
    said: StatementReason


# --- documents, edited


def with_resource(own: Policy, document: Mapping[str, Any]) -> Callable[[State], State]:
    """Change the policy on the resource to a document."""
    return lambda state: (state[0], replace(state[1], resource=replace(own, document=document)))


def without_identity(sources: set[str]) -> Callable[[State], State]:
    """Take policies of the caller's away, by their sources."""
    return lambda state: (
        state[0],
        replace(state[1], identity=tuple(one for one in state[1].identity if one.source not in sources)),
    )


def with_policy(one: Said, document: Mapping[str, Any]) -> Callable[[State], State]:
    """Change the policy that a statement is in to a document."""
    changed = replace(one.policy, document=document)

    def change(state: State) -> State:
        request, read = state
        match one.side:
            case "resource":
                return request, replace(read, resource=changed)
            case "boundary":
                return request, replace(read, boundary=changed)
            case _:
                others = tuple(changed if own.source == changed.source else own for own in read.identity)
                return request, replace(read, identity=others)

    return change


def without_policy(one: Said) -> Callable[[State], State]:
    """Take the policy that a statement is in away."""
    if one.side == "identity":
        return without_identity({one.policy.source})
    return with_policy(one, policies.policy())


def with_statement_at(document: Mapping[str, Any], place: int, statement: Mapping[str, Any]) -> policies.Document:
    """Return a document with another statement in one place."""
    statements = policies.statements(document)
    statements[place] = dict(statement)
    return {**document, "Statement": statements}


def saveable(document: Mapping[str, Any]) -> list[policies.Statement]:
    """Return a trust policy's statements without the ids of those who were deleted: AWS saves none of these again."""
    kept = []
    for statement in policies.statements(document):
        named = statement.get("Principal")
        if isinstance(named, Mapping) and "AWS" in named:
            there = [name for name in policies.listed(named["AWS"]) if not UNIQUE_ID.fullmatch(name)]
            others = {kind: names for kind, names in named.items() if kind != "AWS"}
            if not there and not others:
                continue
            if len(there) < len(policies.listed(named["AWS"])):
                statement = {**statement, "Principal": {**others, **({"AWS": there} if there else {})}}
        kept.append(statement)
    return kept


def sparing(statement: Mapping[str, Any], arn: str) -> policies.Statement:
    """Return a Deny as it is, but for one user or role."""
    condition = dict(statement.get("Condition", {}))
    tests = dict(condition.get("ArnNotEquals", {}))
    spared = [*policies.listed(tests.get("aws:PrincipalArn", [])), arn]
    return {**statement, "Condition": {**condition, "ArnNotEquals": {**tests, "aws:PrincipalArn": spared}}}


def wanted_by(one: Said) -> str:
    """Tell what the first element of a statement that does not fit wants."""
    return one.said.mismatch.wanted if one.said.mismatch else json.dumps(one.statement.get("Condition", {}))


# --- where a policy is edited


def edit(place: Place, document: Mapping[str, Any]) -> NextStep:
    """Tell where a policy is edited, and how it is saved as this document."""
    saved = json_argument(document)
    if place.policy_arn:
        return NextStep(
            "",
            console=f"IAM → Policies → {place.policy_name} → Edit",
            cli=f"aws iam create-policy-version --policy-arn {place.policy_arn} --policy-document {saved} "
            "--set-as-default",
        )
    if place.holder == "bucket":
        return NextStep(
            "",
            console=f"S3 → Buckets → {place.name} → Permissions → Bucket policy → Edit",
            cli=f"aws s3api put-bucket-policy --bucket {place.name} --policy {saved}",
        )
    if place.side == "resource":
        return NextStep(
            "",
            console=f"IAM → Roles → {place.name} → Trust relationships → Edit trust policy",
            cli=f"aws iam update-assume-role-policy --role-name {place.name} --policy-document {saved}",
        )
    kinds = {"user": "Users", "role": "Roles", "group": "User groups"}
    return NextStep(
        "",
        console=f"IAM → {kinds[place.holder]} → {place.name} → Permissions → {place.policy_name} → Edit",
        cli=f"aws iam put-{place.holder}-policy --{place.holder}-name {place.name} "
        f"--policy-name {place.policy_name} --policy-document {saved}",
    )


def delete(place: Place) -> NextStep:
    """Tell how a policy that says nothing else is deleted or detached."""
    if place.holder == "bucket":
        return NextStep(
            "",
            console=f"S3 → Buckets → {place.name} → Permissions → Bucket policy → Delete",
            cli=f"aws s3api delete-bucket-policy --bucket {place.name}",
        )
    if place.policy_arn and place.side == "identity":
        return NextStep(
            "",
            cli=f"aws iam detach-{place.holder}-policy --{place.holder}-name {place.name} "
            f"--policy-arn {place.policy_arn}",
        )
    return NextStep(
        "",
        cli=f"aws iam delete-{place.holder}-policy --{place.holder}-name {place.name} "
        f"--policy-name {place.policy_name}",
    )
