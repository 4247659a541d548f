"""How IAM decides: the truth table of roles, the general evaluation logic, and what always holds."""

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.evaluation.decisions import Policies, Policy, Verdict, decide
from helpers.evaluation.statements import Principal, Request

HERE, THERE = "111122223333", "444455556666"
USER = f"arn:aws:iam::{HERE}:user/app"
SESSION_ROLE = f"arn:aws:iam::{HERE}:role/worker"
SESSION = f"arn:aws:sts::{HERE}:assumed-role/worker/monday"
ROLE = f"arn:aws:iam::{HERE}:role/reader"
ROLE_THERE = f"arn:aws:iam::{THERE}:role/reader"
ROOT = f"arn:aws:iam::{HERE}:root"
OBJECT = "arn:aws:s3:::lesson/notes.txt"

user = Principal(USER, HERE, unique_id="AIDAEXAMPLE")
session = Principal(SESSION, HERE, unique_id="AROAEXAMPLE", role_arn=SESSION_ROLE)
root = Principal(ROOT, HERE)
user_in_china = Principal(f"arn:aws-cn:iam::{HERE}:user/app", HERE)
ec2 = Principal("", HERE, service="ec2.amazonaws.com")


def policy(*statements, version="2012-10-17"):
    return Policy("a policy", {"Version": version, "Statement": list(statements)})


def allow(action="*", resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action="*", resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trust(principal, effect="Allow", **more):
    return {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole", **more}


def grant(principal, action="s3:GetObject", **more):
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more}


ANYTHING = policy(allow())
NOTHING = policy(allow("glue:*"))
MAY_ASSUME = policy(allow("sts:AssumeRole", [ROLE, ROLE_THERE]))


def assume(*trusts, caller=user, role=ROLE, identity=(), boundary=None, passed=None, **context):
    request = Request(caller, "sts:AssumeRole", role, context=context)
    return decide(request, Policies(identity, boundary, passed, policy(*trusts)))


def get_object(*grants, caller=user, owner=None, identity=(), boundary=None, passed=None):
    resource = policy(*grants) if grants else None
    return decide(Request(caller, "s3:GetObject", OBJECT, owner), Policies(identity, boundary, passed, resource))


def allows(*statements, action="s3:GetObject", resource=OBJECT, version="2012-10-17", **context):
    """Whether these statements on a user allow it something."""
    request = Request(user, action, resource, context=context)
    return decide(request, Policies((policy(*statements, version=version),))).verdict is Verdict.ALLOWED


# --- Who may assume a role ---

THE_USER, THE_ACCOUNT, A_SERVICE = {"AWS": USER}, {"AWS": ROOT}, {"Service": "ec2.amazonaws.com"}
ANOTHER_USER = {"AWS": f"arn:aws:iam::{HERE}:user/other"}


@pytest.mark.parametrize(
    ("trusted", "inline_policy", "same_account", "another_account"),
    [
        (THE_USER, True, "allowed", "allowed"),
        (THE_USER, False, "allowed", "implicitDeny"),
        (THE_ACCOUNT, True, "allowed", "allowed"),
        (THE_ACCOUNT, False, "implicitDeny", "implicitDeny"),
        (A_SERVICE, True, "implicitDeny", "implicitDeny"),
        (A_SERVICE, False, "implicitDeny", "implicitDeny"),
        (ANOTHER_USER, True, "implicitDeny", "implicitDeny"),
        (ANOTHER_USER, False, "implicitDeny", "implicitDeny"),
    ],
)
def test_who_may_assume_a_role(trusted, inline_policy, same_account, another_account):
    identity = (MAY_ASSUME,) if inline_policy else ()
    here = assume(trust(trusted), identity=identity)
    there = assume(trust(trusted), identity=identity, role=ROLE_THERE)
    assert (here.verdict, here.same_account) == (same_account, True)
    assert (there.verdict, there.same_account) == (another_account, False)


@pytest.mark.parametrize(
    ("principal", "caller", "matched_by"),
    [
        ({"AWS": USER}, user, "principal"),
        ({"AWS": "AIDAEXAMPLE"}, user, "principal"),
        ({"AWS": ROOT}, user, "account"),
        ({"AWS": HERE}, user, "account"),
        ({"AWS": "*"}, user, "everyone"),
        ("*", user, "everyone"),
        ({"AWS": [ROOT, USER]}, user, "principal"),
        ({"AWS": SESSION}, session, "session"),
        ({"AWS": SESSION_ROLE}, session, "role"),
        ({"AWS": "AROAEXAMPLE"}, session, "role"),
        ({"AWS": [ROOT, "*", SESSION_ROLE]}, session, "everyone"),
        ({"Service": ["glue.amazonaws.com", "ec2.amazonaws.com"]}, ec2, "principal"),
        ("*", ec2, "everyone"),
        ({"AWS": f"arn:aws-cn:iam::{HERE}:root"}, user_in_china, "account"),
    ],
)
def test_how_a_trust_policy_names_the_caller(principal, caller, matched_by):
    decision = assume(trust(principal), caller=caller, identity=(MAY_ASSUME,))
    assert (decision.verdict, decision.matched_by) == ("allowed", matched_by)


@pytest.mark.parametrize(
    ("principal", "caller"),
    [
        ({"AWS": USER + "2"}, user),
        ({"AWS": f"arn:aws:iam::{HERE}:user/ap"}, user),
        ({"AWS": f"arn:aws:iam::{HERE}:user/*"}, user),
        ({"AWS": USER.upper()}, user),
        ({"AWS": "AIDAOTHER"}, user),
        ({"AWS": ""}, Principal(USER, HERE)),
        ({"AWS": THERE}, user),
        (USER, user),
        ({"Service": USER}, user),
        ({"Federated": USER, "CanonicalUser": HERE}, user),
        ({"AWS": SESSION.replace("monday", "tuesday")}, session),
        ({"AWS": "*"}, ec2),
        ({"AWS": "ec2.amazonaws.com"}, ec2),
        ({"AWS": f"arn:aws-cn:iam::{HERE}:root"}, user),
    ],
)
def test_whom_a_trust_policy_does_not_mean(principal, caller):
    decision = assume(trust(principal), caller=caller, identity=(ANYTHING,))
    assert (decision.verdict, decision.matched_by) == ("implicitDeny", None)
    assert decision.reasons[-1].statements[0].mismatch.element == "Principal"


def test_a_service_assumes_a_role_that_trusts_it_without_any_policy_of_its_own():
    for account in (HERE, THERE, ""):
        caller = dataclasses.replace(ec2, account_id=account)
        assert assume(trust(A_SERVICE), caller=caller).verdict == "allowed"


def test_a_role_that_does_not_exist_is_refused():
    request = Request(user, "sts:AssumeRole", ROLE)
    assert decide(request, Policies((ANYTHING,))).verdict == "implicitDeny"


def test_roles_may_not_be_assumed_by_root():
    assert assume(trust(THE_ACCOUNT), caller=root).verdict == "implicitDeny"


def test_every_statement_of_a_trust_policy_counts():
    assert assume(trust(A_SERVICE), trust(THE_USER)).verdict == "allowed"
    assert assume(trust(THE_USER), trust(A_SERVICE)).verdict == "allowed"
    only = Policy("trust", {"Version": "2012-10-17", "Statement": trust(THE_USER)})
    assert decide(Request(user, "sts:AssumeRole", ROLE), Policies(resource=only)).verdict == "allowed"


@pytest.mark.parametrize(
    "policies",
    [
        Policies((MAY_ASSUME, policy(deny("sts:*"))), resource=policy(trust(THE_USER))),
        Policies((MAY_ASSUME,), boundary=policy(allow(), deny("sts:*")), resource=policy(trust(THE_USER))),
        Policies((MAY_ASSUME,), session=(ANYTHING, policy(deny("sts:*"))), resource=policy(trust(THE_USER))),
        Policies((MAY_ASSUME,), resource=policy(trust(THE_USER), trust(THE_ACCOUNT, "Deny"))),
    ],
)
@pytest.mark.parametrize("role", [ROLE, ROLE_THERE])
def test_an_explicit_deny_in_any_policy_refuses(policies, role):
    assert decide(Request(user, "sts:AssumeRole", role), policies).verdict == "explicitDeny"


def test_a_condition_of_the_trust_policy_has_to_be_met():
    statement = trust(THE_USER, Condition={"StringEquals": {"sts:ExternalId": "lesson"}})
    assert assume(statement, **{"sts:ExternalId": "lesson"}).verdict == "allowed"
    assert assume(statement, **{"sts:ExternalId": "other"}).verdict == "implicitDeny"
    assert assume(statement).verdict == "implicitDeny"


@pytest.mark.parametrize("action", ["sts:TagSession", "sts:SetSourceIdentity"])
def test_other_actions_on_a_role_need_its_trust_policy_too(action):
    request = Request(user, action, ROLE)
    assert decide(request, Policies((ANYTHING,), resource=policy(trust(THE_USER)))).verdict == "implicitDeny"
    tagging = trust(THE_USER) | {"Action": ["sts:AssumeRole", action]}
    assert decide(request, Policies(resource=policy(tagging))).verdict == "allowed"


# --- What limits whom, within one account ---


@pytest.mark.parametrize(
    ("caller", "named", "identity", "boundary", "passed", "expected"),
    [
        (user, USER, (), NOTHING, None, "allowed"),
        (user, "*", (), NOTHING, None, "allowed"),
        (user, HERE, (ANYTHING,), None, None, "allowed"),
        (user, HERE, (ANYTHING,), NOTHING, None, "implicitDeny"),
        (user, HERE, (), ANYTHING, None, "implicitDeny"),
        (session, SESSION, (), NOTHING, (NOTHING,), "allowed"),
        (session, SESSION_ROLE, (), None, None, "allowed"),
        (session, SESSION_ROLE, (), ANYTHING, (ANYTHING,), "allowed"),
        (session, SESSION_ROLE, (ANYTHING,), NOTHING, None, "implicitDeny"),
        (session, SESSION_ROLE, (ANYTHING,), None, (NOTHING,), "implicitDeny"),
        (session, SESSION_ROLE, (ANYTHING,), None, (), "implicitDeny"),
        (session, SESSION_ROLE, (), None, (NOTHING, ANYTHING), "allowed"),
        (session, "*", (), None, (ANYTHING,), "allowed"),
        (session, "*", (), None, (NOTHING,), "allowed"),
        (session, HERE, (), None, None, "implicitDeny"),
        (session, HERE, (ANYTHING,), ANYTHING, (ANYTHING,), "allowed"),
        (session, HERE, (ANYTHING,), ANYTHING, (NOTHING,), "implicitDeny"),
    ],
)
def test_what_a_resources_policy_is_limited_by(caller, named, identity, boundary, passed, expected):
    limits = {"caller": caller, "identity": identity, "boundary": boundary, "passed": passed}
    assert assume(trust({"AWS": named}), **limits).verdict == expected
    assert get_object(grant({"AWS": named}), **limits).verdict == expected


@pytest.mark.parametrize("caller", [user, session])
def test_in_another_account_both_sides_have_to_allow(caller):
    grants = grant({"AWS": [USER, SESSION]})
    for named in (USER, SESSION, SESSION_ROLE, HERE, "*"):
        identity_and_bucket = get_object(
            grant({"AWS": [named, SESSION if caller is session else USER]}),
            caller=caller,
            owner=THERE,
            identity=(ANYTHING,),
        )
        assert identity_and_bucket.verdict == "allowed"
    assert get_object(grants, caller=caller, owner=THERE).verdict == "implicitDeny"
    assert get_object(caller=caller, owner=THERE, identity=(ANYTHING,)).verdict == "implicitDeny"
    for limit in ({"boundary": NOTHING}, {"passed": (NOTHING,)}):
        limited = get_object(grants, caller=caller, owner=THERE, identity=(ANYTHING,), **limit)
        assert limited.verdict == "implicitDeny"


def test_within_one_account_identity_policies_or_a_bucket_policy_are_enough():
    assert get_object(identity=(ANYTHING,)).verdict == "allowed"
    assert get_object(grant(ANOTHER_USER), identity=(ANYTHING,)).verdict == "allowed"
    assert get_object(grant(THE_USER)).verdict == "allowed"
    assert get_object().verdict == "implicitDeny"


def test_root_needs_no_policy_but_obeys_a_denying_bucket_policy():
    assert get_object(caller=root).verdict == "allowed"
    refused = get_object(grant("*") | {"Effect": "Deny"}, caller=root)
    assert refused.verdict == "explicitDeny"
    assert get_object(caller=root, owner=THERE).verdict == "implicitDeny"


def test_get_caller_identity_always_works():
    request = Request(user, "sts:GetCallerIdentity")
    assert decide(request, Policies()).verdict == "allowed"
    assert decide(request, Policies((policy(deny()),), boundary=NOTHING)).verdict == "allowed"


@pytest.mark.parametrize(
    ("spared", "caller", "verdict"),
    [
        ([USER, ROOT], user, "allowed"),
        ([USER], user, "explicitDeny"),
        ([ROOT], user, "explicitDeny"),
        ([SESSION, SESSION_ROLE, HERE], session, "allowed"),
        ([SESSION_ROLE, HERE], session, "explicitDeny"),
        (["*"], user, "allowed"),
    ],
)
def test_not_principal_spares_whom_it_lists_with_role_and_account(spared, caller, verdict):
    statement = {"Effect": "Deny", "NotPrincipal": {"AWS": spared}, "Action": "s3:*", "Resource": "*"}
    assert get_object(statement, caller=caller, identity=(ANYTHING,)).verdict == verdict


# --- Actions, resources, versions ---


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("s3:GetObject", True),
        ("S3:getobject", True),
        ("s3:Get*", True),
        ("s3:Get?bject", True),
        ("*", True),
        (["s3:PutObject", "s3:Get*"], True),
        ("s3:Get", False),
        ("s3:Get.bject", False),
        ("s3:[G]etObject", False),
        ([], False),
    ],
)
def test_actions(action, expected):
    assert allows(allow(action)) is expected
    assert allows({"Effect": "Allow", "NotAction": action, "Resource": "*"}) is not expected


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("*", True),
        (OBJECT, True),
        ("arn:aws:s3:::lesson/*", True),
        ("arn:aws:s3:::*/notes.txt", True),
        ("arn:aws:s3:::lesson", False),
        ("arn:aws:s3:::Lesson/*", False),
        ("arn:aws:s3:::lesson/notes?txt", True),
        ("arn:aws:s3:::lesson/notes.tx", False),
        (["arn:aws:s3:::other", "arn:aws:s3:::lesson/*"], True),
    ],
)
def test_resources(resource, expected):
    assert allows(allow(resource=resource)) is expected
    assert allows({"Effect": "Allow", "Action": "*", "NotResource": resource}) is not expected


def test_a_call_about_no_resource_needs_a_star():
    assert allows(allow("s3:*", "*"), action="s3:ListAllMyBuckets", resource="*")
    assert not allows(allow("s3:*", "arn:aws:s3:::lesson"), action="s3:ListAllMyBuckets", resource="*")


def test_policy_variables_in_resources():
    home = allow(resource="arn:aws:s3:::lesson/${aws:username}.txt")
    assert allows(home, **{"aws:username": "notes"})
    assert not allows(home, **{"aws:username": "*"})
    assert not allows(home)
    assert allows({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::${aws:username}"})


def test_policy_variables_are_plain_text_in_an_older_version():
    conditional = allow(Condition={"StringEquals": {"k:key": "${aws:username}"}})
    assert allows(conditional, **{"aws:username": "ana", "k:key": "ana"})
    assert not allows(conditional, version="2008-10-17", **{"aws:username": "ana", "k:key": "ana"})
    assert allows(conditional, version="2008-10-17", **{"k:key": "${aws:username}"})


# --- Reasons and phrases ---


@pytest.mark.parametrize(
    ("policies", "phrase"),
    [
        (Policies((ANYTHING,)), ""),
        (Policies(), "because no identity-based policy allows the s3:GetObject action"),
        (Policies((ANYTHING,), NOTHING), "because no permissions boundary allows the s3:GetObject action"),
        (
            Policies((ANYTHING,), session=(NOTHING,)),
            "because no session policy allows the s3:GetObject action",
        ),
        (Policies((ANYTHING, policy(deny()))), "with an explicit deny in an identity-based policy"),
        (Policies((ANYTHING,), policy(deny())), "with an explicit deny in a permissions boundary"),
        (Policies((ANYTHING,), session=(policy(deny()),)), "with an explicit deny in a session policy"),
        (
            Policies((ANYTHING,), resource=policy(grant("*") | {"Effect": "Deny"})),
            "with an explicit deny in a resource-based policy",
        ),
    ],
)
def test_how_a_refusal_is_worded(policies, phrase):
    assert decide(Request(user, "s3:GetObject", OBJECT), policies).phrase == phrase


def test_how_a_refusal_is_worded_where_the_resource_is_another_accounts_or_a_role():
    bucket = get_object(owner=THERE, identity=(ANYTHING,))
    assert bucket.phrase == "because no resource-based policy allows the s3:GetObject action"
    untrusted = assume(trust(A_SERVICE), identity=(MAY_ASSUME,))
    assert untrusted.phrase == "because no role trust policy allows the sts:AssumeRole action"
    barred = assume(trust(THE_USER, "Deny"))
    assert barred.phrase == "with an explicit deny in the role trust policy"
    assert barred.matched_by is None


def test_a_decision_says_what_each_side_said():
    decision = assume(trust(A_SERVICE), identity=(MAY_ASSUME,))
    assert (decision.identity_side, decision.resource_side) == ("allowed", "implicitDeny")
    assert get_object().resource_side is None
    limited = get_object(identity=(ANYTHING,), boundary=NOTHING)
    assert limited.identity_side == "implicitDeny"


def test_reasons_tell_policy_by_policy_which_element_did_not_fit():
    identity = Policy(
        'inline policy "home" of user "app"',
        policy(
            allow("s3:PutObject", Sid="Write"),
            allow(resource="arn:aws:s3:::other/*"),
            allow(Condition={"Bool": {"aws:SecureTransport": "true"}}),
            allow("s3:Get*"),
        ).document,
    )
    others = {"AWS": [ANOTHER_USER["AWS"], THERE], "Service": "ec2.amazonaws.com"}
    bucket = Policy("bucket policy", policy(grant(others)).document)
    decision = decide(Request(user, "s3:GetObject", OBJECT), Policies((identity,), resource=bucket))
    assert [(reason.side, reason.source) for reason in decision.reasons] == [
        ("identity", 'inline policy "home" of user "app"'),
        ("resource", "bucket policy"),
    ]
    said = [
        (one.name, one.applied, one.mismatch and dataclasses.astuple(one.mismatch))
        for reason in decision.reasons
        for one in reason.statements
    ]
    assert said == [
        ("Write", False, ("Action", "s3:PutObject", "s3:GetObject")),
        ("statement 2", False, ("Resource", "arn:aws:s3:::other/*", OBJECT)),
        ("statement 3", False, ("Condition", "Bool aws:SecureTransport: true", "absent")),
        ("statement 4", True, None),
        ("statement 1", False, ("Principal", f"{ANOTHER_USER['AWS']}, {THERE}, ec2.amazonaws.com", USER)),
    ]


# --- What always holds ---

conditions = st.sampled_from(
    [
        {},
        {"StringEquals": {"aws:username": "app"}},
        {"StringNotLike": {"aws:username": "a*"}},
        {"Null": {"aws:username": "true"}},
    ]
)
statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.sampled_from(["*", "s3:*", "s3:GetObject", "sts:AssumeRole", "glue:*"]),
        "Resource": st.sampled_from(["*", OBJECT, ROLE, "arn:aws:s3:::*", "arn:aws:s3:::${aws:username}"]),
        "Condition": conditions,
        "Principal": st.sampled_from(["*", THE_USER, THE_ACCOUNT, A_SERVICE, {"AWS": SESSION}, {"AWS": SESSION_ROLE}]),
    }
)
documents = st.lists(statements, min_size=1, max_size=3).map(lambda written: policy(*written))
all_policies = st.builds(
    Policies,
    identity=st.lists(documents, max_size=2).map(tuple),
    boundary=st.none() | documents,
    session=st.none() | st.lists(documents, max_size=2).map(tuple),
    resource=st.none() | documents,
)
requests = st.builds(
    Request,
    principal=st.sampled_from([user, session, root, ec2]),
    action=st.sampled_from(["s3:GetObject", "sts:AssumeRole", "glue:GetJob"]),
    resource=st.sampled_from(["*", OBJECT, ROLE, ROLE_THERE]),
    resource_account=st.sampled_from([None, HERE, THERE]),
    context=st.sampled_from([{}, {"aws:username": "app"}, {"AWS:UserName": "*"}]),
)
sides = st.sampled_from(["identity", "boundary", "session", "resource"])


def add(policies, side, statement):
    """Put a statement into a policy of one side, at the end of the first that is there."""
    existing = getattr(policies, side)
    if side in ("identity", "session"):
        return dataclasses.replace(policies, **{side: (*(existing or ()), policy(statement))})
    old = existing.document["Statement"] if existing else []
    return dataclasses.replace(policies, **{side: policy(*old, statement)})


@given(requests, all_policies, sides)
def test_a_deny_that_matches_never_yields_allowed(request_, policies, side):
    everyone = {} if side != "resource" else {"Principal": "*"}
    denied = add(policies, side, deny(**everyone))
    assert decide(request_, denied).verdict is Verdict.EXPLICIT_DENY


@pytest.mark.exhaustive
@given(requests, all_policies)
def test_the_order_of_statements_and_policies_never_matters(request_, policies):
    def turned(one):
        return one and policy(*reversed(one.document["Statement"]))

    other = Policies(
        identity=tuple(turned(one) for one in reversed(policies.identity)),
        boundary=turned(policies.boundary),
        session=policies.session and tuple(turned(one) for one in reversed(policies.session)),
        resource=turned(policies.resource),
    )
    first, second = decide(request_, policies), decide(request_, other)
    assert dataclasses.replace(first, reasons=()) == dataclasses.replace(second, reasons=())


@pytest.mark.exhaustive
@given(requests, all_policies, sides, statements)
def test_adding_an_allow_never_removes_access(request_, policies, side, statement):
    missing = side in ("boundary", "session") and getattr(policies, side) is None
    if missing or decide(request_, policies).verdict is not Verdict.ALLOWED:
        return
    more = add(policies, side, statement | {"Effect": "Allow"})
    assert decide(request_, more).verdict is Verdict.ALLOWED


@pytest.mark.exhaustive
@given(requests, all_policies)
def test_what_is_allowed_within_limits_is_allowed_without_them(request_, policies):
    free = dataclasses.replace(policies, boundary=None, session=None)
    if decide(request_, policies).verdict is Verdict.ALLOWED:
        assert decide(request_, free).verdict is Verdict.ALLOWED


@given(requests, all_policies)
def test_a_phrase_is_there_exactly_when_refused(request_, policies):
    decision = decide(request_, policies)
    expected = {"allowed": "", "explicitDeny": "with an .*", "implicitDeny": "because .*"}[decision.verdict]
    assert re.fullmatch(expected, decision.phrase)
