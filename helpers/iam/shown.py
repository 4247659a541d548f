"""What the IAM steps return: roles, users and keys that show themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from helpers import policies
from helpers.display import Rows, Shown, mask


@dataclass(frozen=True, repr=False)
class Role(Shown):
    """A role: who may assume it (trust policy), and what it may do (permissions policies).

    Attributes:
        name: the role's name.
        arn: its ARN.
        trust_policy: its trust policy document.
        attached_policies: the ARNs of its managed policies.
        inline_policies: its inline policy documents, by name.
    """

    name: str
    arn: str
    trust_policy: policies.Document
    attached_policies: tuple[str, ...] = ()
    inline_policies: Mapping[str, policies.Document] = field(default_factory=dict)

    def title(self) -> str:
        """The role's name."""
        return f"Role {self.name}"

    def rows(self) -> Rows:
        """The ARN, who may assume the role, and what it may do."""
        trusted = [_trusted(statement) for statement in policies.statements(self.trust_policy)]
        permissions = [arn.rpartition("/")[2] for arn in self.attached_policies]
        permissions += [f"{name} (inline)" for name in self.inline_policies]
        return [
            ("ARN", self.arn),
            ("Trusts", "\n".join(trusted) or "nobody"),
            ("Permissions", "\n".join(permissions) or "none"),
        ]


@dataclass(frozen=True, repr=False)
class User(Shown):
    """A user, and what it may do.

    Attributes:
        name: the user's name.
        arn: its ARN.
        attached_policies: the ARNs of its managed policies.
        inline_policies: its inline policy documents, by name.
    """

    name: str
    arn: str
    attached_policies: tuple[str, ...] = ()
    inline_policies: Mapping[str, policies.Document] = field(default_factory=dict)

    def title(self) -> str:
        """The user's name."""
        return f"User {self.name}"

    def rows(self) -> Rows:
        """The ARN, and what the user may do."""
        permissions = [arn.rpartition("/")[2] for arn in self.attached_policies]
        permissions += [f"{name} (inline)" for name in self.inline_policies]
        return [("ARN", self.arn), ("Permissions", "\n".join(permissions) or "none")]


@dataclass(frozen=True, repr=False)
class AccessKey(Shown):
    """A user's long-lived key pair. AWS tells the secret once, when the key is made.

    Attributes:
        user_name: whose key it is.
        access_key_id: the public half (`AKIA…`), shown masked.
        secret_access_key: the secret half, never shown.
    """

    user_name: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    @property
    def session_token(self) -> None:
        """Long-lived keys have none."""
        return None

    def title(self) -> str:
        """Whose key it is."""
        return f"Access key of user {self.user_name}"

    def rows(self) -> Rows:
        """Both halves, masked."""
        return [("Access key ID", mask(self.access_key_id)), ("Secret access key", "*" * 20)]


@dataclass(frozen=True, repr=False)
class Deleted(Shown):
    """What a clean-up deleted, in order.

    Attributes:
        names: one line for each thing.
    """

    names: tuple[str, ...]

    def title(self) -> str:
        """How many things were deleted."""
        if not self.names:
            return "Nothing to delete"
        return f"Deleted {len(self.names)} thing{'s' if len(self.names) > 1 else ''}, in this order"

    def rows(self) -> Rows:
        """The things, in the order in which they were deleted."""
        return [(str(number), name) for number, name in enumerate(self.names, start=1)]


def _trusted(statement: policies.Statement) -> str:
    """Whom a trust statement lets in (or keeps out), in a few words."""
    principal = statement.get("Principal", "")
    named = principal if isinstance(principal, str) else ", ".join(map(_listed, principal.values()))
    return named if statement.get("Effect") == "Allow" else f"never {named}"


def _listed(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)
