"""Keep secrets: what one looks like, masked in outputs, tracebacks and logs, and in files for their owner alone.

A secret access key has 40 characters and a session token hundreds, in capitals, small letters and more. Commit ids and
other hashes in hexadecimal have no capitals. What a hyphen, a dot or an ARN's account leads to is a part of a name, and
pictures begin in ways of their own.

With `%xmode Verbose`, a traceback shows the variables of each function in it; at the level DEBUG, botocore logs the
headers that it sends and the answers that it gets.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
https://boto3.amazonaws.com/v1/documentation/api/latest/reference/core/boto3.html#boto3.set_stream_logger
"""

import html
import logging
import os
import re
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

_PICTURE = "iVBORw0KGgo|/9j/|R0lGOD|PHN2Zy|PD94bWw|UklGR"  # how PNG, JPEG, GIF, SVG, XML and WebP begin in base64

SECRET = re.compile(
    r"(?P<access_key_id>(?:AKIA|ASIA)[A-Z0-9]{16})"
    r"|(?:(?<![\w/+.@-])(?<![\d:]:)|(?<=\\[nrt]))(?<!base64,)"
    r"(?=[A-Za-z0-9/+]*[a-z])(?=[A-Za-z0-9/+]*[A-Z])(?=[A-Za-z0-9/+]*[0-9/+])"
    rf"(?:(?P<secret_access_key>[A-Za-z0-9/+]{{40}})|(?!{_PICTURE})(?P<session_token>[A-Za-z0-9/+]{{100,}}={{0,2}}))"
    r"(?![\w/+=@-])"
)
_ESCAPED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|([abfnrtv])|(.))")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def looks_like_secret(text: str) -> bool:
    """Say whether a text holds what looks like an access key id, a secret access key or a session token."""
    return SECRET.search(text) is not None


def without_escapes(text: str) -> str:
    r"""Take out JSON's escapes (`\n`, `\u002b`), a URL's (`%2B`), HTML's (`&#43;`) and a terminal's colours."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else " " if found[2] else found[3], text)
    return html.unescape(unquote(_COLOUR.sub("", plain)))


def mask_secrets(text: str) -> str:
    """Mask everything in a text that looks like an access key id, a secret access key, or a session token."""
    return SECRET.sub(lambda found: mask(found[0]), text)


def mask(secret: str) -> str:
    """Return a secret or an access key id as it may be shown: stars, and the last four characters.

    The stars are always sixteen, so that not even the length is told.
    """
    return "*" * 16 + secret[-4:]


# IPython leaves out the middle of a long text.
_CUT = re.compile(r"[A-Za-z0-9/+]{12,}\.\.\.[A-Za-z0-9/+=]{12,}")
_LOGGERS_WITH_SECRETS = ("botocore.auth", "botocore.endpoint", "botocore.parsers")


@cache
def mask_tracebacks_and_logs() -> None:
    """Mask what looks like a secret in this process's tracebacks and logs from now on; done twice, it is done once."""
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


def write_private(path: Path, content: str | bytes, *, mode: int = 0o600, prefix: str | None = None) -> None:
    """Write a file that only its owner can read, replacing what was there in one step.

    Args:
        path: where to; its folder must exist.
        content: the whole new content; a text is written in UTF-8.
        mode: what the file's permissions are to be at the end; until then, they are 0600.
        prefix: what the name of the file begins with that is written first, beside the other; a process that is
            killed leaves it behind.

    Raises:
        OSError: the folder is missing or read-only, or the disk is full; what was there is still there then.
    """
    data = content.encode() if isinstance(content, str) else content
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=prefix or f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
            os.fchmod(descriptor, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
