"""Keeps secrets out of what others show: IPython's tracebacks, and botocore's log.

With `%xmode Verbose`, a traceback shows the variables of each function in it; at the level DEBUG, botocore logs the
headers that it sends and the answers that it gets.

https://boto3.amazonaws.com/v1/documentation/api/latest/reference/core/boto3.html#boto3.set_stream_logger
"""

import logging
import re
import sys
from functools import cache
from typing import Any

from helpers.display import mask_secrets

# IPython leaves out the middle of a long text.
_CUT = re.compile(r"[A-Za-z0-9/+]{12,}\.\.\.[A-Za-z0-9/+=]{12,}")
_LOGGERS_WITH_SECRETS = ("botocore.auth", "botocore.endpoint", "botocore.parsers")


@cache
def mask_tracebacks_and_logs() -> None:
    """Masks what looks like a secret in this process's tracebacks and logs from now on; done twice, it is done once."""
    for name in _LOGGERS_WITH_SECRETS:
        logging.getLogger(name).addFilter(_mask_message)
    ipython = sys.modules.get("IPython")
    if shell := ipython and ipython.get_ipython():
        formatter = shell.InteractiveTB
        as_it_is = formatter.structured_traceback

        def masked(*args: Any, **kwargs: Any) -> list[str]:
            return [_CUT.sub("***", mask_secrets(part)) for part in as_it_is(*args, **kwargs)]

        formatter.structured_traceback = masked


def _mask_message(record: logging.LogRecord) -> bool:
    record.msg, record.args = mask_secrets(record.getMessage()), None
    return True
