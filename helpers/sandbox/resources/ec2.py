"""What calls of EC2 need.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

import re
from dataclasses import replace
from typing import Any

from helpers.condition_keys import keys_of_tags
from helpers.sandbox import moto_seam
from helpers.sandbox.resources.call import Call, Demand, Parameters, pass_role

_EC2_IDS = {
    "InstanceId": "instance",
    "InstanceIds": "instance",
    "VolumeId": "volume",
    "SecurityGroupId": "security-group",
    "GroupId": "security-group",
    "VpcId": "vpc",
    "SubnetId": "subnet",
    "ImageId": "image",
    "SnapshotId": "snapshot",
    "KeyName": "key-pair",
    "RouteTableId": "route-table",
    "InternetGatewayId": "internet-gateway",
    "NetworkInterfaceId": "network-interface",
    "AllocationId": "elastic-ip",
}
# What `Create…` makes, where a policy can say so by ARN.
_EC2_KINDS = {*_EC2_IDS.values(), "launch-template", "network-acl", "placement-group", "vpc-endpoint"}


def ec2_demands(call: Call) -> list[Demand]:
    """The permissions that a call needs."""
    region = {"ec2:Region": call.region}
    return [replace(demand, context={**region, **demand.context}) for demand in _named_demands(call)]


def _named_demands(call: Call) -> list[Demand]:
    action = f"ec2:{call.operation}"
    if call.operation.startswith("Describe"):
        return [Demand(action)]
    if call.operation in ("AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"):
        instance = _ec2_arn(call, "instance", call.parameters.get("InstanceId", "*"))
        return [Demand(action, instance, call.account_id), *_passed_roles(call)]
    if call.operation == "RunInstances":
        return [*_ec2_run_instances(call), *_ec2_tagging_at_birth(call)]
    named = [
        Demand(action, _ec2_arn(call, kind, identifier), call.account_id)
        for parameter, kind in _EC2_IDS.items()
        for identifier in _as_list(call.parameters.get(parameter))
    ]
    if call.operation in ("CreateTags", "DeleteTags"):
        kinds = {"i": "instance", "vol": "volume", "sg": "security-group", "subnet": "subnet", "vpc": "vpc"}
        for identifier in _as_list(call.parameters.get("Resources")):
            kind = kinds.get(identifier.split("-")[0], "*")
            named.append(Demand(action, _ec2_arn(call, kind, identifier), call.account_id))
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", call.operation.removeprefix("Create")).lower()
    if kind in _EC2_KINDS:
        tags = _ec2_new_tags(call.parameters).get(kind, {})
        named.insert(0, Demand(action, _ec2_arn(call, kind, "*"), call.account_id, keys_of_tags(tags)))
    return [*(named or [Demand(action)]), *_ec2_tagging_at_birth(call)]


def _ec2_run_instances(call: Call) -> list[Demand]:
    parameters = call.parameters
    image = f"arn:aws:ec2:{call.region}::image/{parameters.get('ImageId', '*')}"
    arns = [_ec2_arn(call, kind, "*") for kind in ("instance", "network-interface", "volume")]
    arns.append(_ec2_arn(call, "subnet", parameters.get("SubnetId", "*")))
    arns += [_ec2_arn(call, "security-group", i) for i in _as_list(parameters.get("SecurityGroupIds")) or ["*"]]
    arns += [_ec2_arn(call, "key-pair", name) for name in _as_list(parameters.get("KeyName"))]
    tags = _ec2_new_tags(parameters)
    instance = {"ec2:InstanceType": parameters.get("InstanceType", "m1.small")}
    needed = []
    for arn in [arns[0], image, *arns[1:]]:
        kind = arn.split(":")[5].partition("/")[0]
        context = keys_of_tags(tags.get(kind, {})) | (instance if kind == "instance" else {})
        needed.append(Demand("ec2:RunInstances", arn, call.account_id, context))
    return [*needed, *_passed_roles(call)]


def _passed_roles(call: Call) -> list[Demand]:
    """The roles of the instance profile that a call hands to an instance."""
    profile = call.parameters.get("IamInstanceProfile", {})
    name = profile.get("Name") or str(profile.get("Arn", "")).rpartition("/")[2]
    return [
        pass_role(role.arn, call.account_id, "ec2.amazonaws.com")
        for stored in moto_seam.iam(call.account_id).instance_profiles.values()
        if stored.name == name
        for role in stored.roles
    ]


def _ec2_tagging_at_birth(call: Call) -> list[Demand]:
    """What is tagged as it is made wants permission to tag.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    made_by = {"ec2:CreateAction": call.operation}
    return [
        Demand("ec2:CreateTags", _ec2_arn(call, kind, "*"), call.account_id, made_by | keys_of_tags(tags))
        for kind, tags in _ec2_new_tags(call.parameters).items()
    ]


def _ec2_new_tags(parameters: Parameters) -> dict[str, dict[str, str]]:
    """The tags that a call gives to what it makes, by the kind of thing."""
    return {
        str(item.get("ResourceType", "*")): {tag.get("Key", ""): tag.get("Value", "") for tag in item.get("Tags", [])}
        for item in parameters.get("TagSpecifications") or []
    }


def _ec2_arn(call: Call, kind: str, identifier: str) -> str:
    return f"arn:aws:ec2:{call.region}:{call.account_id}:{kind}/{identifier}"


def _as_list(value: Any) -> list[str]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [str(value)]
