"""What AWS's own words tell of a refusal, where the policies cannot be read, or allow what was refused.

AWS names the kind of policy that refused, though not which one: that says who can change what.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace

from helpers import policies
from helpers.arns import parse_arn
from helpers.diagnosis.call_lines import json_argument
from helpers.diagnosis.explanation import Explanation, NextStep
from helpers.diagnosis.live_decision import LiveDecision
from helpers.diagnosis.live_policies import Unread
from helpers.diagnosis.live_resources import policy_holder
from helpers.diagnosis.parts import matched_apart
from helpers.diagnosis.passed_to import passed_to
from helpers.diagnosis.refusals import Refusal
from helpers.diagnosis.words import OF_COGNITO, OPENED_BY_COGNITO
from helpers.evaluation.decisions import Side, Verdict

SIDES: dict[str, Side] = {
    "identity-based policy": "identity",
    "permissions boundary": "boundary",
    "session policy": "session",
    "resource-based policy": "resource",
    "role trust policy": "resource",
}
"""The sides of a decision, as AWS's messages call them; what they name besides is above these."""

_SECRET_WITH_ENDING = re.compile(r":secret:.+-[A-Za-z0-9?*]{6}$|[*?]$")
_PERMISSION_SET = re.compile(r"AWSReservedSSO_(?P<name>.+)_[0-9a-f]{16}")


def verdict_of(refusal: Refusal) -> Verdict:
    """Return the verdict that a refusal is: a Deny, or nothing that allows."""
    return Verdict.EXPLICIT_DENY if refusal.is_explicit else Verdict.IMPLICIT_DENY


def find_deny(whose: str) -> str:
    """Say where a Deny can be that AWS tells of without the kind of its policy."""
    return (
        f"Find the Deny: it can be in a policy of {whose}, in its permissions boundary, in a session policy, in the "
        "resource's own policy, or in a service control policy of the organization. It may have a condition that the "
        "call can meet: MFA, a region, a tag, or a permissions boundary that a new role has to have."
    )


def said(refusal: Refusal) -> str:
    """Return what AWS says of the policy that refused."""
    if refusal.denies:
        article = "an" if refusal.denies[0] in "aeiou" else "a"
        which = f", {refusal.policy_arn}" if refusal.policy_arn else ""
        return f"an explicit deny in {article} {refusal.denies}{which}"
    if refusal.is_explicit:
        return "an explicit deny, and not in which policy"
    return f"no {refusal.allows} allows it"


def in_aws_words(explained: Explanation, refusal: Refusal, decided: LiveDecision) -> Explanation:
    """Tell what AWS's message says, where the policies could not all be read."""
    told = replace(
        explained,
        verdict=verdict_of(refusal),
        decided_by=SIDES.get(refusal.kind or ""),
        notes=(*explained.notes, *_of_a_part(refusal, decided)),
    )
    if refusal.kind is None:
        which = f"AWS says: {said(refusal)}. Which" if refusal.is_explicit else "AWS refused it, and which"
        reason = f"{which} side did depends on what could not be read."
        return replace(told, reason=reason, next_step=_if_there(_both_sides(refusal, decided), decided))
    why = f"AWS says: {said(refusal)}."
    if refusal.kind in SIDES:
        why += " It could not be read here." if refusal.denies else " What there is could not all be read here."
    if _is_of_kms(refusal):
        why += " For KMS, that is the key's own policy, which always has a say."
    return replace(told, reason=why, next_step=_if_there(_with_decoding(_change(refusal, decided), refusal), decided))


def _of_a_part(refusal: Refusal, decided: LiveDecision) -> Iterator[str]:
    """Tell of an index, an object or another part that a policy for the whole does not cover it."""
    note = matched_apart(refusal.resource)
    if not note or refusal.is_explicit or (refusal.kind and refusal.kind not in SIDES):
        return
    yield note
    own = decided.request.principal.account_id
    if refusal.kind is None and decided.resource.account_id == own and re.fullmatch(r"\d{12}", own):
        yield "Caller and resource are in one account: where nothing denies it, a policy of the caller's is enough."


def _if_there(step: NextStep, decided: LiveDecision) -> NextStep:
    """Have a caller who is not there looked for first: deleted since, or of an account whose number was taken out."""
    if all(one.kind != "gone" for one in decided.unread):
        return step
    return replace(step, do=f"See first whose key the program uses now, and in which account. {step.do}")


def _with_decoding(step: NextStep, refusal: Refusal) -> NextStep:
    """Add how the encoded message is read, where the text has one: it names the statement and its conditions."""
    if not refusal.says("Encoded authorization failure message"):
        return step
    encoded = refusal.encoded or "<encoded-message>"
    decode = f"aws sts decode-authorization-message --encoded-message {encoded} --query DecodedMessage --output text"
    do = f"{step.do} The encoded message names the statement and the condition keys that it looked at: have it decoded."
    return replace(step, do=do, cli="\n".join(filter(None, (step.cli, decode))))


def opened_with_too_little(explained: Explanation, refusal: Refusal) -> Explanation:
    """Tell that a session was opened with a policy that leaves this out, or denies it."""
    return replace(explained, decided_by="session", reason=f"AWS says: {said(refusal)}.")


def unseen(explained: Explanation, refusal: Refusal, *, is_recent: bool) -> Explanation:
    """Say what can have refused a call that the policies which can be read allow."""
    told = f"AWS says: {said(refusal)}. " if refusal.kind else "AWS refused this. "
    late = "the change that was made a moment ago, which has perhaps not reached all of AWS yet; " if is_recent else ""
    can_be = (
        f"It can be: {late}a service control policy or another policy of the organization; the policy of a VPC "
        "endpoint; a session policy; a policy of the resource's own that cannot be read here; or something that "
        "another account decides."
    )
    ask = (
        "Ask whoever administers the organization and the network which of these applies; CloudTrail shows the refusal."
    )
    do = f"Wait a few seconds and make the call again. If it is refused again: {ask}" if is_recent else ask
    return replace(
        explained,
        verdict=verdict_of(refusal),
        decided_by=None,
        reason=f"{told}The policies that can be read here allow it, so what refused is not among them. {can_be}",
        next_step=NextStep(
            do,
            cli=f"aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue="
            f"{refusal.operation or explained.question.rpartition(':')[2].split()[0]} --max-results 5",
        ),
    )


def ask_to_read(decided: LiveDecision, unread: Sequence[Unread]) -> NextStep:
    """Say who can find out what could not be read."""
    actions = sorted({one.action for one in unread if one.action})
    if actions:
        return NextStep(f"Ask for permission to read: {', '.join(actions)}. Or ask somebody who may to run this.")
    request, accounts = decided.request, sorted({one for one in _accounts_of(decided) if one})
    asked = {"principal": request.principal.arn, "action": request.action, "resource": request.resource}
    if any("..." in value or is_masked(value) for value in asked.values()):
        return NextStep(
            "Account numbers or names are taken out of the text: ask somebody who has them whole, and may read the "
            "account's policies, to run this there."
        )
    words = [word for name, value in asked.items() for word in (f"--{name}", shlex.quote(value))]
    return NextStep(
        f"Ask somebody who may read the policies of account {' and of account '.join(accounts)} to run this there.",
        cli=" ".join(["iam-explain", *words, "--profile <profile>"]),
    )


def _accounts_of(decided: LiveDecision) -> Iterator[str | None]:
    """Tell whose policies were not read."""
    for one in decided.unread:
        yield decided.resource.account_id if one.side == "resource" else decided.request.principal.account_id


# --- what can be changed, and by whom


def _change(refusal: Refusal, decided: LiveDecision) -> NextStep:
    """Say what has to change, as far as AWS's words tell: the kind of policy, not which one."""
    asked, whose = _asked(refusal), _named(refusal.caller or "")
    match refusal.kind:
        case "identity-based policy" if refusal.denies:
            return _to_read(f"Find the Deny among the policies of {whose}, and ask who wrote it.", decided)
        case "identity-based policy":
            return _allowing(refusal, asked, whose)
        case "permissions boundary":
            do = f"it has to take in {asked}"
            if refusal.denies:
                do = (
                    "its Deny may have a condition that the call can meet, often that a new role or user is given the "
                    f"same boundary; if it has none, it has to leave out {asked}"
                )
            return NextStep(
                f"Ask whoever set the permissions boundary of {whose}: {do}. Another policy that allows it does not "
                "help.",
                cli=_boundary_line(whose),
            )
        case "session policy" if str(refusal.caller).endswith(f"/{OF_COGNITO}"):
            return NextStep(OPENED_BY_COGNITO)
        case "session policy":
            return NextStep(
                f"Open the session of {whose} anew, without a session policy or with one that allows {asked}. Whoever "
                "opens it passes that policy: a program, or a service for you."
            )
        case "resource-based policy" | "role trust policy" if _is_of_kms(refusal):
            return _ask_for_key(refusal)
        case "resource-based policy" if ":accesspoint/" in refusal.resource:
            return _look_at_access_point(refusal, whose)
        case "resource-based policy" | "role trust policy":
            do = "does not deny" if refusal.denies else "allows"
            alone = ""
            if refusal.denies and str(refusal.action).startswith("s3:"):
                alone = " Where the bucket's policy keeps administrators out too, the account's root user deletes it."
            return NextStep(
                f"Ask whoever owns {refusal.resource} for a policy of its own that {do} {refusal.action} for {whose}."
                f"{alone}"
            )
        case "VPC endpoint policy":
            return NextStep(
                "Ask whoever runs the network: the policy of the VPC endpoint that the call went through "
                f"{_has_to(refusal)} {asked} for {whose}.",
                cli="aws ec2 describe-vpc-endpoints --query VpcEndpoints[].[VpcEndpointId,ServiceName,PolicyDocument]",
            )
        case "resource control policy" if str(refusal.action).startswith("s3:"):
            return NextStep(
                "Ask whoever administers the organization which statement it is. S3 gives this reason only within one "
                "organization, so it is hardly that the caller is an outsider: look for a condition that the call can "
                "meet, such as encryption with a KMS key, TLS or a tag."
            )
        case "resource control policy":
            return NextStep(
                "Ask whoever administers the organization of the resource's account, not of the caller's: such a "
                f"policy is above that of {refusal.resource} itself. Often it lets in nobody from outside the "
                "organization (aws:PrincipalOrgID), and the caller needs an exception."
            )
        case _:
            return NextStep(
                f"Ask whoever manages this {refusal.kind}, for account {parse_arn(refusal.caller or '').account_id}: "
                "it is above the policies of users, roles and resources. Such a policy often has a condition that the "
                "call can meet: a region, a tag, a kind of instance, encryption."
            )


def _has_to(refusal: Refusal) -> str:
    return "must not deny" if refusal.denies else "has to allow"


def _boundary_line(whose: str) -> str:
    kind, _, name = whose.partition(" ")
    if kind not in ("user", "role"):
        return ""
    return f"aws iam get-{kind} --{kind}-name {name} --query {kind.title()}.PermissionsBoundary"


def _both_sides(refusal: Refusal, decided: LiveDecision) -> NextStep:
    """Say where to look, where AWS names neither side: at what was not read."""
    asked, sides = _asked(refusal), {one.side for one in decided.unread}
    whose = _named(decided.request.principal.arn)
    if refusal.is_explicit:
        return _to_read(find_deny(whose), decided)
    look = [f"whether a policy of {whose} allows {asked}"] if "identity" in sides else []
    if "resource" in sides:
        own = (
            "the role's trust policy"
            if decided.request.assumes_role
            else f"the policy of {policy_holder(refusal.resource)} itself"
        )
        look.append(f"what {own} says of {whose}")
    read = ask_to_read(decided, decided.unread)
    return replace(read, do=f"See {', and '.join(look)}. {read.do}") if look else read


def _asked(refusal: Refusal) -> str:
    return f"{refusal.action} on {refusal.resource}" if refusal.resource != "*" else str(refusal.action)


def _look_at_access_point(refusal: Refusal, whose: str) -> NextStep:
    """See https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-vpc.html for the rule."""
    account_id, name = refusal.resource.split(":")[4], refusal.resource.split("/")[1]
    return NextStep(
        f"See the access point's network origin: one for a VPC denies whoever calls from outside it. Then see its own "
        f"policy, and that of the bucket behind it: both have to let {whose} in.",
        cli=f"aws s3control get-access-point --account-id {account_id} --name {name}",
    )


def _to_read(do: str, decided: LiveDecision) -> NextStep:
    return replace(ask_to_read(decided, decided.unread), do=do)


def _named(caller: str) -> str:
    """Name whose policies count: a user's, a role's behind a session, or a permission set's."""
    arn = parse_arn(caller)
    if arn.resource == "root":
        return "the root user"
    if arn.resource_type != "assumed-role":
        return f"{arn.resource_type} {arn.name}"
    role_name = arn.resource.split("/")[1]
    found = _PERMISSION_SET.fullmatch(role_name)
    return f"permission set {found['name']} (in IAM Identity Center)" if found else f"role {role_name}"


def _allowing(refusal: Refusal, asked: str, whose: str) -> NextStep:
    account_id = parse_arn(refusal.caller or "").account_id
    service = passed_to(refusal)
    limited = f", for {service} alone (iam:PassedToService)" if service else ""
    do = f"Have {asked} allowed in a policy of {whose}, in account {account_id}{limited}."
    kind, _, name = whose.partition(" ")
    if kind == "permission":
        return NextStep(
            f"{do} It is changed in the account that administers Identity Center.",
            console=f"IAM Identity Center → Permission sets → {name.split()[1]} → Inline policy",
        )
    if ":secret:" in refusal.resource and not _SECRET_WITH_ENDING.search(refusal.resource):
        do = f"{do} A secret's ARN ends in a dash and six more characters: write {refusal.resource}-?????? there."
        refusal = replace(refusal, resource=f"{refusal.resource}-??????")
    if not refusal.resource.startswith(("arn:", "*")):
        return NextStep(f"{do} AWS repeats what the call named: the policy wants the ARN of {refusal.resource}.")
    if not _has_whole_numbers(refusal):
        return NextStep(f"{do} The text has not the whole account number: see which account it is.")
    if kind not in ("user", "role") or name.startswith("AWSServiceRole") or "..." in name:
        return NextStep(do)
    condition = {"Condition": {"StringEquals": {"iam:PassedToService": service}}} if service else {}
    document = json_argument(policies.policy(policies.allow(str(refusal.action), refusal.resource) | condition))
    policy_name = str(refusal.action).replace(":", "-")
    return NextStep(
        do,
        console=f"IAM → {kind.title()}s → {name} → Permissions → Add permissions → Create inline policy → JSON",
        cli=f"aws iam put-{kind}-policy --{kind}-name {name} --policy-name {policy_name} --policy-document {document}",
    )


def _has_whole_numbers(refusal: Refusal) -> bool:
    """Tell whether the account numbers of caller and resource are not masked."""
    return not any(map(is_masked, (refusal.caller or "", refusal.resource)))


def is_masked(arn: str) -> bool:
    """Tell whether somebody took an ARN's account number out."""
    return arn.count(":") >= 5 and not re.fullmatch(r"\d{12}|aws|", arn.split(":")[4])


def _is_of_kms(refusal: Refusal) -> bool:
    return (refusal.action or "").startswith("kms:") and refusal.kind == "resource-based policy"


def _ask_for_key(refusal: Refusal) -> NextStep:
    key_id = refusal.resource.rpartition("/")[2]
    do = f"Ask whoever administers the key to allow {refusal.action} for {_let_in(refusal)} in its key policy."
    if refusal.denies:
        do = (
            "Find the Deny in the key's policy, which no Allow outweighs: meet its condition, or ask whoever "
            f"administers the key to leave {_let_in(refusal)} out of it."
        )
    return NextStep(
        do,
        console="KMS → Customer managed keys → the key → Key policy",
        cli=f"aws kms get-key-policy --key-id {key_id} --policy-name default --output text --region "
        f"{refusal.resource.split(':')[3]}",
    )


def _let_in(refusal: Refusal) -> str:
    """Return the ARN to name in a resource's policy: the role's, for one of its sessions."""
    arn = parse_arn(refusal.caller or "")
    if arn.resource_type != "assumed-role":
        return str(refusal.caller)
    return f"arn:{str(refusal.caller).split(':')[1]}:iam::{arn.account_id}:role/{arn.resource.split('/')[1]}"
