"""What a call asked for, kept with AWS's answer: an error of botocore's does not tell it by itself.

https://docs.aws.amazon.com/boto3/latest/guide/events.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from helpers.account import Credentials

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
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(repr=False)
    access_key_id: str = field(repr=False)
    region: str


def remember_calls(client: Any, signer: "Credentials") -> None:
    """Makes a client keep, with each answer, what was asked.

    Args:
        client: a boto3 client.
        signer: who signs its calls.
    """

    def before(params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        service = model.service_model.service_name
        context[_KEY] = Asked(service, model.name, params, signer.access_key_id, client.meta.region_name)

    def after(parsed: dict[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        if parsed.get("Error"):
            parsed[_KEY] = context.get(_KEY)

    client.meta.events.register("before-parameter-build", before)
    client.meta.events.register("after-call", after)


def asked_by(error: ClientError) -> Asked | None:
    """What the call asked for that AWS refused; None when another client than this account's made it."""
    asked: Asked | None = error.response.get(_KEY)  # type: ignore[assignment]
    return asked
