"""The environment variables while a part of moto is loaded: none of the caller's own AWS configuration.

moto asks boto3 which regions there are, and boto3 looks at variables and files that are the caller's.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3

_CONFIGURED = ("AWS_", "MOTO_")
_NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


class OsWithoutSettings:
    """The module `os`, as a part of moto sees it that looks for settings: with no environment variables."""

    environ: Mapping[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        """Return everything else as it is."""
        return getattr(os, name)


@contextmanager
def without_configuration() -> Iterator[None]:
    """Hide what the caller has configured, for as long as the block lasts."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_CONFIGURED)}
    os.environ.update(_NO_FILES)
    try:
        yield
    finally:
        for name in _NO_FILES:
            os.environ.pop(name, None)
        os.environ.update(hidden)


def session_without_configuration() -> boto3.Session:
    """Make a boto3 session in which nothing is configured."""
    with without_configuration():
        return boto3.Session()
