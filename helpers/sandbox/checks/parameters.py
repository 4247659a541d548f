"""Parameters against botocore's own models of the services, with the wording of IAM and STS, and buckets' names.

https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any

from helpers.sandbox.errors import AwsError
from helpers.sandbox.request.call import Call, takes_own_name
from helpers.sandbox.request.services import MALFORMED_XML

_ECHOES_VALUES = {"sts"}

_LEAST = "Member must have {} greater than or equal to {}"
_MOST = "Member must have {} less than or equal to {}"
_PATTERN = "Member must satisfy regular expression pattern: {}"
_CHOICE = "Member must satisfy enum value set: [{}]"

# What a service refuses without its model saying so: more than ten session policies, or a longer one.
_UNMODELLED_MOST = {"policyDescriptorListType": 10, "unrestrictedSessionPolicyDocumentType": 2048}

# STS takes any ARN of IAM's or its own for a role's: that nobody may assume it is for authorization to say.
_ARN_OF_IAM_OR_STS = re.compile(r"arn:aws[a-z-]*:(iam|sts)::(\d{12}|aws):(root|[a-z-]+/[\w+=,.@:/-]+)", re.ASCII)
_BUCKET_NAME = re.compile(
    r"(?!xn--|sthree-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)"
)
_WITH_BODY = {"PutBucketLifecycle", "PutBucketLifecycleConfiguration", "PutObjectLegalHold", "PutObjectRetention"}
"""The calls of S3 whose model does not say that they need a body."""

_PROPERTY = re.compile(r"\\p\{(\w+)\}")
_PATHS = ("pathType", "policyPathType")
_NO_PATH = (
    "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters "
    "and/or / characters."
)


def check_parameters(call: Call) -> None:
    """Refuse parameters that the service refuses before it asks who may do it.

    IAM and STS hold them against their model: required, length, range, pattern, choice. S3 looks at the bucket's name,
    and for all that the body must have.

    Raises:
        AwsError: `ValidationError`, naming each parameter and the rule that it breaks, or S3's `InvalidBucketName`,
            `MissingRequestBodyError` or `MalformedXML`.
    """
    match call.service:
        case "iam":
            _check_model(call)
            _check_paths(call)
            if takes_own_name(call.model) and "UserName" not in call.parameters:
                raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
        case "sts":
            _check_model(call)
            if call.operation == "AssumeRole" and not _ARN_OF_IAM_OR_STS.fullmatch(call.parameters["RoleArn"]):
                raise AwsError("ValidationError", f"{call.parameters['RoleArn']} is invalid")
        case "s3":
            _check_bucket_name(call)
            _check_xml(call)


def _check_bucket_name(call: Call) -> None:
    """Refuse what is no bucket's name; the ARN of an access point may stand in its place.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    name = call.parameters.get("Bucket")
    if name and not name.startswith("arn:") and not _BUCKET_NAME.fullmatch(name):
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.", BucketName=name)


def _check_xml(call: Call) -> None:
    """Refuse a body that is missing, or leaves out what S3's schema wants.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    shape = call.model.input_shape
    body = shape.serialization.get("payload") if shape else None
    if shape is None or body is None or shape.members[body].type_name != "structure":
        return
    if body not in call.parameters:
        if body in shape.required_members or call.operation in _WITH_BODY:
            raise AwsError("MissingRequestBodyError", "Request Body is empty", 400)
    elif any(value is None for _, value, _ in _broken(shape.members[body], call.parameters[body], body)):
        raise AwsError("MalformedXML", MALFORMED_XML, 400)


def _check_model(call: Call) -> None:
    if call.model.input_shape is None:
        return
    echo = call.service in _ECHOES_VALUES
    broken = sorted(_broken(call.model.input_shape, call.parameters, ""), key=lambda found: _place(found[0]))
    found = [
        f"Value {_shown(value, echo)}at '{path}' failed to satisfy constraint: {rule}" for path, value, rule in broken
    ]
    if found:
        errors = "error" if len(found) == 1 else "errors"
        raise AwsError("ValidationError", f"{len(found)} validation {errors} detected: {'; '.join(found)}")


def _check_paths(call: Call) -> None:
    """Refuse a path that breaks its pattern: IAM looks at these itself, after the rules of the model."""
    for name in ("Path", "NewPath"):
        shape = call.model.input_shape
        if name in call.parameters and shape and not _fits(shape.members[name], call.parameters[name]):
            raise AwsError("ValidationError", _NO_PATH)


def _place(path: str) -> int:
    """Tell in which place AWS names a parameter, of several that break a rule: where Java keeps it in a small map."""
    code = 0
    for letter in path.partition(".")[0]:
        code = (31 * code + ord(letter)) % 2**32
    return (code ^ code >> 16) % 16


def _shown(value: Any, echo: bool) -> str:
    if value is None:
        return "null "
    return f"'{_written(value)}' " if echo else ""


def _written(value: Any) -> str:
    """Write a value as Java does."""
    match value:
        case str():
            return value
        case Mapping():
            parts = (f"{_join('', name)}={_written(part)}" for name, part in value.items())
            return f"{{{', '.join(parts)}}}"
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case _:
            return str(value)


def _broken(shape: Any, value: Any, path: str) -> Iterator[tuple[str, Any, str]]:
    match shape.type_name:
        case "structure":
            if not isinstance(value, Mapping):
                return
            for name in shape.required_members:
                if value.get(name) is None:
                    yield _join(path, name), None, "Member must not be null"
            for name, member in shape.members.items():
                if value.get(name) is not None:
                    yield from _broken(member, value[name], _join(path, name))
        case "list" if shape.member.type_name == "string":
            yield from _broken_bounds(shape, value, len(value), path, "length")
            if any(True for item in value for _ in _broken(shape.member, item, path)):
                yield path, value, f"Member must satisfy constraint: [{_rules(shape.member)}]"
        case "list":
            yield from _broken_bounds(shape, value, len(value), path, "length")
            for index, item in enumerate(value, start=1):
                yield from _broken(shape.member, item, f"{path}.{index}.member")
        case "string":
            yield from _broken_bounds(shape, value, len(value), path, "length")
            choices = shape.metadata.get("enum")
            if shape.name not in _PATHS and not _fits(shape, value):
                yield path, value, _PATTERN.format(shape.metadata["pattern"])
            if choices and value not in choices:
                yield path, value, _CHOICE.format(", ".join(choices))
        case "integer" | "long":
            yield from _broken_bounds(shape, value, value, path, "value")


def _broken_bounds(shape: Any, value: Any, size: int, path: str, what: str) -> Iterator[tuple[str, Any, str]]:
    least = shape.metadata.get("min")
    most = shape.metadata.get("max", _UNMODELLED_MOST.get(shape.name))
    if least is not None and size < least:
        yield path, value, _LEAST.format(what, least)
    if most is not None and size > most:
        yield path, value, _MOST.format(what, most)


def _fits(shape: Any, value: str) -> bool:
    pattern = shape.metadata.get("pattern")
    return not pattern or _compiled(pattern, value.isascii()).fullmatch(value) is not None


def _rules(shape: Any) -> str:
    """Name all rules of a text: for a list of texts, AWS names them all, whichever is broken."""
    rules = shape.metadata
    named = [
        _MOST.format("length", rules["max"]) if "max" in rules else "",
        _LEAST.format("length", rules["min"]) if "min" in rules else "",
        _PATTERN.format(rules["pattern"]) if "pattern" in rules else "",
        _CHOICE.format(", ".join(rules["enum"])) if "enum" in rules else "",
        "Member must not be null" if "pattern" in rules else "",
    ]
    return ", ".join(filter(None, named))


def _join(path: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{path}.{name}" if path else name


@lru_cache
def _compiled(pattern: str, ascii_only: bool) -> re.Pattern[str]:
    r"""Compile a model's pattern: Java's, in which `\w` is ASCII while `\p{L}` is any letter."""
    return re.compile(_PROPERTY.sub(lambda found: _ranges(found[1], ascii_only), pattern), re.ASCII)


@lru_cache
def _ranges(category: str, ascii_only: bool) -> str:
    """Write the characters of a Unicode category as ranges, as they stand in a pattern's square brackets."""
    every = range(128 if ascii_only else sys.maxunicode + 1)
    of_it = (code for code in every if unicodedata.category(chr(code)).startswith(category))
    runs = ([code for _, code in run] for _, run in groupby(enumerate(of_it), lambda each: each[1] - each[0]))
    return "".join(rf"\U{run[0]:08x}-\U{run[-1]:08x}" for run in runs)
