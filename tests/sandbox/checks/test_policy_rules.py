"""What is a policy document and what is none: AWS's words for each fault, and the calls that take a document."""

import json

import pytest

from helpers.sandbox.checks.identity_policies import check_identity_policy
from helpers.sandbox.checks.resource_policies import check_bucket_policy, check_trust_policy
from helpers.sandbox.errors import AwsError
from support.sandbox_clients import (
    HERE,
    TRUSTS_EC2,
    allow,
    client,
    document,
    iam,
    new_role,
    new_user,
    refusal,
    trust,
    unique,
)

VERSION = "2012-10-17"
SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"
NO_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
NO_QUALIFIED_VENDOR = "Resource vendor must be fully qualified and cannot contain regexes."
IAM_PATH = (
    'IAM resource path must either be "*", root, or start with user/, federated-user/, role/, group/, '
    "instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, "
    "access-report/."
)


def statement(**elements):
    """A statement with nothing wrong but what is given; `None` leaves an element out."""
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | elements
    return {name: value for name, value in whole.items() if value is not None}


def when(operator, value, key="aws:username"):
    return statement(Condition={operator: {key: value}})


def fault(check, text, **options):
    """What a check has against a document; `None` if nothing."""
    try:
        check(text, **options)
    except AwsError as error:
        return error.code, error.message
    return None


IDENTITY = {
    "no JSON": ("s3:GetObject", SYNTAX),
    "a comma too many": (document(statement())[:-1] + ",}", SYNTAX),
    "a comment": ("// mine\n" + document(statement()), SYNTAX),
    "a list": ("[]", SYNTAX),
    "no statement": (json.dumps({"Version": VERSION}), SYNTAX),
    "an empty list of statements": (document(), SYNTAX),
    "a text for a statement": (document("Allow"), SYNTAX),
    "elements in lower case": (json.dumps({"version": VERSION, "statement": statement()}), SYNTAX),
    "an element of its own": (document(statement(Comment="mine")), SYNTAX),
    "an unknown version": (json.dumps({"Version": "2026-01-01", "Statement": statement()}), SYNTAX),
    "no effect": (document(statement(Effect=None)), SYNTAX),
    "an unknown effect": (document(statement(Effect="Maybe")), SYNTAX),
    "an effect in lower case": (document(statement(Effect="allow")), LEGACY),
    "a principal": (document(statement(Principal="*")), "Policy document should not specify a principal."),
    "no action": (document(statement(Action=None)), "Policy statement must contain actions."),
    "an empty list of actions": (document(statement(Action=[])), "Policy statement must contain actions."),
    "an empty action": (document(statement(Action="")), NO_VENDOR),
    "an action without a service": (document(statement(Action=["s3:*", "GetObject"])), NO_VENDOR),
    "an action of two colons": (
        document(statement(Action="s3:Get:Object")),
        "Actions/Condition can contain only one colon.",
    ),
    "a service with a blank": (document(statement(Action="s 3:GetObject")), "Vendor s 3 is not valid"),
    "both kinds of actions": (document(statement(NotAction="s3:PutObject")), SYNTAX),
    "a number for an action": (document(statement(Action=3)), SYNTAX),
    "no resource": (document(statement(Resource=None)), "Policy statement must contain resources."),
    "an empty list of resources": (document(statement(Resource=[])), "Policy statement must contain resources."),
    "no resource, no service": (
        document(statement(Resource=None, Action="GetObject")),
        "Policy statement must contain resources.",
    ),
    "both kinds of resources": (document(statement(NotResource="*")), SYNTAX),
    "a placeholder": (document(statement(Resource="<arn>")), 'Resource <arn> must be in ARN format or "*".'),
    "the first of two bad resources": (
        document(statement(Resource=["one", "two"])),
        'Resource one must be in ARN format or "*".',
    ),
    "an unknown partition": (
        document(statement(Resource="arn:amazon:s3:::b")),
        'Partition "amazon" is not valid for resource "arn:amazon:s3:::b".',
    ),
    "the front of an ARN left out": (
        document(statement(Resource="aws:s3:::b")),
        'Partition "s3" is not valid for resource "arn:s3:::b:*".',
    ),
    "another partition": (
        document(statement(Resource="arn:aws-cn:s3:::b/*")),
        'Partition "aws-cn" is not valid for resource "arn:aws-cn:s3:::b/*".',
    ),
    "a partition and no more": (document(statement(Resource="arn:aws")), NO_QUALIFIED_VENDOR),
    "a wildcard for the service": (document(statement(Resource="arn:aws:s*:::b")), NO_QUALIFIED_VENDOR),
    "a colon too few": (document(statement(Resource="arn:aws:s3::b")), LEGACY),
    "a region in IAM": (
        document(statement(Resource="arn:aws:iam:us-east-1::user/ana")),
        "IAM resource arn:aws:iam:us-east-1::user/ana cannot contain region information.",
    ),
    "a region in S3": (
        document(statement(Resource="arn:aws:s3:us-east-1::b")),
        "Resource arn:aws:s3:us-east-1::b can not contain region information.",
    ),
    "an unknown kind of thing in IAM": (document(statement(Resource=f"arn:aws:iam::{HERE}:person/ana")), IAM_PATH),
    "a Sid twice": (
        document(statement(Sid="one"), statement(Sid="one")),
        "Statement IDs (SID) in a single policy must be unique.",
    ),
    "an unknown operator": (document(when("StringIs", "ana")), SYNTAX),
    "Null with IfExists": (document(when("NullIfExists", "true")), SYNTAX),
    "an operator without a key": (document(statement(Condition={"StringEquals": "ana"})), SYNTAX),
    "nothing to compare with": (document(when("StringEquals", None)), SYNTAX),
    "no date": (document(when("DateLessThan", "soon")), LEGACY),
    "a month too many": (document(when("DateLessThanIfExists", "2026-13-01")), LEGACY),
    "a time zone cut short": (document(when("DateLessThan", "2026-11-01T10:00:00+1")), LEGACY),
    "the fault that IAM names first": (
        document(statement(Action="GetObject", Resource="x"), statement(Effect="deny")),
        LEGACY,
    ),
}
WELL_FORMED = {
    "one statement without a list": json.dumps({"Version": VERSION, "Statement": statement()}),
    "white space around": f" \n{document(statement())}\n",
    "an id": json.dumps({"Version": VERSION, "Id": "mine", "Statement": statement()}),
    "empty Sids": document(statement(Sid=""), statement(Sid="")),
    "letters beyond ASCII": document(statement(Resource="arn:aws:s3:::b/dé/*")),
    "any action": document(statement(Action="*")),
    "all of IAM": document(statement(Resource=f"arn:aws:iam::{HERE}:*")),
    "the root user": document(statement(Resource=f"arn:aws:iam::{HERE}:root")),
    "an access point": document(statement(Resource=f"arn:aws:s3:eu-west-1:{HERE}:accesspoint/a")),
    "a variable": document(statement(Resource="arn:aws:s3:::b/${aws:username}/*")),
    "an unknown service": document(statement(Action="weather:Forecast")),
    "a number": document(when("NumericLessThan", 3600, "aws:MultiFactorAuthAge")),
    "a truth": document(when("Bool", True, "aws:MultiFactorAuthPresent")),
    "no value at all": document(when("StringEquals", [])),
    "a set operator": document(when("ForAllValues:StringLikeIfExists", ["a*"], "aws:TagKeys")),
    "a date west of Greenwich": document(when("DateLessThan", "2026-11-01T10:00:00-05:00", "aws:CurrentTime")),
    "seconds since 1970": document(when("DateLessThan", 1795496400, "aws:EpochTime")),
}
OLDER = [{"Statement": statement()}, {"Version": "2008-10-17", "Statement": statement()}]


@pytest.mark.parametrize(("text", "message"), IDENTITY.values(), ids=IDENTITY)
def test_what_is_no_identity_policy(text, message):
    assert fault(check_identity_policy, text) == ("MalformedPolicyDocument", message)


@pytest.mark.parametrize("text", WELL_FORMED.values(), ids=WELL_FORMED)
def test_what_is_an_identity_policy(text):
    assert fault(check_identity_policy, text, managed=True) is None


@pytest.mark.parametrize("older", OLDER)
def test_an_older_version_is_for_inline_policies_alone(older):
    text = json.dumps(older)
    wanted = "Policy document must be version 2012-10-17 or greater."
    assert fault(check_identity_policy, text) is None
    assert fault(check_identity_policy, text, managed=True) == ("MalformedPolicyDocument", wanted)


TRUST = {
    "no JSON": ("anyone", "This policy contains invalid Json"),
    "an element of its own": (json.dumps({"_comment": "mine", "Statement": []}), "Unknown field _comment"),
    "a field of its own": (document(trust("*", Comment="mine")), "Unknown field Comment"),
    "an unknown version": (
        json.dumps({"Version": "2026-01-01", "Statement": trust("*")}),
        "The policy must contain a valid version string",
    ),
    "no statement": (document(), "Could not parse the policy: Statement is empty!"),
    "no effect": (document({"Principal": "*", "Action": "sts:AssumeRole"}), "Missing required field Effect"),
    "an effect in lower case": (document(trust("*", effect="allow")), "Invalid effect: allow"),
    "no principal": (document({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
    "an empty principal": (document(trust({})), "Missing required field Principal cannot be empty!"),
    "an empty list": (document(trust({"AWS": []})), "Missing required field Principal cannot be empty!"),
    "an account without its kind": (document(trust(HERE)), "Principal must be a JSON object."),
    "an unknown kind": (document(trust({"User": "ana"})), 'Invalid principal in policy: "User"'),
    "no service's name": (document(trust({"Service": "ec2"})), 'Invalid principal in policy: "SERVICE":"ec2"'),
    "an account of 11 digits": (
        document(trust({"AWS": "11112222333"})),
        'Invalid principal in policy: "AWS":"11112222333"',
    ),
    "NotPrincipal that denies": (
        document({"Effect": "Deny", "NotPrincipal": {"AWS": HERE}, "Action": "sts:AssumeRole"}),
        "AssumeRole policy must not contain NotPrincipal field.",
    ),
    "NotPrincipal that allows": (
        document({"Effect": "Allow", "NotPrincipal": {"AWS": HERE}, "Action": "sts:AssumeRole"}),
        "Allow with NotPrincipal is not allowed.",
    ),
    "no action": (document({"Effect": "Allow", "Principal": "*"}), "Missing required field Action"),
    "every action": (document(trust("*", Action="*")), "AssumeRole policy may only specify STS AssumeRole actions."),
    "a resource": (document(trust("*", Resource="*")), "Has prohibited field Resource"),
    "a resource left out": (document(trust("*", NotResource="*")), "AssumeRole policy must not contain resources."),
    "a Sid twice": (
        document(trust("*", Sid="one"), trust("*", Sid="one")),
        "The Statement Ids in the policy are not unique",
    ),
    "an unknown operator": (document(trust("*", Condition={"StringIs": {"a:b": "c"}})), SYNTAX),
}
WELL_FORMED_TRUST = {
    "an older version": json.dumps({"Version": "2008-10-17", "Statement": trust({"AWS": HERE})}),
    "no version": json.dumps({"Statement": trust({"AWS": HERE})}),
    "an action in lower case": document(trust("*", Action="sts:assumerole")),
    "sessions with tags": document(trust("*", Action=["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])),
    "an identity provider": document(
        trust({"Federated": f"arn:aws:iam::{HERE}:saml-provider/p"}, Action="sts:AssumeRoleWithSAML")
    ),
    "a number": document(trust("*", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}})),
}


@pytest.mark.parametrize(("text", "message"), TRUST.values(), ids=TRUST)
def test_what_is_no_trust_policy(text, message):
    assert fault(check_trust_policy, text) == ("MalformedPolicyDocument", message)


@pytest.mark.parametrize("text", WELL_FORMED_TRUST.values(), ids=WELL_FORMED_TRUST)
def test_a_trust_policy_is_taken_at_creation_and_later(sandbox, text):
    role = new_role(sandbox, AssumeRolePolicyDocument=text).rpartition("/")[2]
    iam(sandbox).update_assume_role_policy(RoleName=role, PolicyDocument=text)
    assert iam(sandbox).get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] == json.loads(text)


BUCKET = {
    "no JSON": ("public", "Policies must be valid JSON and the first byte must be '{'"),
    "no principal": (document(statement()), "Missing required field Principal"),
    "no resource": (document(statement(Principal="*", Resource=None)), "Missing required field Resource"),
    "another service's resource": (
        document(statement(Principal="*", Resource=f"arn:aws:iam::{HERE}:user/ana")),
        "Policy has invalid resource",
    ),
    "another bucket": (
        document(statement(Principal="*", Resource="arn:aws:s3:::bucket-of-mine/*")),
        "Policy has invalid resource",
    ),
    "another service's action": (document(statement(Principal="*", Action="iam:GetUser")), "Policy has invalid action"),
    "nobody": (
        document(statement(Principal={"AWS": f"arn:aws:iam::{HERE}:user/nobody-of-this-name"})),
        "Invalid principal in policy",
    ),
}


@pytest.mark.parametrize(("text", "message"), BUCKET.values(), ids=BUCKET)
def test_what_is_no_bucket_policy(text, message):
    assert fault(check_bucket_policy, text, bucket="bucket") == ("MalformedPolicy", message)


@pytest.mark.parametrize("resource", ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*", "arn:aws:s3:::buck*", "*"])
def test_what_is_a_bucket_policy(resource):
    text = document(statement(Principal={"AWS": HERE}, Action="s3:*", Resource=[resource]))
    assert fault(check_bucket_policy, text, bucket="bucket") is None


def test_every_call_that_takes_a_document_checks_it(sandbox):
    admin = iam(sandbox)
    user, role, group = new_user(sandbox).name, new_role(sandbox, TRUSTS_EC2).rpartition("/")[2], unique("group")
    admin.create_group(GroupName=group)
    policy = admin.create_policy(PolicyName=unique("policy"), PolicyDocument=document(allow("s3:*")))["Policy"]["Arn"]
    text = document(statement(Condition={"StringIs": {"a:b": "c"}}))
    calls = [
        (admin.put_user_policy, {"UserName": user, "PolicyName": "p"}),
        (admin.put_role_policy, {"RoleName": role, "PolicyName": "p"}),
        (admin.put_group_policy, {"GroupName": group, "PolicyName": "p"}),
        (admin.create_policy, {"PolicyName": unique("policy")}),
        (admin.create_policy_version, {"PolicyArn": policy}),
    ]
    for call, named in calls:
        assert refusal(call, PolicyDocument=text, **named)[:3] == (400, "MalformedPolicyDocument", SYNTAX)


@pytest.mark.parametrize("older", OLDER)
def test_an_inline_policy_of_an_older_version_counts(sandbox, older):
    user = new_user(sandbox)
    older = older | {"Statement": allow("iam:GetUser")}
    iam(sandbox).put_user_policy(UserName=user.name, PolicyName="p", PolicyDocument=json.dumps(older))
    assert iam(sandbox).get_user_policy(UserName=user.name, PolicyName="p")["PolicyDocument"] == older
    assert client(sandbox, "iam", user.key).get_user()["User"]["UserName"] == user.name
