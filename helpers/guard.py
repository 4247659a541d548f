"""Guards an account of the learner's own: what the tutorial's clients may do in it, checked before AWS is asked.

Reading is always allowed. A change needs the account's number, typed; it has to be one that the tutorial makes, on
something that the tutorial made. What is made carries the learner's prefix, and is only begun when no permission for
the rest is missing.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from helpers import iam
from helpers.display import Rows, ToldInOneSentence
from helpers.permissions import Permissions, missing_permissions
from helpers.sts import who_am_i

if TYPE_CHECKING:
    from helpers.account import Account

Kind = Literal["role", "user", "bucket"]

_READS = ("Get", "List", "Describe", "Head", "Simulate")
_READING_COMMANDS = ("get-", "list-", "describe-", "head-", "simulate-", "wait", "help", "ls")
_CREATIONS = {"CreateRole", "CreateUser", "CreateBucket"}
_NAMED_BY: Mapping[Kind, str] = {"role": "RoleName", "user": "UserName", "bucket": "Bucket"}
_CHANGES: Mapping[tuple[str, Kind], frozenset[str]] = {
    ("iam", "role"): frozenset(
        {
            "CreateRole",
            "UpdateAssumeRolePolicy",
            "AttachRolePolicy",
            "DetachRolePolicy",
            "PutRolePolicy",
            "DeleteRolePolicy",
            "PutRolePermissionsBoundary",
            "DeleteRolePermissionsBoundary",
            "DeleteRole",
        }
    ),
    ("iam", "user"): frozenset(
        {
            "CreateUser",
            "CreateAccessKey",
            "UpdateAccessKey",
            "DeleteAccessKey",
            "AttachUserPolicy",
            "DetachUserPolicy",
            "PutUserPolicy",
            "DeleteUserPolicy",
            "RemoveUserFromGroup",
            "DeleteUser",
        }
    ),
    ("s3", "bucket"): frozenset({"CreateBucket", "PutBucketTagging", "PutObject", "DeleteObject", "DeleteBucket"}),
}


class GuardError(ToldInOneSentence, RuntimeError):
    """The tutorial was about to do something in the learner's own account that it should not; AWS was not asked."""


class Guard:
    """What stands between the tutorial and the learner's own account.

    Args:
        account: the account.
        confirmed: whether its number was typed already.
    """

    def __init__(self, account: "Account", *, confirmed: bool) -> None:
        self.confirmed = confirmed
        self._account = account
        self._known_as_ours: set[tuple[Kind, str]] = set()

    def confirm(self, typed: str) -> None:
        """Opens the account for changes.

        Args:
            typed: the account's number; spaces and hyphens do not count.

        Raises:
            GuardError: it is another number.
        """
        if typed.replace("-", "").replace(" ", "") != self._account.account_id:
            raise GuardError(
                f"You typed {typed}, and this is account {self._account.account_id}: nothing is changed in it. "
                "If you meant another account, choose its profile in notebook 00."
            )
        self.confirmed = True

    @cached_property
    def permissions(self) -> Permissions:
        """Which of the tutorial's actions you may not do, so far as IAM's simulator tells."""
        account = self._account
        caller_arn = who_am_i(account.client("sts")).arn
        return missing_permissions(account.client("iam"), caller_arn=caller_arn, name=account.named)

    def rows(self) -> Rows:
        """What the card says about it."""
        rows = [("Your names begin with", self._account.prefix)]
        if not self.confirmed:
            typed = "Type the account's number, in notebook 00's form, or in a cell: account.confirm(\"…\")"
            rows.append(("Before a change", typed))
        told = [f"{label}: {', '.join(text.splitlines())}" for label, text in self.permissions.rows()]
        return [*rows, ("Permissions", "\n".join([self.permissions.title(), *told]))]

    def watch(self, client: Any) -> None:
        """Checks each call of a boto3 client before it is sent."""
        client.meta.events.register_first("before-parameter-build", self._before_call)

    def check(self, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Lets a call pass, or says why not.

        Args:
            service: the service's name in botocore, such as `iam`.
            operation: such as `CreateRole`.
            parameters: what the call is given.

        Raises:
            GuardError: it would be a change that the tutorial does not make, or may not make yet.
        """
        if service == "sts" or operation.startswith(_READS):
            return
        kind, name = _changed(service, operation, parameters)
        if not self.confirmed:
            raise GuardError(
                f"This is your own account, and {operation} would change it. Type its number first: in notebook 00's "
                f'form, or here, as account.confirm("…").'
            )
        if operation in _CREATIONS:
            self._check_creation(kind, name)
        if not self._is_ours(kind, name):
            raise GuardError(
                f"{operation} was not sent: the tutorial did not make the {kind} {name}, and leaves it alone. "
                "Choose a name that is not taken."
            )

    def check_line(self, words: Sequence[str]) -> None:
        """Lets a line of the AWS CLI pass that changes nothing in the account, or says why not.

        Args:
            words: what follows `aws`.

        Raises:
            GuardError: it would be a change: the ledger could not know of it.
        """
        service, command = [*(word for word in words if not word.startswith("-")), "", ""][:2]
        if service in ("sts", "configure", "help") or command.startswith(_READING_COMMANDS):
            return
        raise GuardError(
            f"aws {service} {command} was not run: in your own account, what changes something goes through the "
            "helpers, which write it down before they do it, so that the clean-up finds it. Run it in your terminal."
        )

    def _is_ours(self, kind: Kind, name: str) -> bool:
        """Whether the tutorial made it, or nobody did; each is read once."""
        if kind == "bucket":
            return self._account.ledger.id in name
        if (kind, name) not in self._known_as_ours:
            client = self._account.client("iam")
            entity = iam.role_named(client, name) if kind == "role" else iam.user_named(client, name)
            if entity is None:
                return True
            if not iam.is_ours(client, kind, entity):
                return False
            self._known_as_ours.add((kind, name))
        return True

    def _check_creation(self, kind: Kind, name: str) -> None:
        if not name.startswith(self._account.prefix):
            raise GuardError(
                f"The {kind} {name} was not made: in this account your names begin with {self._account.prefix}, "
                f"so that everybody's things can be told apart. Call it {self._account.prefix}{name}."
            )
        self.permissions.check()

    def _before_call(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.check(model.service_model.service_name, model.name, params)


def _changed(service: str, operation: str, parameters: Mapping[str, Any]) -> tuple[Kind, str]:
    """What a change is about."""
    for (of_service, kind), operations in _CHANGES.items():
        if service == of_service and operation in operations:
            return kind, str(parameters.get(_NAMED_BY[kind], ""))
    raise GuardError(
        f"{service}:{operation} was not sent: the tutorial has no such step, and in your own account it does nothing "
        "else. For what you do there yourself, use a client of your own: boto3.client."
    )
