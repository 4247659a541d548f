"""Random policies around a user and the roles that it asks for: its own, a group's, a boundary, a trust policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from helpers.account import Account
from support.sandbox_clients import Statement, allow, deny, document, trust, unique

Conditions = Sequence[Mapping[str, Any]]

# On who asks, from where, and when; and on what a call may tell: an external id, MFA, a session's name.
CONDITIONS: Conditions = [
    {"Condition": condition}
    for condition in (
        {"StringEquals": {"sts:ExternalId": "agreed"}},
        {"StringNotEquals": {"sts:ExternalId": "agreed"}},
        {"StringEquals": {"aws:PrincipalTag/team": ["blue", "green"]}},
        {"StringLike": {"aws:username": "nobody-*"}},
        {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
        {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
        {"Null": {"sts:RoleSessionName": "true"}},
        {"StringEquals": {"aws:ResourceAccount": "111122223333"}},
    )
]


@dataclass(frozen=True)
class Setup:
    """What was written: the statements of each document."""

    user: Sequence[Statement]
    group: Sequence[Statement]
    boundary: Sequence[Statement]
    trust: Sequence[Statement]


@dataclass(frozen=True)
class Stage:
    """A user in a group, and roles, on which random set-ups are played.

    Attributes:
        account: the account of the user, and of the administrator who writes.
        user_arn: the user who asks.
        other_arn: another user.
        group: the name of the user's group.
        conditions: what statements may depend on.
    """

    account: Account
    user_arn: str
    other_arn: str
    group: str
    conditions: Conditions

    @property
    def iam(self) -> Any:
        """The client that writes."""
        return self.account.client("iam")

    @property
    def user(self) -> str:
        """The user's name."""
        return self.user_arn.rpartition("/")[2]

    def play(self, chance: Random, role_arn: str) -> Setup:
        """Writes all documents anew."""
        user, group, boundary = (
            [self._statement(chance, role_arn, number) for number in range(chance.choice(sizes))]
            for sizes in ((0, 1, 1, 2), (0, 0, 1), (0, 0, 0, 1, 2))
        )
        own = [self._trust_statement(chance, number) for number in range(chance.choice((1, 1, 2, 3)))]
        self.write_user_policy(user)
        self.write_group_policy(group)
        self.write_boundary(boundary)
        self.write_trust(role_arn, own)
        return Setup(user, group, boundary, own)

    def write_user_policy(self, statements: Sequence[Statement]) -> None:
        """Replaces the user's inline policy; takes it away where there are no statements."""
        self._write("user", self.user, statements)

    def write_group_policy(self, statements: Sequence[Statement]) -> None:
        """Replaces the group's inline policy; takes it away where there are no statements."""
        self._write("group", self.group, statements)

    def write_boundary(self, statements: Sequence[Statement]) -> None:
        """Replaces the user's boundary; takes it away where there are no statements."""
        if not statements:
            if "PermissionsBoundary" in self.iam.get_user(UserName=self.user)["User"]:
                self.iam.delete_user_permissions_boundary(UserName=self.user)
            return
        created = self.iam.create_policy(PolicyName=unique("boundary"), PolicyDocument=document(*statements))
        self.iam.put_user_permissions_boundary(UserName=self.user, PermissionsBoundary=created["Policy"]["Arn"])

    def write_trust(self, role_arn: str, statements: Sequence[Statement]) -> None:
        """Replaces a role's trust policy."""
        owner = self.account.of(role_arn.split(":")[4])
        assert owner is not None
        owner.client("iam").update_assume_role_policy(
            RoleName=role_arn.rpartition("/")[2], PolicyDocument=document(*statements)
        )

    def _write(self, kind: str, name: str, statements: Sequence[Statement]) -> None:
        named = {f"{kind.title()}Name": name}
        if statements:
            put = getattr(self.iam, f"put_{kind}_policy")
            put(**named, PolicyName="inline", PolicyDocument=document(*statements))
        elif "inline" in getattr(self.iam, f"list_{kind}_policies")(**named)["PolicyNames"]:
            getattr(self.iam, f"delete_{kind}_policy")(**named, PolicyName="inline")

    def _statement(self, chance: Random, role_arn: str, number: int) -> Statement:
        action = chance.choice(["sts:AssumeRole", "sts:AssumeRole", "sts:*", "STS:assumerole", "s3:*", "*"])
        resource = chance.choice([role_arn, role_arn, "*", f"{role_arn}-else", role_arn[:-3] + "*"])
        more = chance.choice([{}, {}, {}, *self.conditions])
        effect = chance.choice([allow, allow, allow, allow, deny])
        return {**effect(action, resource, **more), "Sid": f"S{number}"}

    def _trust_statement(self, chance: Random, number: int) -> Statement:
        named = [
            {"AWS": self.user_arn},
            {"AWS": self.user_arn},
            {"AWS": self.account.account_id},
            {"AWS": f"arn:aws:iam::{self.account.account_id}:root"},
            {"AWS": self.other_arn},
            {"AWS": [self.other_arn, self.user_arn]},
            {"Service": "ec2.amazonaws.com"},
            "*",
        ]
        more = chance.choice([{}, {}, *self.conditions])
        effect = chance.choice(["Allow"] * 5 + ["Deny"])
        return {**trust(chance.choice(named), effect, **more), "Sid": f"T{number}"}
