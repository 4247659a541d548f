"""Ask AWS each question once: what was read already for an answer is not read again.

https://docs.aws.amazon.com/boto3/latest/guide/events.html
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

_READS = ("Get", "List", "Describe")
_KEY = "Read once"

_answers: ContextVar[dict[object, dict[str, Any]] | None] = ContextVar("answers read", default=None)


@contextmanager
def reading_once() -> Iterator[None]:
    """Let clients of open accounts answer from memory, in the `with` block, what they asked in it before.

    Only readings that AWS answered are remembered. A block inside another one shares its memory.
    """
    if _answers.get() is not None:
        yield
        return
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


class ReadOnce:
    """Answers a client's readings from memory, where they are made in a `reading_once` block.

    Args:
        signer: tells whose client it is: another signer may get another answer.
    """

    def __init__(self, signer: object) -> None:
        self._signer = signer

    def recall(
        self, model: Any, params: Mapping[str, Any], context: dict[str, Any], **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]] | None:
        """Give the answer that a reading got before: a hook of `before-call`."""
        answers = _answers.get()
        if answers is None or not model.name.startswith(_READS) or model.has_streaming_output:
            return None
        asked = repr((params["url"], params["body"]))
        context[_KEY] = key = (self._signer, model.service_model.service_name, model.name, asked)
        found = answers.get(key)
        return (AWSResponse(params["url"], 200, HTTPHeaders(), None), deepcopy(found)) if found else None

    def remember(
        self, response_dict: Any, parsed_response: dict[str, Any] | None, context: Mapping[str, Any], **_: Any
    ) -> None:
        """Keep what a reading answers, as it came: a hook of `response-received`."""
        answers, key = _answers.get(), context.get(_KEY)
        if answers is not None and key is not None and parsed_response and response_dict["status_code"] < 300:
            answers[key] = deepcopy(parsed_response)
