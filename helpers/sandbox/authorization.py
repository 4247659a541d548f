"""Whether a call may go through: collects what bears on it and lets `helpers.decisions` decide."""

from dataclasses import replace

from helpers.decisions import Policy, Request, Verdict, decide
from helpers.sandbox import moto_seam
from helpers.sandbox.context import Context, resource_context
from helpers.sandbox.errors import access_denied, credential_error
from helpers.sandbox.identities import policies_of
from helpers.sandbox.moto_seam import ServiceModel
from helpers.sandbox.resources import Call, Demand, demands

NOT_THE_CALLERS = "somebody else's"
"""Stands for the account of what has none, for an anonymous caller, who owns nothing."""

# Those that give new credentials refuse in words of their own.
_FOR_FEDERATED_USERS = {"GetCallerIdentity", "GetFederationToken", "GetSessionToken"}
_FOR_USERS_SESSIONS = _FOR_FEDERATED_USERS | {"AssumeRole"}


def authorize(call: Call, context: Context, service: ServiceModel) -> None:
    """Lets a call pass when everything that it needs is allowed.

    Raises:
        AwsError: the refusal, in the service's own words, of the first need that is not met.
    """
    caller = call.caller
    policies = policies_of(caller)
    for demand in demands(call):
        request = Request(
            principal=caller.principal,
            action=demand.action,
            resource=demand.resource,
            resource_account=demand.resource_account or (None if caller.entity else NOT_THE_CALLERS),
            context={**context, **resource_context(demand)},
        )
        decision = decide(request, replace(policies, resource=_resource_policy(demand)))
        if decision.verdict is Verdict.ALLOWED and not _is_beyond_the_session(call):
            continue
        if caller.entity is None:
            raise credential_error("no credentials", service)
        raise access_denied(
            service,
            caller_arn=caller.principal.arn,
            action=demand.action,
            resource=demand.resource if demand.is_named else "*",
            phrase=decision.phrase,
        )


def _is_beyond_the_session(call: Call) -> bool:
    """Whether STS refuses this call to a user's temporary credentials, whatever the policies say.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    """
    caller = call.caller
    if call.service != "sts" or caller.session is None or caller.is_role:
        return False
    return call.operation not in (_FOR_FEDERATED_USERS if caller.is_federated else _FOR_USERS_SESSIONS)


def _resource_policy(demand: Demand) -> Policy | None:
    """The policy on the resource's own side: a role's trust policy, or a bucket's policy."""
    service = demand.action.partition(":")[0]
    if service == "sts" and demand.resource != "*":
        role = moto_seam.role_by_arn(demand.resource)
        if role is None:
            return None
        document = moto_seam.parse_json(role.assume_role_policy_document)
        return Policy(f'trust policy of role "{role.name}"', document)
    if service == "s3" and demand.is_named:
        bucket = demand.resource.removeprefix("arn:aws:s3:::").partition("/")[0]
        found = moto_seam.bucket_owner_and_policy(bucket)
        if found and found[1]:
            return Policy(f'bucket policy of "{bucket}"', found[1])
    return None
