"""What rides along with a client: functions that botocore calls at certain moments of each call.

https://docs.aws.amazon.com/boto3/latest/guide/events.html
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple


class Hook(NamedTuple):
    """A function that rides along.

    Attributes:
        moment: when it is called, by botocore's name, such as `before-parameter-build`.
        function: what is called.
        is_first: whether it comes before botocore's own functions of that moment.
    """

    moment: str
    function: Callable[..., object]
    is_first: bool = False


def attach(client: Any, hooks: Iterable[Hook]) -> None:
    """Let functions ride along with a client, those of one moment in the order given.

    Args:
        client: a boto3 client.
        hooks: the moments, and what is called then.
    """
    events = client.meta.events
    for hook in hooks:
        register = events.register_first if hook.is_first else events.register
        register(hook.moment, hook.function)
