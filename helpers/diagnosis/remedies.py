"""The next thing to do about a refusal: in one sentence, and with the console, the CLI and Python.

Nothing here makes a policy broader than the refused request needs.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re
from dataclasses import replace
from itertools import chain, count

from helpers import policies
from helpers.arns import parse_arn
from helpers.clients.calls import OpenAccount
from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.live_decision import LiveDecision
from helpers.diagnosis.live_policies import Place
from helpers.diagnosis.words import capital, deciding, other, who
from helpers.evaluation.decisions import Verdict
from helpers.evaluation.statements import StatementReason

_CONDITION = re.compile(r"(?P<operator>\S+) (?P<key>[^:]+:.*?): (?P<wanted>.*)", re.DOTALL)
_UNIQUE_ID = re.compile(r"A(?:IDA|ROA)[A-Z0-9]{12,}")


def remedy(decided: LiveDecision, account: OpenAccount) -> NextStep:
    """What to do next about a request.

    Args:
        decided: the request, and how it is decided.
        account: the open account, in which the Python line is run.
    """
    decision = decided.decision
    if decision.verdict is Verdict.ALLOWED:
        return _try_it(decided)
    if decision.verdict is Verdict.EXPLICIT_DENY:
        return _lift_deny(decided, account)
    if decision.refused_by == "resource":
        return _let_in(decided, account)
    if decision.refused_by == "session":
        return NextStep("Open the session anew, without a session policy or with one that allows this.")
    if decided.request.principal.is_root:
        return NextStep("Sign in as a user or a role: the root user is for the few things that nobody else may do.")
    if decision.refused_by == "boundary":
        return _widen_boundary(decided, account)
    return _allow(decided, account)


# --- allowed already


def _try_it(decided: LiveDecision) -> NextStep:
    if not decided.request.assumes_role:
        return NextStep("Nothing to mend: make the call.")
    if decided.request.principal.service:
        return NextStep("Nothing to mend: the service assumes the role by itself, once the role was handed to it.")
    arn = decided.request.resource
    return NextStep(
        "Nothing to mend: make the call.", cli=f"aws sts assume-role --role-arn {arn} --role-session-name test"
    )


# --- a Deny


def _lift_deny(decided: LiveDecision, account: OpenAccount) -> NextStep:
    policy, statement = next(deciding(decided))
    place = decided.place(policy.source)
    mend = f"Ask who wrote {statement.name} of the {policy.source}, and why"
    if place is None:
        return NextStep("Open the session anew, with a session policy that does not deny this.")
    if place.holder == "group":
        return NextStep(
            f"{mend}; then take {who(decided)} out of the group, or narrow the statement.",
            console=f"IAM → User groups → {place.name} → Users → {_name(decided)} → Remove",
            cli=f"aws iam remove-user-from-group --group-name {place.name} --user-name {_name(decided)}",
            python=f"{_client(account, decided.request.principal.account_id)}.remove_user_from_group("
            f'GroupName="{place.name}", UserName="{_name(decided)}")',
        )
    return replace(_edit(place), do=f"{mend}; then narrow the statement, or take it out.")


def _edit(place: Place) -> NextStep:
    """Where a policy is edited."""
    if place.policy_arn:
        return NextStep(
            "",
            console=f"IAM → Policies → {place.policy_name} → Edit",
            cli=f"aws iam create-policy-version --policy-arn {place.policy_arn} "
            "--policy-document file://policy.json --set-as-default",
        )
    if place.holder == "bucket":
        return NextStep(
            "",
            console=f"S3 → Buckets → {place.name} → Permissions → Bucket policy → Edit",
            cli=f"aws s3api put-bucket-policy --bucket {place.name} --policy file://policy.json",
        )
    if place.side == "resource":
        return NextStep(
            "",
            console=f"IAM → Roles → {place.name} → Trust relationships → Edit trust policy",
            cli=f"aws iam update-assume-role-policy --role-name {place.name} --policy-document file://trust.json",
        )
    kinds = {"user": "Users", "role": "Roles", "group": "User groups"}
    return NextStep(
        "",
        console=f"IAM → {kinds[place.holder]} → {place.name} → Permissions → {place.policy_name} → Edit",
        cli=f"aws iam put-{place.holder}-policy --{place.holder}-name {place.name} "
        f"--policy-name {place.policy_name} --policy-document file://policy.json",
    )


# --- the caller's side


def _allow(decided: LiveDecision, account: OpenAccount) -> NextStep:
    """A new inline policy for exactly the request: those that are there stay as they are."""
    near = next(deciding(decided), None)
    place = decided.place(near[0].source) if near else None
    if near and place and near[1].mismatch and near[1].mismatch.element == "Condition":
        return _meet(decided, near[1], place)
    request, holder, name = decided.request, _holder(decided), _name(decided)
    do = f"Put an inline policy on {holder} {name} that allows {request.action} on {request.resource}."
    if near and place and near[1].mismatch:
        wrong = f"{capital(near[1].name)} of the {place.source} allows it on {near[1].mismatch.wanted}"
        do = f"{wrong}: correct its Resource, or put a policy of its own on {holder} {name} for {request.resource}."
    elif holder == "user" and not request.assumes_role:
        do = f"Is {who(decided)} the one who should ask? If not, see which credentials the program uses. If so: {do}"
    policy_name = _free_name(decided)
    document = f'policies.policy(policies.allow("{request.action}", "{request.resource}"))'
    if request.assumes_role and request.action == "sts:AssumeRole":
        document = f'policies.allow_assume_role("{request.resource}")'
    client = _client(account, request.principal.account_id)
    return NextStep(
        do,
        console=f"IAM → {holder.title()}s → {name} → Permissions → Add permissions → Create inline policy → JSON",
        cli=f"aws iam put-{holder}-policy --{holder}-name {name} --policy-name {policy_name} "
        "--policy-document file://policy.json",
        python=f'iam.put_{holder}_policy({client}, {holder}_name="{name}", '
        f'policy_name="{policy_name}", document={document})',
    )


def _free_name(decided: LiveDecision) -> str:
    """A name for a new inline policy that no policy of the caller has yet."""
    request = decided.request
    name = f"assume-{parse_arn(request.resource).name}" if request.assumes_role else request.action.replace(":", "-")
    taken = {place.policy_name for place in decided.caller.places.values()}
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(free for free in names if free not in taken)


def _widen_boundary(decided: LiveDecision, account: OpenAccount) -> NextStep:
    place = next(place for place in decided.caller.places.values() if place.side == "boundary")
    request = decided.request
    do = f"Ask whoever set the boundary to add {request.action} on {request.resource} to it."
    if place.policy_arn.split(":")[4] == "aws":
        return NextStep(f"{do} AWS maintains this one: another policy has to take its place.")
    client = _client(account, request.principal.account_id)
    return replace(
        _edit(place),
        do=do,
        python=f'iam.add_to_managed_policy({client}, policy_arn="{place.policy_arn}", '
        f'statement=policies.allow("{request.action}", "{request.resource}"))',
    )


# --- the other side


def _let_in(decided: LiveDecision, account: OpenAccount) -> NextStep:
    place = decided.resource.place
    if decided.request.assumes_role and (place is None or decided.policies.resource is None):
        return NextStep(
            "Copy the role's ARN again, from the role's page.",
            console="IAM → Roles → the role → ARN",
            cli='aws iam list-roles --query "Roles[].Arn"',
        )
    near = next(deciding(decided), None)
    if near and place and (mismatch := near[1].mismatch):
        if mismatch.element == "Condition":
            return _meet(decided, near[1], place)
        if mismatch.element == "Action":
            return replace(_edit(place), do=f"Add {decided.request.action} to the Action of {near[1].name}.")
        if gone := _UNIQUE_ID.search(mismatch.wanted):
            return _trust_again(decided, account, place, near[1], gone[0])
    if decided.request.assumes_role and place:
        return _trust(decided, account, place)
    edit = _edit(place) if place else NextStep("")
    return replace(edit, do=f"Let the owner of {other(decided)} allow {_principal_arn(decided)} in its policy.")


def _trust_again(
    decided: LiveDecision, account: OpenAccount, place: Place, statement: StatementReason, gone: str
) -> NextStep:
    """A statement names somebody who was deleted: AWS saves the policy again only without that id."""
    sid = "" if statement.name.startswith("statement ") else f', sid="{statement.name}"'
    return replace(
        _edit(place),
        do=f"{gone} is the id of a user or role that was deleted, and a new one of the same name is a stranger: "
        f"in {statement.name}, put {_principal_arn(decided)} in its place.",
        python=_trust_line(decided, account, place, sid) if sid else "",
    )


def _trust(decided: LiveDecision, account: OpenAccount, place: Place) -> NextStep:
    principal = decided.request.principal
    if principal.service:
        kind = f'policies.trust_service("{principal.service}")'
        return replace(_edit(place), do=f"Add {kind} to the role's trust policy, if the service is to use this role.")
    return replace(
        _edit(place),
        do=f"Add a statement that names {_principal_arn(decided)} to the role's trust policy.",
        python=_trust_line(decided, account, place, _sid(decided)),
    )


def _trust_line(decided: LiveDecision, account: OpenAccount, place: Place, sid: str) -> str:
    client = _client(account, decided.resource.account_id or "")
    return f'iam.trust_principal({client}, role_name="{place.name}", arn="{_principal_arn(decided)}"{sid})'


def _sid(decided: LiveDecision) -> str:
    """An argument that names the new statement, where its usual name is another statement's already."""
    own = decided.policies.resource
    if own is None or policies.TRUST_SID not in [one.get("Sid") for one in policies.statements(own.document)]:
        return ""
    return f', sid="Trust{re.sub(r"[^A-Za-z0-9]", "", _name(decided).title())}"'


# --- conditions


def _meet(decided: LiveDecision, statement: StatementReason, place: Place) -> NextStep:
    """What meets a condition; for some keys, what to pass along with the call."""
    assert statement.mismatch is not None, "a statement that comes near does not match"
    found = _CONDITION.fullmatch(statement.mismatch.wanted)
    key, wanted = (found["key"], found["wanted"]) if found else ("", "")
    role = f"aws sts assume-role --role-arn {decided.request.resource} --role-session-name test"
    call = f'sts.assume_role(account.client("sts", key), role_arn="{decided.request.resource}", session_name="test"'
    match key.lower():
        case "sts:externalid":
            return NextStep(
                f"Pass the external id that the trust policy wants, {wanted}, along with the call.",
                cli=f"{role} --external-id {wanted}",
                python=f'{call}, external_id="{wanted}")',
            )
        case "aws:multifactorauthpresent" | "aws:multifactorauthage":
            return NextStep(
                "Pass the code of an MFA device along with the call.",
                cli=f"{role} --serial-number <device-arn> --token-code <six-digits>",
            )
        case "sts:rolesessionname" | "sts:sourceidentity":
            option = {"sts:rolesessionname": "RoleSessionName", "sts:sourceidentity": "SourceIdentity"}[key.lower()]
            return NextStep(f"Pass {option} with the value that the policy wants: {wanted}.")
    seen = statement.mismatch.seen
    do = f"Meet the condition {statement.mismatch.wanted} (the request has: {seen}), or have it changed."
    return replace(_edit(place), do=do)


# --- names


def _client(account: OpenAccount, account_id: str) -> str:
    """Python for an IAM client in one of your accounts."""
    owner = "account" if account_id == account.account_id else f'account.of("{account_id}")'
    return f'{owner}.client("iam")'


def _principal_arn(decided: LiveDecision) -> str:
    principal = decided.request.principal
    return principal.role_arn or principal.arn


def _name(decided: LiveDecision) -> str:
    """The name of the user, or of the role behind the session."""
    return parse_arn(_principal_arn(decided)).name


def _holder(decided: LiveDecision) -> str:
    """What the caller's policies are on."""
    return "role" if decided.request.principal.role_arn else "user"
