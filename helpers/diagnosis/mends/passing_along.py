"""What may be passed along with the call: the values that meet an Allow's conditions, or step around a Deny's."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from botocore.exceptions import ClientError

from helpers import policies
from helpers.arns import parse_arn
from helpers.clients.error_codes import REFUSED, code_of
from helpers.diagnosis.call_lines import cli_line
from helpers.diagnosis.condition_values import WORDS, tests_of, values_meeting
from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.mends.case import Case, Mend, fails_on_conditions
from helpers.diagnosis.policy_edits import Said, State
from helpers.diagnosis.words import statement_name
from helpers.evaluation.condition_keys import requested_region
from helpers.evaluation.conditions import context_of

_OPTIONS = {
    "sts:externalid": "ExternalId",
    "sts:rolesessionname": "RoleSessionName",
    "sts:sourceidentity": "SourceIdentity",
    "sts:durationseconds": "DurationSeconds",
    "iam:permissionsboundary": "PermissionsBoundary",
    "s3:prefix": "Prefix",
    "s3:delimiter": "Delimiter",
    "s3:max-keys": "MaxKeys",
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "s3:x-amz-storage-class": "StorageClass",
}
"""The parameters that make a condition key, by the key."""
_OF_ASSUME_ROLE = {"ExternalId", "RoleSessionName", "SourceIdentity", "DurationSeconds", "Tags"}
_OBJECT_TAG = "s3:requestobjecttag"
_TAGGED_BY_RUN_INSTANCES = ("instance", "volume", "network-interface")


def passing_along(case: Case) -> Iterator[Mend]:
    """Meet the conditions of an Allow, and step around those of a Deny, by what is passed along."""
    denies = [one for one in case.said if one.said.effect == "Deny" and one.said.applied]
    allows = [one for one in case.said if one.said.effect == "Allow" and fails_on_conditions(one)]
    for allow in [*allows, None]:
        values: dict[str, str | None] | None = {}
        for one in [*([allow] if allow else []), *denies]:
            found = None if values is None else _values_for(case, one, values, meet=one is allow)
            values = None if found is None or values is None else {**values, **found}
        if values and (mend := _with_values(case, values, allow or denies[0])):
            yield mend


def _values_for(case: Case, one: Said, given: Mapping[str, str | None], *, meet: bool) -> dict[str, str | None] | None:
    """Find values with which all tests of a statement hold, or one does not, beside those that are given already.

    Returns:
        The values, none where those that are given do; None where none can be passed.
    """
    context = dict(context_of(case.request.context))
    context |= {key.lower(): () if value is None else (value,) for key, value in given.items()}
    variables = context if one.policy.document.get("Version") == policies.VERSION else None
    found: dict[str, str | None] = {}
    if not meet and not all(test.holds(context, variables) for test in tests_of(one.statement)):
        return found
    for test in tests_of(one.statement):
        if meet and test.holds(context, variables):
            continue
        proposed = (
            values
            for values in values_meeting(test, context, variables, meet=meet)
            if _can_be_passed(case, test.key, values[test.key])
        )
        values = next(proposed, None)
        if values is not None and not meet:
            return dict(values)
        if values is None and meet:
            return None
        found |= values or {}
    return found if meet else None


def _can_be_passed(case: Case, key: str, value: str | None) -> bool:
    name = key.lower()
    if name in ("aws:multifactorauthpresent", "aws:multifactorauthage"):
        is_user = case.request.principal.role_arn is None and not case.request.principal.service
        return is_user and value in ("true", "0")
    if name == "sts:rolesessionname":
        return value is not None and re.fullmatch(r"[\w+=,.@-]{2,64}", value) is not None
    if name == "sts:durationseconds":
        return value is not None and value.isdigit() and 900 <= int(value) <= 43200
    if name == "sts:externalid":
        return value is None or re.fullmatch(r"[\w+=,.@:/-]{2,1224}", value) is not None
    if name in WORDS:
        return _OPTIONS[name] in _parameters(case) and value in WORDS[name]
    if name == "aws:requestedregion":
        service = case.request.action.partition(":")[0]
        return value is not None and case.decided.call is not None and requested_region(service, value) == value
    if name.startswith(_OBJECT_TAG):
        return value is not None and "Tagging" in _parameters(case) and case.request.action != "s3:PutObjectTagging"
    if name.startswith("aws:requesttag/"):
        return value is not None and ("Tags" in _parameters(case) or _kind_tagged_at_birth(case) is not None)
    if name == "s3:prefix" and value is not None and not value.startswith(_given(case).get("Prefix", "")):
        return False  # that would ask for something else
    return _OPTIONS.get(name) in _parameters(case) and value is not None


def _given(case: Case) -> dict[str, Any]:
    """Return what the call was given, without what botocore adds by itself."""
    parameters = case.decided.call.parameters if case.decided.call else {}
    return {name: value for name, value in parameters.items() if name not in ("ClientToken", "EncodingType")}


def _parameters(case: Case) -> Collection[str]:
    """Tell what the call can be given; where only a question is known, whatever its action may take."""
    if case.request.action == "sts:AssumeRole":
        return _OF_ASSUME_ROLE
    return case.decided.call.takes if case.decided.call else _OPTIONS.values()


def _kind_tagged_at_birth(case: Case) -> str | None:
    """Name the kind of thing that a call of EC2's makes and can tag; None where it can tag nothing of that kind."""
    if "TagSpecifications" not in _parameters(case):
        return None
    kind, _, identifier = parse_arn(case.request.resource).resource.partition("/")
    is_made = identifier == "*" and (case.request.action != "ec2:RunInstances" or kind in _TAGGED_BY_RUN_INSTANCES)
    return kind if is_made else None


def _with_values(case: Case, values: Mapping[str, str | None], because: Said) -> Mend | None:
    if case.request.action != "sts:AssumeRole" and any(key.lower().startswith("sts:") for key in values):
        return None
    wanted = ", ".join(f"{key} {'absent' if value is None else value}" for key, value in values.items())
    whose = f"the {statement_name(because.said)} of the {because.policy.source}"
    does = "asks for" if because.said.effect == "Allow" else "wants, which denies it otherwise"
    do = f"Pass along with the call what {whose} {does}: {wanted}."
    if set(map(str.lower, values)) == {"sts:externalid"} and None not in values.values():
        external_id = next(iter(values.values()))
        do = f"Pass the external id that the trust policy wants, {external_id}, along with the call."
    if any(key.lower().startswith("aws:multifactor") for key in values):
        do = _with_mfa(case, values, whose, because)
    elif "s3:x-amz-acl" in map(str.lower, values):
        do = f"{do} S3 asks for s3:PutObjectAcl then, besides s3:PutObject."
    elif any(key.lower().startswith(_OBJECT_TAG) for key in values):
        do = f"{do} S3 asks for s3:PutObjectTagging then, besides s3:PutObject."
    cli, python = _lines_with(case, values)
    keys = {key: value for key, value in values.items() if value is not None}
    gone = {key.lower() for key, value in values.items() if value is None} | {key.lower() for key in keys}

    def change(state: State) -> State:
        request, read = state
        kept = {key: value for key, value in request.context.items() if key.lower() not in gone}
        return replace(request, context={**kept, **keys}), read

    return Mend(NextStep(do, cli=cli, python=python), change)


def _with_mfa(case: Case, values: Mapping[str, str | None], whose: str, because: Said) -> str:
    does = "denies it without one" if because.said.effect == "Deny" else "wants one"
    others = {key: value for key, value in values.items() if not key.lower().startswith("aws:multifactor")}
    also = "".join(f", and {key} {'absent' if value is None else value}" for key, value in others.items())
    do = f"Pass the code of an MFA device along with the call{also}: {whose} {does}."
    if _mfa_device(case) is None:
        assign = f"IAM → Users → {case.name} → Security credentials → Assign MFA device"
        do += f" User {case.name} has no device yet: assign one first ({assign})."
    if case.request.action != "sts:AssumeRole":
        do += " Sign the call with the session that the line opens."
    return do


def _lines_with(case: Case, values: Mapping[str, str | None]) -> tuple[str, str]:
    """Write the call again, with these values along."""
    call = case.decided.call
    given = _given(case)
    if case.request.action == "sts:AssumeRole":
        given = {"RoleArn": case.request.resource, "RoleSessionName": "test"} | given
    elif not call:
        return "", ""
    region = ""
    for key, value in values.items():
        name = key.lower()
        if name.startswith("aws:multifactor"):
            given |= {"SerialNumber": _mfa_device(case) or "<device-arn>", "TokenCode": "<six-digits>"}
        elif name == "aws:requestedregion":
            region = f" --region {value}"
        elif name.startswith(_OBJECT_TAG):
            given["Tagging"] = _with_object_tag(given.get("Tagging", ""), key.partition("/")[2], str(value))
        elif name.startswith("aws:requesttag/"):
            given |= _tagged(case, given, key.partition("/")[2], str(value))
        elif value is None:
            given.pop(_OPTIONS[name], None)
        else:
            given[_OPTIONS[name]] = value
    if "TokenCode" in given and case.request.action != "sts:AssumeRole":
        line = f"aws sts get-session-token --serial-number {given['SerialNumber']} --token-code <six-digits>"
        return line, ""
    service, operation = case.request.action.split(":")
    operation = call.operation if call else operation
    python = ""
    if set(given) <= {"RoleArn", "RoleSessionName", "ExternalId"} and operation == "AssumeRole" and not region:
        external = f', external_id="{given["ExternalId"]}"' if "ExternalId" in given else ""
        python = (
            f'sts.assume_role(account.client("sts", key), role_arn="{given["RoleArn"]}", '
            f'session_name="{given["RoleSessionName"]}"{external})'
        )
    return cli_line(service, operation, given) + region, python


def _tagged(case: Case, given: Mapping[str, Any], tag: str, value: str) -> dict[str, Any]:
    """Give one tag more to what a call makes, in the parameter that the operation has for it."""
    if "Tags" in _parameters(case):
        return {"Tags": _with_tag(given.get("Tags", []), tag, value)}
    kind, specifications = _kind_tagged_at_birth(case), given.get("TagSpecifications", [])
    own: Sequence[Mapping[str, str]] = next((one["Tags"] for one in specifications if one["ResourceType"] == kind), [])
    others = [one for one in specifications if one["ResourceType"] != kind]
    return {"TagSpecifications": [*others, {"ResourceType": kind, "Tags": _with_tag(own, tag, value)}]}


def _with_object_tag(tagging: str, tag: str, value: str) -> str:
    """Give an object one tag more; with no tag named, the value is the name of one, whose own is left open."""
    tags = dict(parse_qsl(tagging, keep_blank_values=True))
    tags = {**tags, tag: value} if tag else {value: "<value>", **tags}
    return "&".join(f"{name}={text}" for name, text in tags.items())


def _with_tag(tags: Sequence[Mapping[str, str]], tag: str, value: str) -> list[Mapping[str, str]]:
    return [*(one for one in tags if one["Key"] != tag), {"Key": tag, "Value": value}]


def _mfa_device(case: Case) -> str | None:
    """Find the caller's MFA device: None where it has none, a place to fill in where that may not be read."""
    principal = case.request.principal
    owner = case.account.of(principal.account_id)
    if owner is None:
        return "<device-arn>"
    try:
        devices = owner.client("iam").list_mfa_devices(UserName=parse_arn(principal.arn).name)["MFADevices"]
    except ClientError as error:
        if code_of(error) not in REFUSED | {"NoSuchEntity"}:
            raise
        return "<device-arn>"
    return str(devices[0]["SerialNumber"]) if devices else None
