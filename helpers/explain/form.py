"""The form in which a learner asks: who, what for, and on what?"""

import re

from helpers import iam
from helpers.account import Account
from helpers.arns import arn_problem
from helpers.explain.explanation import Explanation
from helpers.explain.why import ASSUME_ROLE, explain
from helpers.forms import ActionForm, Field, FormError, action_form

_ACTIONS = (
    ASSUME_ROLE,
    "s3:ListAllMyBuckets",
    "s3:GetObject",
    "ec2:DescribeInstances",
    "glue:GetJobs",
    "iam:ListUsers",
)
_CALLER = re.compile(r"arn:aws[a-z-]*:(iam::\d{12}:(user|role)/.+|iam::\d{12}:root|sts::\d{12}:assumed-role/.+/.+)")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com")


def explain_form(account: Account, *, principal: str, resource: str, action: str = ASSUME_ROLE) -> ActionForm:
    """Makes a form that explains who may do what, and why; the account's users and roles are offered.

    Args:
        account: the open account.
        principal: the ARN that stands in the first field.
        resource: the ARN that stands in the last field.
        action: the action between them.

    Returns:
        The form; its `result` is the `Explanation`.
    """
    client = account.client("iam")
    fields = {
        "principal": Field(
            "Who asks",
            value=principal,
            options=lambda: [*iam.list_user_arns(client), *iam.list_role_arns(client)],
            problem_of=_caller_problem,
        ),
        "action": Field("What for", value=action, options=_ACTIONS, problem_of=_action_problem),
        "resource": Field(
            "On what",
            value=resource,
            options=lambda: [*iam.list_role_arns(client), "*"],
            problem_of=_resource_problem,
        ),
    }

    def work(values: dict[str, str]) -> Explanation:
        try:
            return explain(account, principal=values["principal"], action=values["action"], resource=values["resource"])
        except LookupError as error:
            raise FormError(str(error)) from None

    return action_form(fields, button="Explain", work=work)


def _caller_problem(text: str) -> str | None:
    if _CALLER.fullmatch(text) or _SERVICE.fullmatch(text):
        return None
    wanted = "Roles, sessions and services such as `ec2.amazonaws.com` can ask too."
    return f"{arn_problem(text, 'user') or 'Nobody has this ARN.'} {wanted}"


def _action_problem(text: str) -> str | None:
    if re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9]+", text):
        return None
    return "Give one action: a service and its call with a colon between them, such as `s3:GetObject`."


def _resource_problem(text: str) -> str | None:
    if text == "*" or re.fullmatch(r"arn:aws[a-z-]*:[a-z0-9-]+:[^:]*:[^:]*:.+", text):
        return None
    return "Give an ARN, or `*` for a call about nothing in particular."
