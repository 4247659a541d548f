"""Of EC2, Lambda, containers and clusters.

https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
"""

from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.sayings.saying import Sayings

SAYINGS: Sayings = {
    r"Invalid IAM Instance Profile|Instance Profile \S+ (?:cannot be found|does not exist)": (
        "request",
        "EC2 takes an instance profile, which holds a role, and the account has none of this name: a role's name was "
        "passed, perhaps (only the console makes a profile along with each role), or it was made seconds ago.",
        NextStep(
            "See which profile the role is in; if there is none, make one and add the role. Whoever starts the "
            "instance needs iam:PassRole on the role.",
            cli="aws iam list-instance-profiles-for-role --role-name <role-name>",
        ),
    ),
    r"Invalid permissions on Lambda function": (
        "resource",
        "API Gateway may not invoke the function: the function's own policy has to allow the service "
        "apigateway.amazonaws.com, for this API. The caller's policies do not help.",
        NextStep(
            "Let the API in, or give the integration a role that may invoke the function.",
            cli="aws lambda add-permission --function-name <function-name> --statement-id api "
            "--action lambda:InvokeFunction --principal apigateway.amazonaws.com "
            "--source-arn arn:aws:execute-api:<region>:<account-id>:<api-id>/*",
        ),
    ),
    r"InvalidKMSKey\.InvalidState|KMS key provided is in an incorrect state|inaccessible (?:AWS )?KMS key"
    r"|Client\.InternalError: Client error on launch": (
        "resource",
        "The disk is encrypted with a KMS key that could not be used: it is disabled or to be deleted, or its key "
        "policy does not let the service in that starts the instance.",
        NextStep(
            "See the key's state; then let the caller in there. Auto Scaling's own role, AWSServiceRoleForAutoScaling, "
            "needs kms:CreateGrant besides the use of the key.",
            console="KMS → Customer managed keys → the key → Key policy",
            cli="aws kms describe-key --key-id <key-id> --query KeyMetadata.KeyState",
        ),
    ),
    r"Not authorized for (?:images|subnets?|key ?pairs?|security groups?)": (
        "resource",
        "EC2 took the credentials: what it refused is what the instance was to be made of. The image (or subnet, key "
        "pair, security group) is somebody else's and not shared with this account, withdrawn, or in another region.",
        NextStep(
            "See whether this account can see it in this region; if not, ask its owner to share it, or name one that "
            "the account has.",
            cli="aws ec2 describe-images --image-ids <image-id>",
        ),
    ),
    r"Lambda was unable to decrypt the environment variables": (
        "identity",
        "The function's own role, not whoever calls the function, may not decrypt its environment variables. With a "
        "key of your own, that role needs kms:Decrypt on it, and the key's policy has to let it in; with AWS's key "
        "(aws/lambda), the role was mostly made anew, which the key's grant does not know.",
        NextStep(
            "See which role and key the function has. With AWS's key, give the function another role and then this one "
            "again, which renews the grant.",
            cli="aws lambda get-function-configuration --function-name <function-name> --query [Role,KMSKeyArn]",
        ),
    ),
    r"must be logged in to the server": (
        "resource",
        "The Kubernetes cluster does not know the caller. It keeps a list of its own of who may in (access entries, or "
        "the ConfigMap aws-auth); IAM's policies do not decide it.",
        NextStep(
            "Ask whoever made the cluster to add the caller to that list.",
            cli="aws eks list-access-entries --cluster-name <cluster-name>",
        ),
    ),
    r"EKS does not have permissions to assume": (
        "resource",
        "The role that is associated with the pod's service account does not let EKS Pod Identity in: its trust policy "
        "has to allow the service pods.eks.amazonaws.com both sts:AssumeRole and sts:TagSession, and its conditions "
        "have to fit.",
        NextStep(
            "Add what is missing to the role's trust policy.",
            console="IAM → Roles → the role → Trust relationships",
            cli="aws eks list-pod-identity-associations --cluster-name <cluster-name>",
        ),
    ),
    r"AssumeRoleForPodIdentity.*Expired": (
        "credentials",
        "The token that Kubernetes gives the pod had ended when it was exchanged for a session. No policy was asked.",
        NextStep(
            "Restart the pod, which gets a new token; where it comes again, see the nodes' clocks.", cli="date -u"
        ),
    ),
    r"[Ii]nstance profile \S+ associated with the environment does not exist": (
        "request",
        "Elastic Beanstalk starts instances with an instance profile, and the account has none of this name: new "
        "accounts have no default one any more.",
        NextStep(
            "Make a role for EC2 with the managed policy AWSElasticBeanstalkWebTier (the console makes its profile "
            "along), and name that profile in the environment.",
            cli="aws iam list-instance-profiles --query InstanceProfiles[].InstanceProfileName",
        ),
    ),
    r"permission to access the ECR image": (
        "resource",
        "Lambda reads the image as a service, and the repository's own policy does not let it in.",
        NextStep(
            "Let lambda.amazonaws.com call ecr:BatchGetImage and ecr:GetDownloadUrlForLayer in the repository's "
            "policy, for these functions (aws:SourceArn); whoever makes the function needs ecr:GetRepositoryPolicy and "
            "ecr:SetRepositoryPolicy, or the policy there already.",
            cli="aws ecr get-repository-policy --repository-name <repository>",
        ),
    ),
    r"final policy size \(\d+\) is bigger than the limit": (
        "request",
        "The function's own policy is full: each permission for a caller is a statement in it (20 KB at most).",
        NextStep(
            "Take statements out that nobody needs, or put many into one with a wildcard in the source ARN.",
            cli="aws lambda get-policy --function-name <function-name> --query Policy --output text",
        ),
    ),
    r"authorization token has expired|no basic auth credentials": (
        "credentials",
        "The registry's password is missing, or ended: it lasts twelve hours. No policy was asked.",
        NextStep(
            "Sign in to the registry again; to the public one (public.ecr.aws) with aws ecr-public get-login-password "
            "--region us-east-1, or sign out of it (docker logout public.ecr.aws).",
            cli="aws ecr get-login-password | docker login --username AWS --password-stdin "
            "<account-id>.dkr.ecr.<region>.amazonaws.com",
        ),
    ),
    r"pull access denied(?!.*is not authorized to perform)|\.dkr\.ecr\..{0,300}\b403\b": (
        "identity",
        "The registry did not give the image: the repository's name, account or region is mistyped, nobody signed in "
        "to the registry, or whoever pulls may not (in ECS the task's execution role, in EKS the node's role).",
        NextStep(
            "Compare the image's address with the repository. That role needs ecr:GetAuthorizationToken on * and "
            "ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the repository; across accounts, the repository's "
            "policy has to let it in too.",
            cli="aws ecr describe-repositories --query repositories[].repositoryUri",
        ),
    ),
    r"cannot (?:get|list|watch|create|update|patch|delete|impersonate|bind) resource \""
    r"|(?:principal|user or role) does(?:n't| not) have access to Kubernetes": (
        "resource",
        "Kubernetes refused it, and not IAM: whoever signed in is known to the cluster, and its own roles (RBAC) or "
        "access policies do not allow this there.",
        NextStep(
            "Ask whoever administers the cluster for an access policy of EKS (AmazonEKSViewPolicy, "
            "AmazonEKSClusterAdminPolicy) or a role of Kubernetes' for this caller.",
            cli="aws eks list-associated-access-policies --cluster-name <cluster-name> --principal-arn <caller-arn>",
        ),
    ),
    r"TargetNotConnected": (
        "resource",
        "Systems Manager does not know the instance as connected, in the account and the region that were asked: its "
        "agent does not run or has no way to AWS, its role lacks AmazonSSMManagedInstanceCore, or the call was made "
        "with another account's key or for another region.",
        NextStep(
            "See whose account was asked, and whether the instance is in the list; then its instance profile, its "
            "agent, and its way out (or VPC endpoints for ssm, ssmmessages and ec2messages).",
            cli="aws ssm describe-instance-information --query InstanceInformationList[].InstanceId",
        ),
    ),
}
