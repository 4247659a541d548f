"""What a call asked for, kept with AWS's answer: an error of botocore's does not tell it by itself.

https://docs.aws.amazon.com/boto3/latest/guide/events.html
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

from helpers.clients.credentials import Credentials

_KEY = "Call"
_READS = ("Get", "List", "Describe", "Head", "Simulate")


@dataclass
class Changes:
    """When something was changed in an account by its own clients and lines of the AWS CLI.

    Attributes:
        count: how many changes there were.
        latest: the time of the latest, by AWS's own clock; None where there was none.
    """

    count: int = 0
    latest: datetime | None = None

    def note(self, now: datetime) -> None:
        """Note a change."""
        self.count += 1
        self.latest = now


class OpenAccount(Protocol):
    """An open account, as far as a call made in it is looked into: where it is, and clients to read it with."""

    @property
    def account_id(self) -> str:
        """The account's 12 digits."""

    @property
    def region(self) -> str:
        """The region of all clients."""

    @property
    def administrator(self) -> Credentials:
        """Who signs when nobody else is named."""

    @property
    def others(self) -> tuple["OpenAccount", ...]:
        """The other accounts that are the learner's too."""

    def of(self, account_id: str) -> "OpenAccount | None":
        """Return the account with these 12 digits, if it is one of the learner's."""

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """Return a boto3 client in this account."""

    @property
    def changes(self) -> "Changes":
        """When something was changed in it, so far as its own clients know."""

    def now(self) -> datetime:
        """Return the time by AWS's own clock."""


@dataclass(frozen=True)
class Call:
    """A call as it was made.

    Attributes:
        service: the name that it was signed for, such as `sts`; it stands in front of the service's actions too.
        operation: the operation, such as `AssumeRole`.
        parameters: what it was given; may hold secrets, and is not shown.
        takes: the parameters that the operation has.
        access_key_id: whose key signed it; not shown.
        has_token: whether a session token came along.
        region: the region that it went to.
        answered_at: when AWS refused it, by its own clock; None for a call that went through.
        changes_before: how many changes of the account had been made by then.
        account: the account whose client made it.
        signer: who signed it; None for the account's administrator.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(repr=False)
    takes: frozenset[str] = field(repr=False)
    access_key_id: str = field(repr=False)
    has_token: bool
    region: str
    account: OpenAccount = field(repr=False)
    signer: Credentials | None = field(repr=False)
    answered_at: datetime | None = None
    changes_before: int = 0

    @property
    def is_by_temporary_key(self) -> bool:
        """Whether a session's key signed it, of which IAM keeps no list."""
        return self.access_key_id.startswith("ASIA")


_made: ContextVar[list[Call] | None] = ContextVar("calls made", default=None)


class CallRecorder:
    """Makes a client keep, with each error, the call that AWS refused.

    Args:
        account: the account that it is a client of.
        signer: who signs its calls; None for the account's administrator.
        region: where they go.
    """

    def __init__(self, account: OpenAccount, signer: Credentials | None, region: str) -> None:
        self._account, self._signer, self._region = account, signer, region

    def note(self, params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        """Note a call before it is sent."""
        key = self._signer or self._account.administrator
        context[_KEY] = call = Call(
            service=model.service_model.signing_name,
            operation=model.name,
            parameters=params,
            takes=frozenset(model.input_shape.members) if model.input_shape else frozenset(),
            access_key_id=key.access_key_id,
            has_token=key.session_token is not None,
            region=self._region,
            account=self._account,
            signer=self._signer,
        )
        if (made := _made.get()) is not None:
            made.append(call)

    def keep(self, parsed: dict[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        """Keep the call with AWS's error, or note a change that it made; the clock has heard the answer already."""
        call: Call | None = context.get(_KEY)
        if call and not parsed.get("Error") and not call.operation.startswith(_READS) and call.service != "sts":
            self._account.changes.note(self._account.now())
        if call and parsed.get("Error"):
            parsed[_KEY] = replace(call, answered_at=self._account.now(), changes_before=self._account.changes.count)


def call_of(error: ClientError) -> Call | None:
    """Return the call that AWS refused; None when another client than an open account's made it."""
    call: Call | None = error.response.get(_KEY)  # type: ignore[assignment]
    return call


@contextmanager
def calls_made() -> Iterator[list[Call]]:
    """Collect the calls that clients of open accounts make in the `with` block, whatever AWS answers."""
    calls: list[Call] = []
    token = _made.set(calls)
    try:
        yield calls
    finally:
        _made.reset(token)
