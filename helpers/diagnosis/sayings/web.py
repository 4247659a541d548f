"""Of what stands before an app: API Gateway, AppSync, CloudFront, mail and queues.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.sayings.saying import Sayings

SAYINGS: Sayings = {
    r"User is not authorized to access this resource": (
        "resource",
        "API Gateway says this where the API's own authorizer (a function, or a user pool) or its resource policy "
        "did not let the call in. IAM's policies of the caller had no say.",
        NextStep("See what the authorizer's policy answers for this method and path; it may be kept for minutes."),
    ),
    r"(?s)^(?!.*when calling the ).*\bMissing Authentication Token": (
        "request",
        "API Gateway says this where the API has no such path or method, and where a call came without a signature.",
        NextStep("Compare stage, path and method of the URL with the API's; if they are right, sign the call."),
    ),
    r"Authorization header requires 'Credential' parameter|Authorization=Bearer|Authorization header[^.]*Bearer": (
        "request",
        "The call carries another kind of Authorization than AWS's signature, such as a Bearer token, and this address "
        "wants the signature: the method has IAM authorization, or there is no such path or method.",
        NextStep(
            "Compare path, method and stage with the API's; then sign the call, or give the method the authorizer that "
            "the token is for, and deploy the API."
        ),
    ),
    r"Credential should be scoped to (?:a valid region|correct service)": (
        "request",
        "The call was signed for another region or service than it was sent to: a signature names both. No policy was "
        "asked, and the secret may well be right.",
        NextStep(
            "Sign for the region that is in the address, and for the service that the message names (execute-api for "
            "API Gateway, es for OpenSearch)."
        ),
    ),
    r"Request blocked\. We can.t connect|block access from your country|Bad request\. We can.t connect to the server": (
        "resource",
        "CloudFront said it: a firewall rule (AWS WAF), a limit to some countries, or a method or a host name that the "
        "distribution does not take. IAM's policies had no say.",
        NextStep(
            "See the distribution's web ACL, its geographic restrictions, its methods and its alternate domain names.",
            console="CloudFront → Distributions → the distribution → Security",
        ),
    ),
    r"Not Authorized to access \S+ on type|not authorized to make this call": (
        "resource",
        "AppSync refused it: the schema or the resolver does not let this kind of sign-in (API key, user pool, IAM) at "
        "this field, or the record is another user's.",
        NextStep(
            "Compare how the call signs in with the schema's directives (@aws_iam, @aws_cognito_user_pools; in Amplify "
            "@auth).",
        ),
    ),
    r"Email address is not verified": (
        "request",
        "SES sends only for addresses and domains that the account has verified in this region; while the account is "
        "in SES's sandbox, to verified ones only as well. No policy change mends this.",
        NextStep(
            "Verify the address or its domain in the region that the message names, or ask to leave the sandbox.",
            console="SES → Configuration → Identities",
            cli="aws sesv2 list-email-identities",
        ),
    ),
    r"535 Authentication Credentials Invalid|Authentication Credentials Invalid": (
        "credentials",
        "SES's mail server (SMTP) did not take the password. It is not the secret access key, but made from it, for "
        "one region; and a temporary key has none.",
        NextStep(
            "Make SMTP credentials in the region that is in the server's name.",
            console="SES → SMTP settings → Create SMTP credentials",
        ),
    ),
    r"Access to the resource https://(?:\w+\.)?(?:sqs|queue)\S+ is denied": (
        "identity",
        "SQS refused the call, and does not say who asked or which policy decided: no policy of the caller's or of the "
        "queue allows it, or one of them denies it. Across accounts both have to allow it.",
        NextStep(
            "See whose key signed the call, and whose queue it is; then what that caller's policies and the queue's "
            "own policy say of it.",
            cli="aws sqs get-queue-attributes --queue-url <queue-url> --attribute-names Policy QueueArn",
        ),
    ),
}
