"""What calls of IAM and STS need.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

from helpers.condition_keys import keys_of_tags
from helpers.sandbox.resources.call import Call, Demand, iam_arn, pass_role

_IAM_ENTITIES: dict[str, str] = {
    "GroupName": "group",
    "InstanceProfileName": "instance-profile",
    "RoleName": "role",
    "UserName": "user",
}
_IAM_LISTS = {
    "ListUsers": "user",
    "ListRoles": "role",
    "ListGroups": "group",
    "ListInstanceProfiles": "instance-profile",
}
_IAM_ARN_PARAMETERS = ("PolicyArn", "SerialNumber", "PolicySourceArn")


def iam_demands(call: Call) -> list[Demand]:
    """The permissions that a call needs."""
    own = Demand(f"iam:{call.operation}", _iam_resource(call), call.account_id)
    passed = []
    if call.operation == "AddRoleToInstanceProfile":
        role = iam_arn(call.account_id, "role", call.parameters.get("RoleName", ""))
        passed.append(pass_role(role, call.account_id, "ec2.amazonaws.com"))
    return [own, *passed]


def _iam_resource(call: Call) -> str:
    parameters = call.parameters
    for parameter, kind in _IAM_ENTITIES.items():
        if parameter in parameters:
            return iam_arn(call.account_id, kind, parameters[parameter], parameters.get("Path"))
    for parameter in _IAM_ARN_PARAMETERS:
        if parameter in parameters:
            return str(parameters[parameter])
    prefix = f"arn:aws:iam::{call.account_id}:"
    if call.operation == "CreatePolicy":
        return f"{prefix}policy{parameters.get('Path', '/')}{parameters.get('PolicyName', '')}"
    if call.operation == "CreateVirtualMFADevice":
        return f"{prefix}mfa{parameters.get('Path', '/')}{parameters.get('VirtualMFADeviceName', '')}"
    if call.operation in _IAM_LISTS:
        return f"{prefix}{_IAM_LISTS[call.operation]}{parameters.get('PathPrefix', '/')}"
    if call.operation == "ChangePassword":
        return iam_arn(call.account_id, "user", call.caller.entity.name if call.caller.entity else "")
    return "*"


def sts_demands(call: Call) -> list[Demand]:
    """The permissions that a call needs."""
    parameters, session = call.parameters, call.caller.session
    inherited = session.transitive_tags if session else {}
    source_identity = parameters.get("SourceIdentity") or (session and session.source_identity)
    match call.operation:
        case "AssumeRole":
            arn = str(parameters.get("RoleArn", ""))
            account_id = arn.split(":")[4]
        case "GetFederationToken":
            account_id = call.account_id
            arn = f"arn:aws:sts::{account_id}:federated-user/{parameters.get('Name', '')}"
        case _:
            return [Demand(f"sts:{call.operation}")]
    needed = [Demand(f"sts:{call.operation}", arn, account_id)]
    if parameters.get("Tags") or inherited:
        tags = inherited | {tag["Key"]: tag["Value"] for tag in parameters.get("Tags") or []}
        needed.append(Demand("sts:TagSession", arn, account_id, keys_of_tags(tags)))
    if call.operation == "AssumeRole" and source_identity:
        needed.append(Demand("sts:SetSourceIdentity", arn, account_id, {"sts:SourceIdentity": source_identity}))
    return needed
