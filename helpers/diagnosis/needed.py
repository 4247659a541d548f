"""Which permission a call needs, on what: for answers of AWS's that do not say."""

from helpers.clients.calls import Call

_S3_ACTIONS = {
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
}


def needed_by(call: Call) -> tuple[str, str] | None:
    """Tell the action and the resource of a call; None where the call does not tell which resource it is on."""
    action = f"{call.service}:{call.operation}"
    if call.operation == "AssumeRole":
        return action, call.parameters["RoleArn"]
    if call.service == "s3":
        path = "/".join(call.parameters[name] for name in ("Bucket", "Key") if name in call.parameters)
        return f"s3:{_S3_ACTIONS.get(call.operation, call.operation)}", f"arn:aws:s3:::{path or '*'}"
    return None if call.parameters else (action, "*")
