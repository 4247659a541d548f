"""Of roles, managed policies, organizations and the account itself.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
"""

from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.sayings.saying import Sayings

SAYINGS: Sayings = {
    r"Request ARN is invalid": (
        "request",
        "What was passed as the role to assume is no role's ARN: often a variable that nobody filled in, or a name.",
        NextStep(
            "Pass the role's ARN, which has :role/ in it.",
            console="IAM → Roles → the role → ARN",
            cli='aws iam list-roles --query "Roles[].Arn"',
        ),
    ),
    r"ross-account pass role is not allowed": (
        "request",
        "A role can be handed to a service only within its account: the role's ARN has another account's number than "
        "the caller's. Often the wrong profile signed the call, or the ARN was copied from another stage.",
        NextStep(
            "Compare the number in the role's ARN with the caller's, and hand over a role of the caller's account.",
            cli="aws sts get-caller-identity --query Account",
        ),
    ),
    r"assume the service[- ]linked role|service[- ]linked role (?:exists|does not exist|is missing)": (
        "resource",
        "The service acts through a role of its own, its service-linked role, and the account does not have it yet, or "
        "not any more. A service makes it at the first use, if whoever calls may iam:CreateServiceLinkedRole.",
        NextStep(
            "Make it once for the account, with the name of the service that the text tells, and try again.",
            cli="aws iam create-service-linked-role --aws-service-name <service>",
        ),
    ),
    r"(?:management|master) account or (?:a )?delegated administrator": (
        "identity",
        "Organizations answers this to its management account and to delegated administrators alone.",
        NextStep(
            "Make the call from the management account, or ask to have this account made a delegated administrator.",
            cli="aws organizations describe-organization --query Organization.MasterAccountId",
        ),
    ),
    r"is not a valid AWS service name": (
        "request",
        "No service of AWS's that has a service-linked role goes by this name: it is mistyped, an older one, or the "
        "service has none. It is no matter of permissions, though the code says so.",
        NextStep(
            "Look the service's principal up in its documentation on service-linked roles. It is not always the name "
            "in the console: OpenSearch's older one is es.amazonaws.com.",
        ),
    ),
    **{
        words: (
            "request",
            "IAM deletes nothing that still has something: an access key, a policy, an instance profile, a group's "
            "user, a policy's other versions. It is no matter of permissions.",
            NextStep(
                f"{first} Tools have settings for some of it, such as force_detach_policies in Terraform.", cli=cli
            ),
        )
        for words, first, cli in (
            (
                r"must remove roles from instance profile first",
                "Take the role out of its instance profile first.",
                "aws iam list-instance-profiles-for-role --role-name <role-name>\naws iam "
                "remove-role-from-instance-profile --instance-profile-name <instance-profile-name> --role-name "
                "<role-name>",
            ),
            (
                r"must delete policies first",
                "Delete the inline policies first (of a user: list-user-policies, delete-user-policy).",
                "aws iam list-role-policies --role-name <role-name>\naws iam delete-role-policy --role-name "
                "<role-name> --policy-name <policy-name>",
            ),
            (
                r"must detach all policies first",
                "Detach the managed policies first (of a user: list-attached-user-policies, detach-user-policy).",
                "aws iam list-attached-role-policies --role-name <role-name>\naws iam detach-role-policy --role-name "
                "<role-name> --policy-arn <policy-arn>",
            ),
            (
                r"must delete access keys first",
                "Delete the user's access keys first.",
                "aws iam list-access-keys --user-name <user-name>\naws iam delete-access-key --user-name <user-name> "
                "--access-key-id <access-key-id>",
            ),
            (
                r"policy attached to entities",
                "Detach the policy first from all that have it.",
                "aws iam list-entities-for-policy --policy-arn <policy-arn>",
            ),
            (r"DeleteConflict|Cannot delete (?:a policy|entity)", "Take away first what the message names.", ""),
        )
    },
    r"does not exist or is not attachable|ARN arn:aws:iam::aws:policy/\S+ is not valid": (
        "request",
        "There is no managed policy with this ARN, or it is none that users and roles can have. Names are easily wrong "
        "(AmazonS3FullAccess, not S3FullAccess), and some have a path: policy/service-role/…, policy/job-function/….",
        NextStep(
            "Look the policy up, and copy its ARN.",
            console="IAM → Policies → the policy → ARN",
            cli='aws iam list-policies --scope AWS --query "Policies[].Arn"',
        ),
    ),
    r"PackedPolicyTooLarge|Packed size of session tags": (
        "request",
        "What was passed when the session was opened, session policies and session tags, is too long when AWS packs "
        "it.",
        NextStep("Pass less: shorter tags, or managed policies by ARN in place of a policy's text."),
    ),
    r"Invalid information in one or more fields\. Check your information": (
        "resource",
        "The console's Switch role says this whatever is wrong: the account's number or the role's name is mistyped, "
        "the role's trust policy does not let you in, it wants something that the console does not pass (an external "
        "id, MFA that you did not sign in with), or no policy of yours allows sts:AssumeRole.",
        NextStep(
            "Compare account and role letter by letter. The same call by the CLI is refused in words that tell more.",
            cli="aws sts assume-role --role-arn <role-arn> --role-session-name test",
        ),
    ),
    r"AWSOrganizationsNotInUse": (
        "request",
        "The account is in no organization, or the call went to another account than was meant. No policy "
        "change mends this.",
        NextStep("See which account it is.", cli="aws sts get-caller-identity --query Account"),
    ),
    r"accept (?:the )?terms and subscribe|aws-marketplace:(?:Subscribe|ViewSubscriptions)": (
        "identity",
        "What was asked for is a product of AWS Marketplace, and nobody has subscribed to it for this account. Whoever "
        "does needs aws-marketplace:ViewSubscriptions and aws-marketplace:Subscribe.",
        NextStep(
            "Have somebody who may subscribe do so once, in this account.",
            console="AWS Marketplace → Manage subscriptions → Discover products",
        ),
    ),
    r"not subscribed to this service": (
        "request",
        "The account is not signed up, or not activated yet, for this service, or not in this region. No policy change "
        "mends this.",
        NextStep(
            "Finish the account's sign-up, or have the region switched on; if neither is it, ask AWS Support.",
            cli="aws account list-regions",
        ),
    ),
    r"needs a subscription for the service|NotSignedUp|PendingVerification|account is currently being verified": (
        "request",
        "The account's sign-up is not finished, or AWS is still verifying it. No policy change mends this.",
        NextStep(
            "Finish the sign-up: payment method, telephone, plan. If it lasts longer than a day, ask AWS Support."
        ),
    ),
    r"account is currently blocked|AccountProblem|problem with your AWS account|account is suspended": (
        "request",
        "AWS has blocked or suspended the account. No policy change mends this.",
        NextStep("Sign in as the root user, look for AWS's messages and open bills, and ask AWS Support."),
    ),
    r"SubscriptionRequiredException|Premium Support Subscription is required": (
        "request",
        "This interface is for accounts with a paid plan (Business Support or better; Shield Advanced has its own). No "
        "policy change mends this.",
        NextStep("See which plan the account has; in the console there is mostly another way."),
    ),
    r"not enabled for cost explorer|access to billing (?:information )?is(?:n't| not) activated"
    r"|permission to access billing information": (
        "request",
        "Billing is closed to users and roles until the account's root user opens it, whatever their policies allow. "
        "Then they need a policy as well, such as the managed policy AWSBillingReadOnlyAccess.",
        NextStep(
            "Have the root user activate it.",
            console="Account → IAM user and role access to Billing information → Edit",
        ),
    ),
}
