"""Who signed a request, and whether the signature is right: in its headers, or in its query (a presigned URL).

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from typing_extensions import override

from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.types import Request

MAXIMUM_CLOCK_SKEW = timedelta(minutes=15)
LONGEST_PRESIGNED = 7 * 24 * 3600
VERSION_4 = "AWS4-HMAC-SHA256"
VERSION_2 = "AWS"

_SECONDS = re.compile(r"\d{1,18}", re.ASCII)
_IN_QUERY = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders")
_IN_QUERY_VERSION_2 = ("AWSAccessKeyId", "Signature", "Expires")


@dataclass(frozen=True)
class Signature:
    """What a request says about its signature.

    Attributes:
        date: When it was signed, as text (`20260131T235959Z`).
        expires: For a presigned URL: seconds that it is good for; in version 2, seconds since 1970 until when.
        version: `AWS4-HMAC-SHA256`, or `AWS` for the presigned URLs of version 2 that S3 still takes.
    """

    access_key_id: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    session_token: str | None
    date: str
    expires: int | None = None
    version: str = VERSION_4

    @property
    def is_presigned(self) -> bool:
        """Whether the signature is in the query."""
        return self.expires is not None

    @property
    def signed_at(self) -> datetime | None:
        """When it was signed; None where the date is none, or not said."""
        try:
            return datetime.strptime(self.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            return None

    def as_header(self) -> str:
        """Write an Authorization header that names the service and region; the signature itself was checked."""
        scope = f"{self.access_key_id}/{self.date[:8]}/{self.region}/{self.service}/aws4_request"
        return f"{VERSION_4} Credential={scope}, SignedHeaders=host, Signature=checked"


UNSIGNED = Signature("", "us-east-1", "s3", (), "", None, "", version="")
"""What stands for the signature of an anonymous request, which S3 alone takes."""


def read_signature(request: Request) -> Signature | None:
    """Read the signature of a request; None where it has none.

    Raises:
        AwsError: The signature is damaged; the message says which part is missing.
    """
    if header := request.headers.get("Authorization"):
        return _read_header(request, header)
    if "X-Amz-Algorithm" in request.args or "X-Amz-Signature" in request.args:
        return _read_query(request.args)
    if all(name in request.args for name in _IN_QUERY_VERSION_2):
        return _read_query_version_2(request.args)
    return None


def _read_header(request: Request, header: str) -> Signature:
    if not header.startswith(VERSION_4):
        raise AwsError("IncompleteSignature", "Authorization header must use AWS4-HMAC-SHA256.", 400)
    parts = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^,\s]+)", header))
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if name not in parts]
    dated = request.headers.get("X-Amz-Date") or request.headers.get("Date")
    if missing or not dated:
        wanted = [f"Authorization header requires '{name}' parameter." for name in missing]
        if not dated:
            wanted.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        raise AwsError("IncompleteSignature", " ".join(wanted), 400)
    access_key_id, region, service = _read_scope(parts["Credential"])
    return Signature(
        access_key_id=access_key_id,
        region=region,
        service=service,
        signed_headers=tuple(parts["SignedHeaders"].lower().split(";")),
        signature=parts["Signature"],
        session_token=request.headers.get("X-Amz-Security-Token"),
        date=request.headers.get("X-Amz-Date", ""),
    )


def _read_query(query: Mapping[str, str]) -> Signature:
    if any(not query.get(name) for name in (*_IN_QUERY, "X-Amz-Signature")):
        wanted = (
            "X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires"
        )
        raise _bad_query(f"Query-string authentication version 4 requires the {wanted} parameters.")
    if query["X-Amz-Algorithm"] != VERSION_4:
        raise _bad_query(f'X-Amz-Algorithm only supports "{VERSION_4}"')
    expires = query["X-Amz-Expires"]
    if not _SECONDS.fullmatch(expires):
        raise _bad_query("X-Amz-Expires should be a number")
    if int(expires) > LONGEST_PRESIGNED:
        limit = f"less than a week (in seconds); that is, the given X-Amz-Expires must be less than {LONGEST_PRESIGNED}"
        raise _bad_query(f"X-Amz-Expires must be {limit} seconds")
    access_key_id, region, service = _read_scope(query["X-Amz-Credential"])
    return Signature(
        access_key_id=access_key_id,
        region=region,
        service=service,
        signed_headers=tuple(query["X-Amz-SignedHeaders"].lower().split(";")),
        signature=query["X-Amz-Signature"],
        session_token=query.get("X-Amz-Security-Token"),
        date=query["X-Amz-Date"],
        expires=int(expires),
    )


def _bad_query(message: str) -> AwsError:
    return AwsError("AuthorizationQueryParametersError", message, 400)


def _read_query_version_2(query: Mapping[str, str]) -> Signature:
    if not _SECONDS.fullmatch(query["Expires"]):
        raise AwsError("AccessDenied", f"Invalid date (should be seconds since epoch): {query['Expires']}", 403)
    return Signature(
        access_key_id=query["AWSAccessKeyId"],
        region="us-east-1",
        service="s3",
        signed_headers=(),
        signature=query["Signature"],
        session_token=query.get("x-amz-security-token"),
        date="",
        expires=int(query["Expires"]),
        version=VERSION_2,
    )


def _read_scope(credential: str) -> tuple[str, str, str]:
    """Read access key id, region and service from `key/date/region/service/aws4_request`."""
    scope = credential.split("/")
    if len(scope) != 5 or scope[4] != "aws4_request":
        message = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"
        raise AwsError("IncompleteSignature", message, 400)
    return scope[0], scope[2], scope[3].lower()


def without_signature(request: Request) -> Request:
    """Take out of a presigned request's query what is the signature: what is left says what is asked, not who asks."""
    of_signature = {name.lower() for name in (*_IN_QUERY, *_IN_QUERY_VERSION_2)}
    of_signature |= {"x-amz-signature", "x-amz-security-token"}
    parts = request.query_string.decode().split("&")
    query = "&".join(part for part in parts if part.partition("=")[0].lower() not in of_signature)
    return Request(request.environ | {"QUERY_STRING": query, "wsgi.input": BytesIO(request.get_data())})


def is_signed_with(request: Request, signature: Signature, secret_access_key: str) -> bool:
    """Tell whether the request carries the signature that this secret makes of it."""
    credentials = Credentials(signature.access_key_id, secret_access_key)
    if signature.version == VERSION_2:
        wanted = _signature_version_2(request, signature, credentials)
    else:
        wanted = _signature_version_4(request, signature, credentials)
    return hmac.compare_digest(wanted.encode(), signature.signature.encode())


def _signature_version_4(request: Request, signature: Signature, credentials: Credentials) -> str:
    kinds = (SigV4QueryAuth, S3SigV4QueryAuth) if signature.is_presigned else (SigV4Auth, S3SigV4Auth)
    auth = kinds[signature.service == "s3"](credentials, signature.service, signature.region)
    url, _, query = request.raw_url.partition("?")
    if signature.is_presigned:
        query = "&".join(part for part in query.split("&") if not part.startswith("X-Amz-Signature="))
    headers = {name: request.headers[name] for name in signature.signed_headers if name in request.headers}
    signed = AWSRequest(method=request.method, url=f"{url}?{query}", data=request.data, headers=headers)
    signed.context["timestamp"] = signature.date
    return str(auth.signature(auth.string_to_sign(signed, auth.canonical_request(signed)), signed))


def _signature_version_2(request: Request, signature: Signature, credentials: Credentials) -> str:
    class Auth(HmacV1QueryAuth):
        """Dated by the end that the URL says, where botocore's counts it from now."""

        @override
        def _get_date(self) -> str:  # type: ignore[misc]  # the stubs of botocore leave it out
            return str(signature.expires)

    headers: Any = HTTPHeaders()
    for name, value in [*request.headers.items(), *request.args.items()]:
        is_signed = name.lower().startswith("x-amz-") or name.lower() in ("content-md5", "content-type")
        if is_signed and name not in headers:  # a URL's query repeats what the headers are to say
            headers[name] = value
    return str(Auth(credentials).get_signature(request.method, urlsplit(request.raw_url), headers))


def check_headers(request: Request, signature: Signature) -> None:
    """Refuse headers that S3 would obey though nobody signed them; the payload's digest may come unsigned.

    Raises:
        AwsError: `AccessDenied`.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    """
    if signature.service != "s3" or signature.version == VERSION_2:
        return  # version 2 signs them all
    names = (name.lower() for name, _ in request.headers)
    ours = {name for name in names if name == "host" or name.startswith("x-amz-")} - {"x-amz-content-sha256"}
    if unsigned := ours - set(signature.signed_headers):
        message = "There were headers present in the request which were not signed"
        raise AwsError("AccessDenied", message, 403, HeadersNotSigned=", ".join(sorted(unsigned)))


def check_payload(request: Request) -> None:
    """Refuse a body that is not the one that was signed, where its digest was signed in a header.

    Raises:
        AwsError: `XAmzContentSHA256Mismatch`.
    """
    claimed = request.headers.get("X-Amz-Content-SHA256", "")
    if re.fullmatch("[0-9a-f]{64}", claimed) and claimed != sha256(request.data).hexdigest():
        message = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise AwsError("XAmzContentSHA256Mismatch", message, 400)


def check_date(signature: Signature, now: datetime, age: Callable[[datetime], timedelta]) -> None:
    """Refuse a request that was signed too long ago or in the future.

    A presigned URL of S3 is good for as long as it says; anything else for 15 minutes.

    Args:
        signature: What says when it was signed.
        now: The machine's time, which clients sign by.
        age: Tells how much time has gone by in the sandbox since a moment of the machine's time.

    Raises:
        AwsError: The signature's date is none, or now is not the time for it.
    """
    if signature.version == VERSION_2:
        if now.timestamp() > (signature.expires or 0):
            raise _expired(datetime.fromtimestamp(signature.expires or 0, UTC), now)
        return
    signed_at = signature.signed_at
    if signed_at is None:
        message = f"Date must be in ISO-8601 'basic format'. Got '{signature.date}'."
        raise AwsError("IncompleteSignature", message, 400)
    earliest, latest = now - MAXIMUM_CLOCK_SKEW, now + MAXIMUM_CLOCK_SKEW
    if signature.service == "s3" and signature.expires is not None:
        if age(signed_at).total_seconds() > signature.expires:
            ended = signed_at + timedelta(seconds=signature.expires)
            raise _expired(ended, now)
        if signed_at > latest:
            raise AwsError("AccessDenied", "Request is not valid yet", 403)
    elif not earliest <= signed_at <= latest:
        raise _skewed(signature, signed_at < earliest, now)


def _expired(end: datetime, now: datetime) -> AwsError:
    told = {"Expires": f"{end:%Y-%m-%dT%H:%M:%SZ}", "ServerTime": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    return AwsError("AccessDenied", "Request has expired", 403, **told)


def _skewed(signature: Signature, is_late: bool, now: datetime) -> AwsError:
    if signature.service == "s3":
        message = "The difference between the request time and the current time is too large."
        return AwsError("RequestTimeTooSkewed", message, 403)
    limit = now - MAXIMUM_CLOCK_SKEW if is_late else now + MAXIMUM_CLOCK_SKEW
    window = f"{limit:%Y%m%dT%H%M%SZ} ({now:%Y%m%dT%H%M%SZ} {'-' if is_late else '+'} 15 min.)"
    problem = "expired: {} is now earlier than {}" if is_late else "not yet current: {} is still later than {}"
    return AwsError("SignatureDoesNotMatch", f"Signature {problem.format(signature.date, window)}", 403)
