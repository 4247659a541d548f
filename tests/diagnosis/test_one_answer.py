"""One live decision: the steps' check, the picture, `explain` and AWS itself give the same answer, and ask once."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from helpers import iam, policies, sts
from helpers.account import Account, sandbox_account
from helpers.clients.error_codes import REFUSED, code_of
from helpers.evaluation.decisions import Verdict
from helpers.explain import explain
from helpers.lessons import picture, steps
from helpers.lessons.picture.svg import Sign
from helpers.sandbox.outside.connection import Connection
from support.random_setups import CONDITIONS, Conditions, Setup, Stage
from support.sandbox_clients import administrator, client, new_user

SETUPS, IN_EACH = 300, 10
# How far the sandbox's clock is ahead of this machine's: whoever goes by the machine's is found out.
AHEAD = timedelta(days=30)
SIGNS = {
    Verdict.ALLOWED: Sign.ALLOWED,
    Verdict.IMPLICIT_DENY: Sign.MISSING,
    Verdict.EXPLICIT_DENY: Sign.DENIED,
}


def conditions() -> Conditions:
    """Conditions on time, region, source address, tags and MFA, each met and not met."""
    between, past, future = (
        (datetime.now(UTC) + each).strftime("%Y-%m-%dT%H:%M:%SZ") for each in (AHEAD / 2, -AHEAD, 2 * AHEAD)
    )
    more: list[dict[str, dict[str, Any]]] = [
        *({"DateLessThan": {"aws:CurrentTime": time}} for time in (between, past, future)),
        *({"DateGreaterThan": {"aws:CurrentTime": time}} for time in (between, past, future)),
        {"DateGreaterThan": {"aws:CurrentTime": between}, "DateLessThan": {"aws:CurrentTime": future}},
        {"NumericGreaterThan": {"aws:EpochTime": str(int((datetime.now(UTC) + AHEAD / 2).timestamp()))}},
        {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
        {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}},
        {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}},
        {"StringLike": {"aws:RequestedRegion": "us-*"}},
        {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"]}},
        {"NotIpAddress": {"aws:SourceIp": "127.0.0.1/32"}},
        {"StringEquals": {"aws:PrincipalTag/team": "red"}},
        {"StringNotEquals": {"aws:PrincipalTag/team": "red"}},
        {"Null": {"aws:PrincipalTag/team": "false"}},
        {"StringEquals": {"aws:PrincipalTag/made-by": "iam-role-tutorial"}},
        {"StringEquals": {"aws:ResourceTag/made-by": "iam-role-tutorial"}},
        {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        {"StringEquals": {"iam:ResourceTag/team": "green"}},
        {"StringNotEqualsIfExists": {"aws:ResourceTag/nothing": "x"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        {"Null": {"aws:MultiFactorAuthPresent": "true"}},
        {"Null": {"aws:MultiFactorAuthAge": "false"}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}},
        {"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": "300"}},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"Bool": {"aws:SecureTransport": "false"}},
        {"StringEquals": {"aws:PrincipalType": "User"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/tutorial-*"}},
    ]
    # What a call says of itself, only the call has: the other three are asked without one.
    own = [each for each in CONDITIONS if "sts:RoleSessionName" not in str(each)]
    return [*own, *({"Condition": each} for each in more)]


@dataclass(frozen=True)
class Tutorial:
    """The tutorial's user, its key and its role."""

    account: Account
    stage: Stage
    role_arn: str
    key: iam.AccessKey


@pytest.fixture(scope="module")
def tutorial(own_sandbox: Connection, tmp_path_factory: pytest.TempPathFactory) -> Tutorial:
    account, admin = sandbox_account(own_sandbox, tmp_path_factory.mktemp("tutorial")), administrator(own_sandbox)
    account.advance_clock(AHEAD.total_seconds())
    made, writing = account.client("iam"), client(own_sandbox, "iam", admin)
    user, other = iam.create_user(made, name=steps.USER_NAME), new_user(own_sandbox)
    trust = policies.policy(policies.trust_service("ec2.amazonaws.com"))
    role = iam.create_role(made, name=steps.ROLE_NAME, trust_policy=trust)
    team = [{"Key": "team", "Value": "blue"}]
    writing.tag_user(UserName=user.name, Tags=team)
    writing.tag_role(RoleName=role.name, Tags=team)
    writing.create_group(GroupName="team")
    writing.add_user_to_group(GroupName="team", UserName=user.name)
    stage = Stage(account, user.arn, other.arn, "team", conditions())
    return Tutorial(account, stage, role.arn, steps.download_access_key(account, user_name=user.name))


def is_let_in(tutorial: Tutorial) -> bool:
    """What AWS answers to the user."""
    try:
        asking = tutorial.account.client("sts", tutorial.key)
        sts.assume_role(asking, role_arn=tutorial.role_arn, session_name="test")
    except ClientError as error:
        if code_of(error) in REFUSED:
            return False
        raise
    return True


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("seed", range(SETUPS // IN_EACH))
def test_all_say_what_aws_answers(tutorial: Tutorial, seed: int) -> None:
    chance, account = Random(seed), tutorial.account
    disagreeing, let_in = list[tuple[dict[str, Any], Setup]](), 0
    for _ in range(IN_EACH):
        written = tutorial.stage.play(chance, tutorial.role_arn)
        handshake = steps.read_state(account).handshake
        assert handshake is not None
        explained = explain(account, principal=tutorial.stage.user_arn, resource=tutorial.role_arn).verdict
        drawn = picture.draw(account).scene.outcome.sign
        allowed = is_let_in(tutorial)
        let_in += allowed
        answers = {"steps": handshake.verdict, "explain": explained, "picture": drawn, "AWS": allowed}
        said = {handshake.verdict is Verdict.ALLOWED, explained is Verdict.ALLOWED, drawn is Sign.ALLOWED, allowed}
        if len(said) > 1 or handshake.verdict is not explained or not explained or SIGNS[explained] is not drawn:
            disagreeing.append((answers, written))
    assert disagreeing == []
    assert 0 < let_in < IN_EACH, "set-ups of one kind alone show little"


# --- no reading happens twice for one answer


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[tuple[str, str, str]]]:
    """Counts what this process asks AWS, by address, method and parameters."""
    asked = Counter[tuple[str, str, str]]()
    send = URLLib3Session.send

    def note(session: URLLib3Session, request: Any) -> Any:
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        asked[request.url, request.method, str(body)] += 1
        return send(session, request)

    with monkeypatch.context() as patch:
        patch.setattr(URLLib3Session, "send", note)
        yield asked


ANSWERS: dict[str, Callable[[Account], object]] = {
    "explain": lambda account: explain(
        account,
        principal=f"arn:aws:iam::{account.account_id}:user/{steps.USER_NAME}",
        resource=f"arn:aws:iam::{account.account_id}:role/{steps.ROLE_NAME}",
    ),
    "the picture": picture.draw,
    "a step's check": lambda account: steps.check(account, 4),
    "the role's check": lambda account: steps.check(account, 6),
}


@pytest.mark.exhaustive(but_first=4)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("seed", range(3))
def test_no_reading_happens_twice_for_one_answer(
    tutorial: Tutorial, answer: Callable[[Account], object], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tutorial.stage.play(Random(seed), tutorial.role_arn)
    with noted(monkeypatch) as asked:
        answer(tutorial.account)
    assert asked
    assert {what: times for what, times in asked.items() if times > 1} == {}


def test_no_reading_happens_twice_to_explain_a_refusal(tutorial: Tutorial, monkeypatch: pytest.MonkeyPatch) -> None:
    tutorial.stage.write_trust(tutorial.role_arn, [policies.trust_service("ec2.amazonaws.com")])
    with pytest.raises(ClientError) as refused:
        sts.assume_role(tutorial.account.client("sts", tutorial.key), role_arn=tutorial.role_arn, session_name="test")
    with noted(monkeypatch) as asked:
        explained = explain(tutorial.account, refused.value)
    assert explained.verdict is not Verdict.ALLOWED
    assert asked
    assert {what: times for what, times in asked.items() if times > 1} == {}
