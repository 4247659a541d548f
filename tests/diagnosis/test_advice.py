"""What `explain` advises, done as it stands: in random set-ups, its command lines are run, and the call made again."""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from helpers.account import Account
from helpers.evaluation.decisions import Verdict
from helpers.explain import explain
from support.aws_cli import run_line
from support.sandbox_clients import Key, Signer, Statement, allow, deny, document, key_of, trust, unique

SETUPS, IN_EACH = 500, 5
# A boundary that AWS maintains, and says nothing of the calls here.
AWS_BOUNDARY = "arn:aws:iam::aws:policy/AmazonGlacierReadOnlyAccess"
CALLER_CONDITIONS: Sequence[Mapping[str, Any]] = (
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
    {"StringEquals": {"aws:username": "*"}},
    {"DateGreaterThan": {"aws:CurrentTime": "2035-01-01T00:00:00Z"}},
    {"Bool": {"aws:SecureTransport": "true"}},
)
OF_ASSUME_ROLE: Sequence[Mapping[str, Any]] = (
    {"StringEquals": {"sts:ExternalId": ["one", "two"]}},
    {"StringNotEquals": {"sts:ExternalId": "old"}},
    {"Null": {"sts:ExternalId": "true"}},
    {"StringLike": {"sts:RoleSessionName": "${aws:username}-*"}},
    {"NumericLessThanEquals": {"sts:DurationSeconds": "1800"}},
    {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}},
)
SESSION_POLICIES: Sequence[Sequence[Statement]] = (
    *([()] * 5),
    [allow("*")],
    [allow("s3:*")],
    [allow("sts:*")],
    [allow("*"), deny("s3:GetObject")],
)
OF_LIST_BUCKET: Sequence[Mapping[str, Any]] = (
    {"StringEquals": {"s3:prefix": ["reports/", "logs/"]}},
    {"StringNotLike": {"s3:prefix": "secret/*"}},
)


@dataclass(frozen=True)
class Asked:
    """A call to be refused: what it is, on what, who owns that, and what its own condition keys are."""

    action: str
    arn: str
    owner: Account
    conditions: Sequence[Mapping[str, Any]]
    call: Callable[[], object]


@dataclass(frozen=True)
class Editable:
    """A policy of the set-up: what it says, how it is replaced, and what allows the call in one of its kind."""

    statements: Sequence[Statement]
    put: Callable[[Sequence[Statement]], object]
    allowing: Statement


@dataclass
class Scene:
    """One random set-up: a caller of some kind, its policies, and a role or bucket with a policy of its own."""

    account: Account
    chance: Random
    editable: list[Editable] = field(default_factory=list)
    session_policy: Sequence[Statement] = ()

    def __post_init__(self) -> None:
        self.kind = self.chance.choice(["user", "user", "a user's session", "a role's session"])
        self.iam = self.account.client("iam")
        self.stranger = self.iam.create_user(UserName=unique("stranger"))["User"]["Arn"]
        self.holder = "role" if self.kind == "a role's session" else "user"
        self.name = unique("caller")
        self.arn, self.signer = self._role() if self.holder == "role" else self._user()

    @property
    def written(self) -> list[Statement]:
        """All statements, whichever policy they are in."""
        return [statement for policy in self.editable for statement in policy.statements]

    def _user(self) -> tuple[str, Signer]:
        arn = self.iam.create_user(UserName=self.name)["User"]["Arn"]
        made = self.iam.create_access_key(UserName=self.name)["AccessKey"]
        key = Key(made["AccessKeyId"], made["SecretAccessKey"])
        if self.kind == "user":
            return arn, key
        return arn, key_of(self.account.client("sts", key).get_session_token())

    def _role(self) -> tuple[str, Signer]:
        trusted = document(trust({"AWS": self.account.account_id}))
        arn = self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
        self.session_policy = self.chance.choice(SESSION_POLICIES)
        return arn, self.session(arn, self.session_policy)

    def session(self, role_arn: str, statements: Sequence[Statement] = ()) -> Key:
        """A session of the caller's role, with a session policy or without."""
        policy = {"Policy": document(*statements)} if statements else {}
        return key_of(self.account.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="app", **policy))

    def asked(self) -> Asked:
        """Makes what the call is about, with random policies on it and on the caller."""
        owner = self.chance.choice([self.account, self.account, self.account.others[0]])
        asked = self.chance.choice([self._assume_role, self._assume_role, self._list_bucket, self._get_object])(owner)
        for put, sizes in (
            (self._put_inline, (0, 1, 1, 2)),
            (self._put_in_group, (0, 0, 1) if self.holder == "user" else (0,)),
            (self._bound, (0, 0, 0, 1)),
        ):
            statements = [self._statement(asked) for _ in range(self.chance.choice(sizes))]
            if statements or put == self._put_inline:
                self.editable.append(Editable(statements, put, allow(asked.action, asked.arn)))
                put(statements)
        if self.chance.random() < 0.05:
            self._put("permissions_boundary", PermissionsBoundary=AWS_BOUNDARY)
        return asked

    def _assume_role(self, owner: Account) -> Asked:
        name = unique("target")
        statements = self._resource_statements("sts:AssumeRole", OF_ASSUME_ROLE)
        if not statements:
            statements = [trust({"AWS": self.stranger})]
        iam = owner.client("iam")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(*statements))

        def put(changed: Sequence[Statement]) -> None:
            if changed:  # a role always has a trust policy
                iam.update_assume_role_policy(RoleName=name, PolicyDocument=document(*changed))

        arn = made["Role"]["Arn"]
        self.editable.append(Editable(statements, put, trust({"AWS": self.arn})))
        call = lambda: self.account.client("sts", self.signer).assume_role(  # noqa: E731
            RoleArn=arn, RoleSessionName="test"
        )
        return Asked("sts:AssumeRole", arn, owner, OF_ASSUME_ROLE, call)

    def _list_bucket(self, owner: Account) -> Asked:
        bucket = self._bucket(owner, "s3:ListBucket", "", OF_LIST_BUCKET)
        call = lambda: self.account.client("s3", self.signer).list_objects_v2(Bucket=bucket)  # noqa: E731
        return Asked("s3:ListBucket", f"arn:aws:s3:::{bucket}", owner, OF_LIST_BUCKET, call)

    def _get_object(self, owner: Account) -> Asked:
        bucket = self._bucket(owner, "s3:GetObject", "/*", ())
        owner.client("s3").put_object(Bucket=bucket, Key="report", Body=b"")
        call = lambda: self.account.client("s3", self.signer).get_object(Bucket=bucket, Key="report")  # noqa: E731
        return Asked("s3:GetObject", f"arn:aws:s3:::{bucket}/report", owner, (), call)

    def _bucket(self, owner: Account, action: str, what: str, conditions: Sequence[Mapping[str, Any]]) -> str:
        bucket, s3 = unique("bucket"), owner.client("s3")
        s3.create_bucket(Bucket=bucket)
        s3.delete_public_access_block(Bucket=bucket)
        on = {"Resource": f"arn:aws:s3:::{bucket}{what}"}

        def put(changed: Sequence[Statement]) -> None:
            if changed:
                s3.put_bucket_policy(Bucket=bucket, Policy=document(*changed))
            else:
                s3.delete_bucket_policy(Bucket=bucket)

        statements = self._resource_statements(action, conditions, **on)
        self.editable.append(Editable(statements, put, {**trust({"AWS": self.arn}), **on, "Action": action}))
        put(statements)
        return bucket

    def _resource_statements(
        self, action: str, conditions: Sequence[Mapping[str, Any]], **more: str
    ) -> list[Statement]:
        account_id = self.account.account_id
        named = [{"AWS": self.arn}, {"AWS": self.arn}, {"AWS": account_id}, {"AWS": self.stranger}, "*"]
        named += [{"AWS": f"arn:aws:iam::{account_id}:root"}, {"Service": "ec2.amazonaws.com"}]
        statements = []
        for number in range(self.chance.choice((0, 1, 1, 2, 3))):
            effect = self.chance.choice(["Allow"] * 4 + ["Deny"])
            sid = {"Sid": f"Own{number}"} if self.chance.random() < 0.5 else {}
            own = trust(self.chance.choice(named), effect, **self._condition(conditions))
            statements.append({**own, **sid, **more, "Action": action})
        return statements

    def _statement(self, asked: Asked) -> Statement:
        service = asked.action.partition(":")[0]
        action = self.chance.choice([asked.action, asked.action, f"{service}:*", "*", "glue:*", asked.action.lower()])
        resource = self.chance.choice([asked.arn, asked.arn, "*", f"{asked.arn}-else", f"{asked.arn[:-3]}*"])
        effect = self.chance.choice([allow, allow, allow, deny])
        return effect(action, resource, **self._condition(asked.conditions))

    def _condition(self, conditions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        chosen = self.chance.choice([{}, {}, {}, *CALLER_CONDITIONS, *conditions])
        return {"Condition": chosen} if chosen else {}

    def _put_inline(self, statements: Sequence[Statement]) -> None:
        if statements:
            self._put("policy", PolicyName="inline", PolicyDocument=document(*statements))
        elif getattr(self.iam, f"list_{self.holder}_policies")(**self._named)["PolicyNames"]:
            getattr(self.iam, f"delete_{self.holder}_policy")(**self._named, PolicyName="inline")

    def _put_in_group(self, statements: Sequence[Statement]) -> None:
        named = {"GroupName": f"{self.name}-group"}
        if not self.iam.list_groups_for_user(UserName=self.name)["Groups"]:
            self.iam.create_group(**named)
            self.iam.add_user_to_group(**named, UserName=self.name)
        if statements:
            self.iam.put_group_policy(**named, PolicyName="inline", PolicyDocument=document(*statements))
        else:
            self.iam.delete_group_policy(**named, PolicyName="inline")

    def _bound(self, statements: Sequence[Statement]) -> None:
        if statements:  # a managed policy says something
            made = self.iam.create_policy(PolicyName=unique("boundary"), PolicyDocument=document(*statements))
            self._put("permissions_boundary", PermissionsBoundary=made["Policy"]["Arn"])

    def _put(self, what: str, **given: str) -> None:
        getattr(self.iam, f"put_{self.holder}_{what}")(**self._named, **given)

    @property
    def _named(self) -> dict[str, str]:
        return {f"{self.holder.title()}Name": self.name}


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("seed", range(SETUPS // IN_EACH))
def test_what_is_advised_mends_the_refusal(account: Account, seed: int) -> None:
    """A line of the call itself is run with the caller's key, every other by whoever owns what it changes."""
    chance = Random(seed)
    for number in range(IN_EACH):
        scene = Scene(account, chance)
        asked = scene.asked()
        if (error := error_of(asked.call)) is None:
            continue
        found = explain(account, error)
        shown = (
            f"{seed}/{number} {scene.kind} {asked.action}\n{json.dumps(scene.written)}\n{found!r}\n{found.next_step}"
        )
        assert found.verdict in (Verdict.IMPLICIT_DENY, Verdict.EXPLICIT_DENY), shown
        lines = found.next_step.cli.splitlines()
        if scene.session_policy:
            # Nobody can read it, and AWS names one side alone: the rest of what is advised is tried without it.
            scene.signer = scene.session(scene.arn)
            if error_of(asked.call) is None:
                assert "session policy" in f"{found.reason} {found.next_step.do}", shown
                continue
        if not lines:
            assert mending_change(scene, asked) is None, shown
        elif not any("<" in line for line in lines):
            assert follow(scene, asked, lines) is None, shown
            assert broader_than_the_call(scene, asked, lines) == [], shown


def follow(scene: Scene, asked: Asked, lines: Sequence[str]) -> str | None:
    """Runs the advised lines, and tells what is still refused: None where the call was allowed."""
    was_called = False
    for line in lines:
        service, operation = shlex.split(line)[1:3]
        is_session = operation == "assume-role" and scene.arn in line
        is_call = not is_session and (operation == "assume-role" or (service == "s3api" and "policy" not in operation))
        is_others = operation in ("update-assume-role-policy", "put-bucket-policy")
        account = asked.owner if is_others else scene.account
        signer = scene.signer if is_call else account.administrator
        assert signer is not None
        if problem := run_line(line, scene.account, signer):
            return f"{line}\n{problem}"
        was_called |= is_call
    return None if was_called or (error := error_of(asked.call)) is None else str(error)


def broader_than_the_call(scene: Scene, asked: Asked, lines: Sequence[str]) -> list[Statement]:
    """The statements that were added and allow more than this call to this caller."""
    words = [word for line in lines for word in shlex.split(line) if word.startswith("{")]
    added = [one for word in words for one in json.loads(word)["Statement"]]
    kept = [without_condition(one) for one in scene.written]
    return [
        one
        for one in added
        if one["Effect"] == "Allow"
        and without_condition(one) not in kept
        and "glacier:ListJobs" not in one["Action"]
        and not (
            one["Action"] == asked.action
            and one.get("Resource", asked.arn) == asked.arn
            and one.get("Principal", {"AWS": scene.arn}) == {"AWS": scene.arn}
        )
    ]


def without_condition(statement: Statement) -> Statement:
    return {name: value for name, value in statement.items() if name != "Condition"}


def mending_change(scene: Scene, asked: Asked) -> str | None:
    """Looks, policy by policy, for a statement to take out or to put in that allows the call; None where none does."""
    for policy in scene.editable:
        without = [[one for one in policy.statements if one is not left_out] for left_out in policy.statements]
        for changed in [*without, [*policy.statements, policy.allowing]]:
            policy.put(changed)
            if error_of(asked.call) is None:
                return f"{json.dumps(policy.statements)} -> {json.dumps(changed)}"
        policy.put(policy.statements)
    return None


def error_of(call: Callable[[], object]) -> ClientError | None:
    try:
        call()
    except ClientError as error:
        return error
    return None
