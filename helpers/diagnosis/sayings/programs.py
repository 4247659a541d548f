"""Of programs, before AWS was asked: no key, no sign-in, no region, no way to AWS.

https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.sayings.saying import Sayings

SAYINGS: Sayings = {
    r"please check your action inputs": (
        "credentials",
        "GitHub's action for AWS credentials got none: the job may not ask for a token to sign in with, or the "
        "secrets that it was given are empty, as they are for a fork, for Dependabot, and in a reusable workflow "
        "without secrets: inherit. AWS was not asked.",
        NextStep(
            "To sign in with a role, give the job permissions: id-token: write (and contents: read). With keys, see "
            "that the secrets have these names, in this repository or environment."
        ),
    ),
    r"sso[/\\]cache[/\\].*(?:no such file|cannot find)": (
        "credentials",
        "This program found no sign-in with IAM Identity Center where it looked for one. Either there is none yet, or "
        "the program is too old for profiles with sso_session, whose sign-in is kept under another name. No policy "
        "was asked.",
        NextStep(
            "Sign in. If the AWS CLI works with this profile already, use a newer version of the program, or write "
            "sso_start_url and sso_region into the profile itself.",
            cli="aws sso login --profile <profile>",
        ),
    ),
    r"Service account token cannot be parsed": (
        "credentials",
        "The EKS Pod Identity agent could not read the token that the program sent, so that AWS was not asked. It "
        "wants the token bare, without the word Bearer before it.",
        NextStep(
            "Have the program send what is in the file AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE and nothing else as the "
            "Authorization header; a newer version of its AWS SDK does.",
        ),
    ),
    r"AssumeRoleTokenProvider session option not set": (
        "credentials",
        "The profile's role wants an MFA code (mfa_serial), and this program cannot ask for one. AWS was not asked.",
        NextStep(
            "Open the session with a program that can, and hand it over in environment variables.",
            cli="aws configure export-credentials --profile <profile> --format env",
        ),
    ),
    r"(?:no EC2 IMDS role found|ec2imds|EC2 metadata|IMDS).*(?:deadline exceeded|timed? ?out|canceled)": (
        "credentials",
        "The program asked the instance's metadata service for the role's key, and got no answer in time. In a "
        "container that is mostly the hop limit: an instance that wants tokens (IMDSv2) answers no farther than that "
        "many hops, one where nobody set it. No policy was asked.",
        NextStep(
            "Let it answer one hop farther; in a cluster, better give the pod a role of its own (EKS Pod Identity, or "
            "IAM roles for service accounts).",
            cli="aws ec2 modify-instance-metadata-options --instance-id <instance-id> --http-put-response-hop-limit 2",
        ),
    ),
    r"config profile .+ could not be found": (
        "credentials",
        "The AWS configuration has no profile of this name, or it is read from another file. Nothing was asked of AWS.",
        NextStep(
            "Compare the name with the profiles that there are. In ~/.aws/config its heading is [profile <name>], and "
            "in ~/.aws/credentials [<name>].",
            cli="aws configure list-profiles",
        ),
    ),
    r"SSO session .*(?:expired|invalid)|retrieving token from sso|Session token not found or invalid"
    r"|refresh(?:ing)? (?:cached )?(?:SSO|AWS IAM Identity Center) token|InvalidGrantException": (
        "credentials",
        "The sign-in with IAM Identity Center has ended. No policy was asked.",
        NextStep("Sign in again.", cli="aws sso login --profile <profile>"),
    ),
    r"GetRoleCredentials operation: No access": (
        "identity",
        "IAM Identity Center has not assigned this account with this permission set to the person who signed in.",
        NextStep(
            "Compare the account's number and the permission set's name in the profile; ask whoever administers IAM "
            "Identity Center for the assignment.",
            cli="aws configure list-profiles",
        ),
    ),
    r"Partial credentials found": (
        "credentials",
        "Half a key was found: of an access key's id and its secret, one is not set. Nothing was asked of AWS.",
        NextStep("Set both, in the same place, or neither.", cli="aws configure list"),
    ),
    r"id-token": (
        "credentials",
        "The workflow got no token to sign in with: GitHub gives one only to a job that has the permission for it. AWS "
        "was not asked.",
        NextStep("Give the workflow, or the job, permissions: id-token: write (and contents: read, for the checkout)."),
    ),
    r"Error loading SSO Token|Token for \S+ does not exist|UnauthorizedSSOToken|SSOTokenLoadError": (
        "credentials",
        "There is no sign-in with IAM Identity Center for this profile. No policy was asked.",
        NextStep("Sign in.", cli="aws sso login --profile <profile>"),
    ),
    r"source[_ ]profile .*(?:must have credentials|does not exist)|Infinite loop in credential configuration": (
        "credentials",
        "The profile assumes its role with another one (source_profile) that has no key, is not there, or leads back "
        "to itself. Nothing was asked of AWS.",
        NextStep(
            "See both profiles: the one that source_profile names has to have a key or a sign-in.",
            cli="aws configure list-profiles",
        ),
    ),
    r"retrieving credentials from custom-process|credential_process|Error when retrieving credentials from": (
        "credentials",
        "The place from which the program takes its credentials failed: the command of credential_process, or the "
        "machine's own role. AWS was not asked with any key.",
        NextStep(
            "Run that command by hand: it prints JSON with Version 1. For a machine's role, see whether it has one; "
            "for a task's, whether the task was given one, and start the task anew.",
            cli="aws configure list",
        ),
    ),
    r"169\.254\.(?:169\.254|170\.2)": (
        "credentials",
        "The program asked the machine for its role's key, and got none: the machine has no role, does not let "
        "containers ask (hop limit), or this is no machine in AWS at all. No policy was asked.",
        NextStep(
            "On AWS, give the machine, the task or the pod a role. Elsewhere, give the program a profile, or keys in "
            "environment variables, and AWS_EC2_METADATA_DISABLED=true.",
            cli="aws configure list",
        ),
    ),
    r"CERTIFICATE_VERIFY_FAILED|SSL validation failed|certificate verify failed|self[- ]signed certificate": (
        "request",
        "The program does not trust the certificate that it was shown, mostly a company proxy's: so it asked nothing "
        "of AWS.",
        NextStep("Give the program the proxy's certificate authority: AWS_CA_BUNDLE, or ca_bundle in the profile."),
    ),
    r"Could not connect to the endpoint URL|EndpointConnectionError|(?:connect|read) timeout|context deadline exceeded"
    r"|i/o timeout|[Cc]onnection (?:timed out|refused)|ETIMEDOUT|ECONNREFUSED|ENOTFOUND|no such host|getaddrinfo": (
        "request",
        "The program did not reach AWS, or got no answer in time: so nothing was refused, and no policy was asked.",
        NextStep(
            "See the way to AWS: the region's name (a mistyped one has no address), a proxy, DNS, the outbound rules "
            "of the security group; in a private subnet, a NAT gateway or a VPC endpoint for this service.",
            cli="aws configure list",
        ),
    ),
    r"[Yy]ou must specify a region|NoRegionError|[Mm]issing [Rr]egion|[Cc]ould not find region|Region is missing": (
        "request",
        "The program does not know which region to ask. AWS was not asked.",
        NextStep(
            "Set a region where the program looks: AWS_REGION, the profile, or its own settings (the AWS CLI: "
            "--region, or AWS_DEFAULT_REGION).",
            cli="aws configure set region <region> --profile <profile>",
        ),
    ),
}
