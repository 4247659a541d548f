"""The boto3 session that talks to a sandbox: it reads nothing of the learner's own AWS configuration."""

import os
from functools import cache
from typing import Any

import botocore.loaders
import botocore.session
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConstantProvider
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from helpers.display import ToldInOneSentence


class SandboxStopped(ToldInOneSentence, ConnectionError):
    """The sandbox does not answer any more; the message says how to go on."""

    def __init__(self) -> None:
        super().__init__(
            "The sandbox has stopped, and what was in it is gone. "
            "Run this notebook again from its first cell: that starts a new one."
        )


def session_of_its_own() -> botocore.session.Session:
    """Make a session that reads no AWS_… variable and no file under ~/.aws, broken or not."""
    session = botocore.session.Session()
    session.register_component("data_loader", _models())
    files = {"config_file": os.devnull, "credentials_file": os.devnull}
    settings = session.get_component("config_store")
    for name, (_, _, default, _) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items():
        settings.set_config_provider(name, ConstantProvider(files.get(name, default)))
    session.register("needs-retry", _tell_that_the_sandbox_stopped)
    return session


@cache
def _models() -> botocore.loaders.Loader:
    """Load the service models, once for all sessions: IAM's alone takes a tenth of a second."""
    return botocore.loaders.create_loader()


def _tell_that_the_sandbox_stopped(caught_exception: BaseException | None = None, **_: Any) -> None:
    if isinstance(caught_exception, (EndpointConnectionError, ConnectionClosedError)):
        raise SandboxStopped from None
