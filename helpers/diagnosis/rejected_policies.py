"""Policies that AWS does not save: what is wrong with a document, or with a principal in it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_policies.html
"""

import re

from helpers.clients.calls import Call, OpenAccount
from helpers.diagnosis.explanation import NextStep, Told
from helpers.diagnosis.refusals import Refusal
from helpers.policies import listed, parse_policy, statements

_CODES = {"MalformedPolicyDocument", "MalformedPolicyDocumentException", "MalformedPolicy"}
_SAYINGS = (
    "exceed quota for|prohibited field (?:Resource|Principal)|invalid principal|not specify a principal"
    "|must be in ARN format"
)
_NEVER_A_PRINCIPAL = re.compile(r":group/|.[*?]|[*?].|^A(IDA|ROA)|^arn:aws-")
_FILE_NAME = re.compile(r"--[\w-]*(?:policy|document)[\w-]*[ =](?!fileb?://)(?P<name>[\w./-]+\.\w+)")
_ORIGIN_ACCESS_IDENTITIES = (
    "aws cloudfront list-cloud-front-origin-access-identities "
    '--query "CloudFrontOriginAccessIdentityList.Items[].[Id, S3CanonicalUserId]"'
)
_TOO_LONG: Told = (
    "The policy is longer than AWS keeps: all inline policies of a user have 2,048 characters together, a group's "
    "5,120, a role's 10,240; a managed policy has 6,144, and no quota raises these; a trust policy has 2,048. White "
    "space does not count.",
    NextStep(
        "Say the same in fewer statements (a wildcard for actions that belong together), or move statements into a "
        "managed policy of their own.",
        cli="aws iam get-account-summary",
    ),
)
_OF_A_TRUST_POLICY = "A trust policy is about its own role, so it has no Resource."
_DOCUMENT_FAULTS = {
    "Cannot exceed quota for ACLSizePerRole": (
        "The role's trust policy is longer than it may be (2,048 characters, 4,096 at most). Perhaps a permissions "
        "policy was put in its place.",
        NextStep(
            "See that it is the trust policy: it names whom the role lets in. Then say it in fewer statements, name an "
            "account or a condition in place of many ARNs, or make several roles.",
            cli="aws iam get-role --role-name <role-name> --query Role.AssumeRolePolicyDocument",
        ),
    ),
    "Syntax errors in policy": (
        "AWS could not read the document as JSON. A comma, a bracket or a quotation mark is wrong; or what arrived is "
        "not the document: a file's name without file:// before it, a variable that nobody filled in, or JSON whose "
        "quotation marks the shell took away.",
        NextStep(
            "Look at what was passed, and have it checked, which tells the place of each fault.",
            cli="aws accessanalyzer validate-policy --policy-type IDENTITY_POLICY --policy-document file://policy.json",
        ),
    ),
    "with no principals": (
        "A trust policy says who may assume the role, and a statement of this one names nobody: its Principal is "
        "missing, or the list that was to fill it is empty.",
        NextStep("Name a user, a role, an account or a service as the statement's Principal."),
    ),
    "does not apply to any resource": (
        "An action and the resource of one statement do not go together: in a bucket's policy, an action on objects "
        "(s3:GetObject) wants arn:aws:s3:::<bucket-name>/*, one on the bucket (s3:ListBucket) the bucket's own ARN.",
        NextStep("Give each action the resource that it is about; two statements, where there are both kinds."),
    ),
    "policy size of": _TOO_LONG,
    "Cannot exceed quota for PolicySize": _TOO_LONG,
}
_QUOTA = re.compile(r"Cannot exceed quota for (?:(?P<what>[A-Z]\w+?)Per(?P<whose>[A-Z]\w+))?(?:\w*: (?P<most>\d+))?")


_RESOURCES = {
    "CreateRole": "AWS::IAM::AssumeRolePolicyDocument",
    "UpdateAssumeRolePolicy": "AWS::IAM::AssumeRolePolicyDocument",
    "PutBucketPolicy": "AWS::S3::Bucket",
}
"""What the policy is on that a call saves, as Access Analyzer names it; all others are on users, groups and roles."""


def explain_rejected_policy(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """Say what is wrong with a policy that AWS does not save; None for any other refusal."""
    message = refusal.message
    known = next((told for words, told in _DOCUMENT_FAULTS.items() if words in message), None)
    if not known and refusal.code not in _CODES and not refusal.says(_SAYINGS):
        return None
    if known is None and (quota := _QUOTA.search(message)):
        return _as_many_as_may_be(**quota.groupdict())
    if refusal.says("prohibited field Resource"):
        return _has_a_resource(call)
    if passed := _FILE_NAME.search(message):
        return _file_name(passed["name"])
    if found := re.search(r"Resource (?P<given>.*?) ?must be in ARN format", message):
        return _no_arn(found["given"].strip())
    if refusal.says("should not specify a principal|prohibited field Principal"):
        return _names_a_principal(call)
    if known is None and refusal.says("invalid principal"):
        named = re.search(r'"(?P<kind>\w+)":"(?P<named>[^"]+)"', message)
        kind, wrong = named.groups() if named else _principal_given(call)
        is_of_iam = refusal.code.startswith("MalformedPolicyDocument")
        is_of_s3 = refusal.code == "MalformedPolicy" or (not is_of_iam and refusal.says(r"\bS3\b|bucket policy"))
        return _invalid_principal(kind, wrong) if wrong else _some_invalid_principal(is_of_a_bucket=is_of_s3)
    words = re.sub(r"^.*when calling the \w+ operation: ", "", " ".join(message.split()))
    on = _RESOURCES.get(call.operation if call else refusal.operation or "")
    kind = f"RESOURCE_POLICY --validate-policy-resource-type {on}" if on else "IDENTITY_POLICY"
    check = f"aws accessanalyzer validate-policy --policy-type {kind} --policy-document file://policy.json"
    return known or (
        f"AWS does not accept the policy document: {words}",
        NextStep("Have the document checked, which tells the place of each fault; then mend it.", cli=check),
    )


def _as_many_as_may_be(what: str | None, whose: str | None, most: str | None) -> Told:
    """Say of what there are as many as may be, as the quota's name tells: `PoliciesPerRole`.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    figure = f": {most}" if most else ""
    console = "Service Quotas → AWS services → AWS Identity and Access Management (IAM)"
    if what in ("Policies", "AttachedPolicies") and whose in ("Role", "User", "Group"):
        holder = whose.lower()
        return (
            f"The {holder} has as many managed policies attached as it may have{figure}. An inline policy does not "
            "count among them.",
            NextStep(
                f"See which are attached to the {holder}. Take one off that nobody uses, or put the statements of "
                "several into one; or put what is to be added into an inline policy. Service Quotas tells whether this "
                "quota can still be raised.",
                console=console,
                cli=f"aws iam list-attached-{holder}-policies --{holder}-name <{holder}-name>\n"
                f"aws iam put-{holder}-policy --{holder}-name <{holder}-name> --policy-name <name> "
                "--policy-document file://policy.json",
            ),
        )
    kind = _in_small_letters(what) if what else "of these"
    holder = _in_small_letters(whose) if whose else "account, the user or the role"
    return (
        f"The {holder} has as many {kind} as it may have{figure}.",
        NextStep(
            "Take one away that nobody uses. Service Quotas tells whether this quota can be raised.",
            console=console,
            cli="aws iam get-account-summary",
        ),
    )


def _in_small_letters(name: str) -> str:
    """Write a quota's word as a sentence has it: `access keys` for AccessKeys, `MFA devices` for MFADevices."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", name)
    return " ".join(word if len(word) > 1 and word.isupper() else word.lower() for word in words)


def _has_a_resource(call: Call | None) -> Told:
    """Say where a document with a Resource belongs, in place of a trust policy."""
    if "sts:AssumeRole" in str(call.parameters if call else ""):
        return f"{_OF_A_TRUST_POLICY} This one belongs on the user.", NextStep(
            "Put it on the user, as an inline policy.",
            console="IAM → Users → the user → Permissions → Add permissions → Create inline policy → JSON",
            cli="aws iam put-user-policy --user-name <user-name> --policy-name <name> "
            "--policy-document file://policy.json",
        )
    return f"{_OF_A_TRUST_POLICY} This document says what somebody may do: it is a permissions policy.", NextStep(
        "Give the role a trust policy, which says whom it lets in (Principal, and sts:AssumeRole as the Action); then "
        "put this document on the role as a policy of its own. One that allows sts:AssumeRole belongs on the user that "
        "is to assume the role.",
        console="IAM → Roles → the role → Permissions → Add permissions → Create inline policy → JSON",
        cli="aws iam put-role-policy --role-name <role-name> --policy-name <name> --policy-document file://policy.json",
    )


def _file_name(name: str) -> Told:
    """See https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html for the rule."""
    return (
        f"The command line passes {name} as the policy itself: what stands there is a file's name, and no JSON.",
        NextStep(f"Put file:// before it, so that the AWS CLI passes what is in the file: file://{name}"),
    )


def _no_arn(given: str) -> Told:
    """Say what stands where a Resource's ARN should: AWS quotes it."""
    if not given:
        return (
            "A Resource of the policy is empty: what was to fill it, a variable or an output, had no value.",
            NextStep("Give it a value, or leave the statement out where there is none."),
        )
    return f"“{given}” is no ARN: a placeholder was left in, or a name stands there.", NextStep(
        "Put the whole ARN there, such as arn:aws:s3:::<bucket-name> (objects: /* at its end): it begins with arn: and "
        "names service and resource, region and account where the service has them; or * for all."
    )


def _names_a_principal(call: Call | None) -> Told:
    """Say where a policy that names a Principal belongs: AWS takes none on users, groups and roles."""
    reason = "A policy on a user, group or role says what its owner may do, so it names no Principal."
    if "sts:AssumeRole" in str(call.parameters.get("PolicyDocument", "") if call else ""):
        return f"{reason} This one is a trust policy: it belongs on the role.", NextStep(
            "Put it into the role's trust policy.",
            console="IAM → Roles → the role → Trust relationships → Edit trust policy",
            cli="aws iam update-assume-role-policy --role-name <role-name> --policy-document file://trust.json",
        )
    return f"{reason} A Principal stands in the policy of a resource: of a role (its trust policy), a bucket, a key.", (
        NextStep(
            "Take the Principal out, where the statement says what that user, group or role may do. Where it says whom "
            "a resource lets in, put it into that resource's own policy: a statement for sts:AssumeRole into the "
            "role's trust policy, one about a bucket into the bucket's policy."
        )
    )


def _principal_given(call: Call | None) -> tuple[str, str]:
    """Find the principal that is wrong in the policy that the call was given, and its kind: S3 does not name it."""
    try:
        document = parse_policy(str(call.parameters.get("Policy", "")) if call else "")
    except ValueError:
        return "", ""
    given = [
        (kind.upper(), str(named))
        for statement in statements(document)
        if isinstance(statement.get("Principal"), dict)
        for kind, values in statement["Principal"].items()
        for named in listed(values)
    ]
    wrong = [one for one in given if _NEVER_A_PRINCIPAL.search(one[1])] or (given if len(given) == 1 else [])
    return wrong[0] if wrong else ("", "")


def _invalid_principal(kind: str, named: str) -> Told:
    """Say what is wrong with a principal that AWS does not save.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    kind_named, key = ("role", "Roles") if ":role/" in named else ("user", "Users")
    copy = NextStep(
        f"Copy the ARN again from the {kind_named}'s page.", cli=f'aws iam list-{kind_named}s --query "{key}[].Arn"'
    )
    if re.match("A(IDA|ROA)", named):
        return (
            "The trust policy still has the id of a user or role that was deleted, and AWS does not save that again.",
            NextStep("Take the statement with that id out, or put an ARN in its place, and save again."),
        )
    if kind == "SERVICE":
        return f"AWS has no service {named}: mistyped, or one that takes no roles.", NextStep(
            "Look the service's principal up in its documentation, such as ec2.amazonaws.com or lambda.amazonaws.com."
        )
    if ":group/" in named:
        return f"{named} is a group, and a group cannot be a principal.", NextStep(
            "Name the users, or name the account and let the group's policy say who may."
        )
    if "*" in named or "?" in named:
        return f"{named} has a wildcard: a principal is named whole, or is * alone.", NextStep(
            'Name each one, or the account; to take in all whose ARN begins so, name "AWS": "*" with a condition '
            "ArnLike aws:PrincipalArn."
        )
    if re.match(r"arn:aws-", named):
        return f"{named} is in another partition of AWS, and no policy reaches across partitions.", copy
    if ":iam::cloudfront:user/" in named:
        return f"The policy names {named}, and CloudFront has no such origin access identity (any more).", NextStep(
            "Compare it with those that there are: the ARN ends in CloudFront Origin Access Identity and the id, with "
            "blanks between the words.",
            cli=_ORIGIN_ACCESS_IDENTITIES,
        )
    if kind == "CANONICALUSER":
        return f"The policy names the canonical user id {named}, and AWS knows no such one.", NextStep(
            "Have it looked up by whoever has it: an account's own with the first line, that of an origin access "
            "identity of CloudFront's with the second.",
            cli=f"aws s3api list-buckets --query Owner.ID\n{_ORIGIN_ACCESS_IDENTITIES}",
        )
    return f"The policy names {named}, and there is no such user or role: mistyped, or deleted.", copy


def _some_invalid_principal(*, is_of_a_bucket: bool) -> Told:
    """Say how principals are written, where AWS names none: in a bucket's policy, S3 takes two kinds more."""
    do = (
        "Go through the Principal elements. A user or role: its whole ARN, letter by letter, without a wildcard, "
        "and it has to be there (a service-linked role only once its service was used). An account: its twelve "
        "digits, or arn:aws:iam::<account-id>:root. A service: as in lambda.amazonaws.com, and under Service."
    )
    line = 'aws iam get-account-authorization-details --query "[UserDetailList[].Arn, RoleDetailList[].Arn]"'
    if is_of_a_bucket:
        do += (
            " An origin access identity of CloudFront's: arn:aws:iam::cloudfront:user/CloudFront Origin Access "
            "Identity <id>, with its blanks, or its canonical user id. A canonical user id: 64 signs, and under "
            "CanonicalUser."
        )
        line += f"\n{_ORIGIN_ACCESS_IDENTITIES}"
    return "A principal of the policy does not exist, or not yet, or is not written as AWS wants it.", NextStep(
        f"{do} What the CLI lists is this account's own: a principal of another account is rightly not in it.",
        cli=line,
    )
