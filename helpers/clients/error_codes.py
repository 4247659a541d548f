"""AWS's error codes, by what they mean: services say the same thing in words of their own.

https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

from botocore.exceptions import ClientError

FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
"""The caller may not."""

REFUSED = FORBIDDEN | {"403", "Forbidden"}
"""The caller may not; the last two are those of a HEAD request, whose answer has no body."""

UNKNOWN_KEY = frozenset({"InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "AuthFailure"})
"""The access key is not known, or not yet, or not any more."""

WRONG_TOKEN = frozenset({"InvalidToken"})
"""The session token does not belong to the temporary key."""

MALFORMED_KEY = frozenset({"IncompleteSignature", "IncompleteSignatureException"})
"""What was signed with is no access key id: a secret has slashes, which take the signature's place apart."""

WRONG_SECRET = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException"})
"""The secret access key that signed does not belong to the access key id."""

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
"""The temporary credentials have ended."""

UNSIGNED = frozenset({"MissingAuthenticationToken", "MissingAuthenticationTokenException"})
"""The call came without credentials."""

GONE = frozenset({"NoSuchEntity", "NoSuchBucket", "NoSuchKey", "404"})
"""There is no such thing (any more)."""


def code_of(error: ClientError) -> str:
    """Return an error's code."""
    return error.response["Error"].get("Code", "")


def message_of(error: ClientError) -> str:
    """Return an error's message, in AWS's words; empty where it has none."""
    return error.response["Error"].get("Message", "")
