"""Resources that are part of another one, and are matched apart from it: an index of a table, an object in a bucket.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import re

_KINDS = (
    (r":dynamodb:[^/]+:table/[^/]+)/index/.+", "An index", "table", "indexes", "/index/*"),
    (r":dynamodb:[^/]+:table/[^/]+)/stream/.+", "A stream", "table", "streams", "/stream/*"),
    (r":logs:.+?:log-group:.+?):log-stream:.*", "A log stream", "log group", "log streams", ":*"),
    (r":lambda:[^/]+:function:[^:]+):.+", "A version or an alias", "function", "versions and aliases", ":*"),
    (r":s3:::[^/]+)/.+", "An object", "bucket", "objects", "/*"),
)


def matched_apart(resource: str) -> str:
    """Say what a policy's Resource has to be for a part, which that of the whole does not cover.

    Args:
        resource: what a call was on, by ARN.

    Returns:
        A sentence or two; empty where the resource is no such part.
    """
    for words, part, whole, parts, ending in _KINDS:
        if found := re.fullmatch(rf"(arn:aws[a-z-]*{words}", resource):
            arn = found[1]
            return (
                f"{part} is matched apart from its {whole}: a Resource of {arn} alone does not cover it. The {parts} "
                f"are {arn}{ending}; calls on the {whole} itself want {arn} beside that."
            )
    return ""
