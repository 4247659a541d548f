"""AWS's descriptions of its services and regions, read once: moto would keep EC2's, of 25 MB, three times."""

from contextlib import AbstractContextManager
from unittest.mock import patch

from botocore import session
from moto.core import loaders, utils

_LOADER = loaders.create_loader()

utils.create_loader = lambda: _LOADER  # type: ignore[attr-defined]


def reading_once() -> AbstractContextManager[object]:
    """Let boto3's sessions that are made meanwhile read nothing that was read before."""
    return patch.object(session, "create_loader", lambda *_: _LOADER)
