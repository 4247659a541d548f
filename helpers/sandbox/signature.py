"""Signature version 4: reads who signed a request, and checks the signature.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_seam import Request

MAXIMUM_CLOCK_SKEW = timedelta(minutes=15)


@dataclass(frozen=True)
class Signature:
    """What the Authorization header of a request says."""

    access_key_id: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    session_token: str | None


def read_signature(request: Request) -> Signature | None:
    """The signature of a request, or None where it has no Authorization header.

    Raises:
        AwsError: the header is damaged; the message says which part is missing.
    """
    header = request.headers.get("Authorization")
    if not header:
        return None
    if not header.startswith("AWS4-HMAC-SHA256"):
        raise AwsError("IncompleteSignature", "Authorization header must use AWS4-HMAC-SHA256.", 400)
    parts = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^,\s]+)", header))
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if name not in parts]
    scope = parts.get("Credential", "").split("/")
    dated = request.headers.get("X-Amz-Date") or request.headers.get("Date")
    if missing or not dated:
        wanted = [f"Authorization header requires '{name}' parameter." for name in missing]
        if not dated:
            wanted.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        raise AwsError("IncompleteSignature", " ".join(wanted), 400)
    if len(scope) != 5 or scope[4] != "aws4_request":
        message = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"
        raise AwsError("IncompleteSignature", message, 400)
    access_key_id, _, region, service, _ = scope
    return Signature(
        access_key_id=access_key_id,
        region=region,
        service=service.lower(),
        signed_headers=tuple(parts["SignedHeaders"].lower().split(";")),
        signature=parts["Signature"],
        session_token=request.headers.get("X-Amz-Security-Token"),
    )


def is_signed_with(request: Request, signature: Signature, secret_access_key: str) -> bool:
    """Whether the request carries the signature that this secret makes of it."""
    auth_class = S3SigV4Auth if signature.service == "s3" else SigV4Auth
    auth = auth_class(Credentials(signature.access_key_id, secret_access_key), signature.service, signature.region)
    headers = {name: request.headers[name] for name in signature.signed_headers if name in request.headers}
    signed = AWSRequest(method=request.method, url=request.raw_url, data=request.data, headers=headers)
    signed.context["timestamp"] = request.headers.get("X-Amz-Date", "")
    wanted = auth.signature(auth.string_to_sign(signed, auth.canonical_request(signed)), signed)
    return hmac.compare_digest(wanted.encode(), signature.signature.encode())


def check_date(request: Request, now: datetime) -> None:
    """Refuses a request that was signed too long ago or in the future.

    Raises:
        AwsError: the signature's date is none, or more than 15 minutes away from now.
    """
    text = request.headers.get("X-Amz-Date", "")
    try:
        signed_at = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        message = f"Date must be in ISO-8601 'basic format'. Got '{text}'."
        raise AwsError("IncompleteSignature", message, 400) from None
    window = f"({now - MAXIMUM_CLOCK_SKEW:%Y%m%dT%H%M%SZ} - 15 min.)"
    if signed_at < now - MAXIMUM_CLOCK_SKEW:
        message = f"Signature expired: {text} is now earlier than {window}"
        raise AwsError("SignatureDoesNotMatch", message, 403)
    if signed_at > now + MAXIMUM_CLOCK_SKEW:
        message = f"Signature not yet current: {text} is still later than {window}"
        raise AwsError("SignatureDoesNotMatch", message, 403)
