"""A call as a line of the AWS CLI, or as a line of Python: to be made again with something along.

https://docs.aws.amazon.com/cli/latest/reference/
"""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from botocore import xform_name

_COMMANDS = {"s3": "s3api", "logs": "logs", "monitoring": "cloudwatch", "states": "stepfunctions"}


def cli_line(service: str, operation: str, parameters: Mapping[str, Any]) -> str:
    """Write a call as a line of the AWS CLI.

    Args:
        service: the name that the call is signed for, such as `sts`.
        operation: the operation, such as `AssumeRole`.
        parameters: what it is given, as boto3 names it.
    """
    words = ["aws", _COMMANDS.get(service, service), xform_name(operation, "-")]
    for name, value in (_counted(parameters) if operation == "RunInstances" else parameters).items():
        words.append(f"--{xform_name(name, '-')}")
        words.append(shlex.quote(value) if isinstance(value, str) else _argument(value))
    return " ".join(words)


def _counted(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write how many instances are started as the AWS CLI does: both numbers in one argument."""
    others = {name: value for name, value in parameters.items() if name not in ("MinCount", "MaxCount")}
    return {**others, "Count": f"{parameters['MinCount']}:{parameters['MaxCount']}"}


def _argument(value: object) -> str:
    """Write what is no text: as JSON, or as a place to fill in where it is the content of a file."""
    is_content = isinstance(value, bytes | bytearray) or hasattr(value, "read")
    return "<file>" if is_content else shlex.quote(json.dumps(value, default=str))


def json_argument(document: Mapping[str, Any]) -> str:
    """Write a policy document as an argument of a command line."""
    return shlex.quote(json.dumps(document))
