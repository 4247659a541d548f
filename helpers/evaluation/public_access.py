"""Whether a bucket policy lets in everybody, as S3 means it: "public" is what is not limited to fixed values.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, ip_network
from typing import Any

from helpers.policies import listed

_NARROWING = {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"}
_FIXED = {
    *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:userid"),
    *("aws:sourceaccount", "aws:sourcearn", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce"),
    *("s3:dataaccesspointaccount", "s3:x-amz-server-side-encryption-aws-kms-key-id"),
}
"""The condition keys that tell who calls, or from where: a fixed value of one is enough."""

_ACCESS_POINTS_OF_AN_ACCOUNT = re.compile(r"arn:aws[a-z-]*:s3:[a-z0-9-]+:\d{12}:accesspoint/.+")
_WILDCARD = re.compile(r"[*?]|\$\{")
_WIDEST = {4: 8, 6: 32}
"""By version of the internet protocol: the prefix length that a range of addresses must at least have."""


def is_public(document: Mapping[str, Any]) -> bool:
    """Tell whether S3 takes a bucket policy for public: some statement allows everybody, or too many to tell.

    Args:
        document: A bucket policy that S3 accepts.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    return any(_is_public(statement) for statement in listed(document["Statement"]))


def _is_public(statement: Mapping[str, Any]) -> bool:
    principals = statement.get("Principal")
    named = principals.values() if isinstance(principals, Mapping) else [principals]
    to_everybody = any("*" in listed(names) for names in named)
    return statement["Effect"] == "Allow" and to_everybody and not _is_limited(statement.get("Condition", {}))


def _is_limited(conditions: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(
        operator.lower().removeprefix("foranyvalue:") in _NARROWING and _is_fixed(key.lower(), listed(values))
        for operator, tests in conditions.items()
        for key, values in tests.items()
    )


def _is_fixed(key: str, values: list[Any]) -> bool:
    texts = list(map(str, values))
    if key == "aws:sourceip":
        return all(map(_is_narrow, texts))
    if key == "s3:dataaccesspointarn":
        return all(map(_ACCESS_POINTS_OF_AN_ACCOUNT.fullmatch, texts))
    return key in _FIXED and not any(map(_WILDCARD.search, texts))


def _is_narrow(addresses: str) -> bool:
    try:
        network = ip_network(addresses, strict=False)
    except ValueError:
        return False
    private = isinstance(network, IPv4Network) and network.is_private
    return private or network.prefixlen >= _WIDEST[network.version]
