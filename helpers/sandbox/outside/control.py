"""What a sandbox's administrator may do to the sandbox itself: move its clock forward."""

import json
import urllib.error
import urllib.request
from http import HTTPStatus

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from helpers.sandbox.outside.background import FOLDER, SandboxError, running_sandbox
from helpers.sandbox.outside.connection import REGION


def advance_clock(endpoint_url: str, credentials: Credentials, seconds: float) -> str:
    """Move a sandbox's clock forward: sessions expire, and late changes take effect.

    Args:
        endpoint_url: The sandbox's address.
        credentials: Its administrator's.
        seconds: How far.

    Returns:
        The time that it is in the sandbox then (ISO 8601).

    Raises:
        ValueError: The seconds are negative, or the credentials are not the administrator's.
        SandboxError: No sandbox answers there.
    """
    request = request_to_advance(endpoint_url, credentials, seconds)
    signed = urllib.request.Request(str(request.url), request.data, dict(request.headers), method="POST")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(signed) as answer:
            return told_of_advance(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        return told_of_advance(error.code, error.read())
    except OSError as error:
        raise SandboxError(f"No sandbox answers at {endpoint_url} ({error}).") from None


def request_to_advance(endpoint_url: str, credentials: Credentials, seconds: float) -> AWSRequest:
    """Write and sign the request that moves a sandbox's clock forward."""
    request = AWSRequest("POST", f"{endpoint_url}/sandbox/advance", data=str(seconds).encode())
    SigV4Auth(credentials, "sts", REGION).add_auth(request)
    return request


def told_of_advance(status: int, answer: bytes) -> str:
    """Read the time that it is in the sandbox (ISO 8601) out of its answer to that request.

    Raises:
        ValueError: The sandbox refused.
    """
    if status != HTTPStatus.OK:
        raise ValueError(f"The sandbox refused to move its clock: {answer.decode()}")
    return str(json.loads(answer)["now"])


def advance_shared(seconds: float) -> str:
    """Move the clock of the sandbox that the notebooks of this checkout share.

    Raises:
        SandboxError: None is running.
    """
    connection = running_sandbox(FOLDER)
    administrator = connection.accounts[0]
    credentials = Credentials(administrator.access_key_id, administrator.secret_access_key)
    return advance_clock(connection.endpoint_url, credentials, seconds)


def advance_own(endpoint_url: str, seconds: float) -> str:
    """Move the clock of a sandbox that was started by hand, signing with the credentials that boto3 finds.

    Raises:
        ValueError: Boto3 finds no credentials, or they are not the administrator's.
        SandboxError: No sandbox answers there.
    """
    credentials = boto3.Session().get_credentials()
    if credentials is None:
        raise ValueError("Put the administrator's key into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    return advance_clock(endpoint_url, credentials, seconds)
