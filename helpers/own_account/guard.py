"""Guard an account of the learner's own: what the tutorial's clients may do in it, checked before AWS is asked.

Reading is always allowed. A change needs the account's number, typed; it has to be one that the tutorial makes, on
something that the tutorial made. What is made carries the learner's prefix, and is only begun when no permission for
the rest is missing.

Guarded are the account's clients, those of sessions too, with whatever is built on them (paginators, S3's transfers,
presigned URLs), and lines of the AWS CLI. Not guarded is what else runs on this machine: clients of your own, a
terminal, a Python script or a shell that `cli.run` starts, and a POST form of S3's, which a client signs unasked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Literal, Protocol

from botocore import xform_name

from helpers.display import Rows, ToldInOneSentence
from helpers.inventory.ledger import Ledger
from helpers.inventory.ownership import entity_named, is_ours
from helpers.own_account.choice import VARIABLES
from helpers.own_account.permissions import Permissions, missing_permissions
from helpers.secrecy import mask_secrets
from helpers.sts import who_am_i

Kind = Literal["role", "user", "bucket"]

_READS = ("Get", "List", "Describe", "Head", "Simulate")
# What is named as reading is, and stores or starts something: a template in a bucket, an identity, a job.
_NO_READS = {
    "GetFlowLogsIntegrationTemplate",
    "GetId",
    "GetOpenIdTokenForDeveloperIdentity",
    "GetScalingConfigurationRecommendation",
}
_READING_COMMANDS = ("wait", "help", "ls", *(f"{xform_name(read)}-" for read in _READS))
_NO_READING_COMMANDS = {xform_name(operation, "-") for operation in _NO_READS}
_CREATIONS = {"CreateRole", "CreateUser", "CreateBucket"}
_NAMED_BY: Mapping[Kind, str] = {"role": "RoleName", "user": "UserName", "bucket": "Bucket"}


def _words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


_CHANGES: Mapping[tuple[str, Kind], frozenset[str]] = {
    ("iam", "role"): _words(
        "CreateRole UpdateAssumeRolePolicy AttachRolePolicy DetachRolePolicy PutRolePolicy DeleteRolePolicy "
        "PutRolePermissionsBoundary DeleteRolePermissionsBoundary RemoveRoleFromInstanceProfile DeleteRole"
    ),
    ("iam", "user"): _words(
        "CreateUser CreateAccessKey UpdateAccessKey DeleteAccessKey AttachUserPolicy DetachUserPolicy PutUserPolicy "
        "DeleteUserPolicy RemoveUserFromGroup DeleteLoginProfile DeactivateMFADevice DeleteSigningCertificate "
        "DeleteSSHPublicKey DeleteUser"
    ),
    ("s3", "bucket"): _words("CreateBucket PutBucketTagging PutObject DeleteObject DeleteBucket"),
}


class GuardError(ToldInOneSentence, RuntimeError):
    """The tutorial was about to do something in the learner's own account that it should not; AWS was not asked."""


class GuardedAccount(Protocol):
    """What a guard has to know of the account that it guards."""

    @property
    def account_id(self) -> str:
        """The account's 12 digits."""

    @property
    def prefix(self) -> str:
        """What the learner's names begin with."""

    @property
    def ledger(self) -> Ledger:
        """What the tutorial made in it."""

    def named(self, name: str) -> str:
        """Return a name as it is in this account."""

    def client(self, service: str) -> Any:
        """Return a boto3 client in this account."""


class Guard:
    """What stands between the tutorial and the learner's own account.

    Args:
        account: the account.
        confirmed: whether its number was typed already.
    """

    def __init__(self, account: GuardedAccount, *, confirmed: bool) -> None:
        self.confirmed = confirmed
        self._account = account
        self._chosen: frozenset[str] = frozenset()

    def confirm(self, typed: str) -> None:
        """Open the account for changes.

        Args:
            typed: the account's number; spaces and hyphens do not count.

        Raises:
            GuardError: it is another number.
        """
        if str(typed).replace("-", "").replace(" ", "") != self._account.account_id:
            told = mask_secrets(f"{typed}" or "no number")
            raise GuardError(
                f"You typed {told}, and this is account {self._account.account_id}: nothing is changed in it. Type "
                f"that number, or set {VARIABLES['account_id']} to it; for another account, choose its profile."
            )
        self.confirmed = True

    @cached_property
    def permissions(self) -> Permissions:
        """Which of the tutorial's actions you may not do, so far as IAM's simulator tells."""
        account = self._account
        caller_arn = who_am_i(account.client("sts")).arn
        return missing_permissions(account.client("iam"), caller_arn=caller_arn, name=account.named)

    def rows(self) -> Rows:
        """Tell what the card says about it."""
        rows = [("Your names begin with", self._account.prefix)]
        if not self.confirmed:
            typed = "Type the account's number, in notebook 00's form, or in a cell: account.confirm(\"…\")"
            rows.append(("Before a change", typed))
        told = [f"{label}: {', '.join(text.splitlines())}" for label, text in self.permissions.rows()]
        return [*rows, ("Permissions", "\n".join([self.permissions.title(), *told]))]

    @contextmanager
    def taking_for_ours(self, chosen: Iterable[str]) -> Iterator[None]:
        """Let the `with` block change what was chosen by hand, though the ledger does not have it.

        Args:
            chosen: kinds and names, such as `role anna-tutorial-role`.
        """
        self._chosen = frozenset(chosen)
        try:
            yield
        finally:
            self._chosen = frozenset()

    def check(self, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Let a call pass, or say why not.

        Args:
            service: the service's name in botocore, such as `iam`.
            operation: such as `CreateRole`.
            parameters: what the call is given.

        Raises:
            GuardError: it would be a change that the tutorial does not make, or may not make yet.
        """
        if service == "sts" or (operation.startswith(_READS) and operation not in _NO_READS):
            return
        kind, name = _changed(service, operation, parameters)
        if not self.confirmed:
            raise GuardError(
                f"This is your own account, and {operation} would change it. Type its number first: in notebook 00's "
                f'form, or here, as account.confirm("…"); without Jupyter, set {VARIABLES["account_id"]}.'
            )
        if operation in _CREATIONS:
            self._check_creation(kind, name)
        if f"{kind} {name}" not in self._chosen and not self._is_ours(kind, name):
            taken = " Choose a name that is not taken." if operation in _CREATIONS else ""
            raise GuardError(
                f"{operation} was not sent: this checkout of the tutorial did not make the {kind} {name}, and leaves "
                f"it alone.{taken}"
            )

    def check_line(self, words: Sequence[str]) -> None:
        """Let a line of the AWS CLI pass that changes nothing in the account, or say why not.

        Args:
            words: what follows `aws`.

        Raises:
            GuardError: it would be a change: the ledger could not know of it.
        """
        service, command = [*words, "", ""][:2]
        if service in ("sts", "configure", "help", "--version"):
            return
        if service.startswith("-"):
            raise GuardError("Write the service and the command first, as in aws iam list-users --profile …")
        if command.startswith(_READING_COMMANDS) and command not in _NO_READING_COMMANDS:
            return
        raise GuardError(
            f"aws {service} {command} was not run: in your own account, what changes something goes through the "
            "helpers, which write it down before they do it, so that the clean-up finds it. Run it in your terminal."
        )

    def _is_ours(self, kind: Kind, name: str) -> bool:
        """Tell whether the tutorial made it, or nobody did."""
        if kind == "bucket":
            return self._account.ledger.id in name
        client = self._account.client("iam")
        entity = entity_named(client, kind, name)
        return entity is None or is_ours(client, kind, entity)

    def _check_creation(self, kind: Kind, name: str) -> None:
        if not name.startswith(self._account.prefix) or name == self._account.prefix:
            raise GuardError(
                f"The {kind} {name} was not made: in this account your names begin with {self._account.prefix}, "
                f"so that everybody's things can be told apart. Call it {self._account.prefix}{name}."
            )
        if self.permissions.missing:
            del self.permissions  # somebody may have granted them meanwhile
        self.permissions.check()

    def check_call(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        """Check a call of a boto3 client before it is sent: a hook of `before-parameter-build`."""
        self.check(model.service_model.service_name, model.name, params)


def _changed(service: str, operation: str, parameters: Mapping[str, Any]) -> tuple[Kind, str]:
    """Tell what a change is about."""
    for (of_service, kind), operations in _CHANGES.items():
        if service == of_service and operation in operations:
            if name := parameters.get(_NAMED_BY[kind]):
                return kind, str(name)
            raise GuardError(f"{operation} was not sent: name the {kind}, as {_NAMED_BY[kind]}.")
    raise GuardError(
        f"{service}:{operation} was not sent: the tutorial has no such step, and in your own account it does nothing "
        "else. For what you do there yourself, use a client of your own: boto3.client."
    )
