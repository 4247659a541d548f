"""Take an answer that was cut off for a lost one.

botocore does not compare what arrived with the length that was announced. It reads the half as if it were all, and
where it cannot, its error quotes the half, a new secret included.

https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html
"""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ConnectionClosedError


def refuse_half_answer(response_dict: Mapping[str, Any], operation_model: Any, **_: Any) -> None:
    """Raise `ConnectionClosedError` where an answer was cut off, in place of reading it: a hook of `before-parse`."""
    if operation_model.has_streaming_output or operation_model.http.get("method") == "HEAD":
        return
    announced = response_dict["headers"].get("content-length")
    if announced and len(response_dict["body"]) < int(announced):
        service = operation_model.service_model.service_name
        raise ConnectionClosedError(endpoint_url=f"{service}:{operation_model.name}")
