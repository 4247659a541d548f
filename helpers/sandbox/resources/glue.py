"""What calls of Glue need.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html
"""

from helpers.sandbox.resources.call import Call, Demand, iam_arn, pass_role

_GLUE_KINDS = ("Job", "Crawler", "Trigger", "Workflow", "Connection", "DevEndpoint", "Registry")


def glue_demands(call: Call) -> list[Demand]:
    """The permissions that a call needs."""
    action, parameters = f"glue:{call.operation}", call.parameters
    needed = [Demand(action, arn, call.account_id) for arn in _glue_arns(call)]
    if role := parameters.get("Role") or parameters.get("JobUpdate", {}).get("Role"):
        role_arn = role if role.startswith("arn:") else iam_arn(call.account_id, "role", role)
        needed.append(pass_role(role_arn, call.account_id, "glue.amazonaws.com"))
    return needed


def _glue_arns(call: Call) -> list[str]:
    prefix = f"arn:aws:glue:{call.region}:{call.account_id}:"
    parameters = call.parameters
    database = parameters.get("DatabaseName")
    if "Database" in call.operation:
        database = parameters.get("Name") or parameters.get("DatabaseInput", {}).get("Name")
    if database or "Database" in call.operation or "Table" in call.operation:
        arns = [f"{prefix}catalog", f"{prefix}database/{database or '*'}"]
        if "Table" in call.operation or "Partition" in call.operation:
            table = parameters.get("TableName") or parameters.get("Name")
            table = table or parameters.get("TableInput", {}).get("Name") or "*"
            arns.insert(0, f"{prefix}table/{database or '*'}/{table}")
        return arns
    for kind in _GLUE_KINDS:
        if kind in call.operation:
            name = parameters.get(f"{kind}Name") or parameters.get("Name") or "*"
            return [f"{prefix}{kind[0].lower()}{kind[1:]}/{name}"]
    return ["*"]
