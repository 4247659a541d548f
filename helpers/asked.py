"""What a call asked for, kept with AWS's answer: an error of botocore's does not tell it by itself.

https://docs.aws.amazon.com/boto3/latest/guide/events.html
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from helpers.account import Account, Credentials

_KEY = "Asked"


@dataclass(frozen=True)
class Asked:
    """A call as it was made.

    Attributes:
        service: the service's name in botocore, such as `sts`.
        operation: the operation, such as `AssumeRole`.
        parameters: what it was given; may hold secrets, and is not shown.
        access_key_id: whose key signed it; not shown.
        region: the region that it went to.
        account: the account whose client made it.
        signer: who signed it; None for the account's administrator.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(repr=False)
    access_key_id: str = field(repr=False)
    region: str
    account: "Account" = field(repr=False)
    signer: "Credentials | None" = field(repr=False)


_heard: ContextVar[list[Asked] | None] = ContextVar("calls made", default=None)


def remember_calls(client: Any, account: "Account", signer: "Credentials | None") -> None:
    """Makes a client keep, with each answer, what was asked.

    Args:
        client: a boto3 client.
        account: the account that it is a client of.
        signer: who signs its calls; None for the account's administrator.
    """

    def before(params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        service, region = model.service_model.service_name, client.meta.region_name
        access_key_id = (signer or account.administrator).access_key_id
        context[_KEY] = Asked(service, model.name, params, access_key_id, region, account, signer)
        if (heard := _heard.get()) is not None:
            heard.append(context[_KEY])

    def after(parsed: dict[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        if parsed.get("Error"):
            parsed[_KEY] = context.get(_KEY)

    client.meta.events.register("before-parameter-build", before)
    client.meta.events.register("after-call", after)


def asked_by(error: ClientError) -> Asked | None:
    """What the call asked for that AWS refused; None when another client than this account's made it."""
    asked: Asked | None = error.response.get(_KEY)  # type: ignore[assignment]
    return asked


@contextmanager
def calls_heard() -> Iterator[list[Asked]]:
    """The calls that this account's clients make in the `with` block, whatever AWS answers: a list that grows."""
    calls: list[Asked] = []
    token = _heard.set(calls)
    try:
        yield calls
    finally:
        _heard.reset(token)
