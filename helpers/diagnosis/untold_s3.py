"""Refusals of S3's that do not say who asked for what: what the call wants, and what else can be behind it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
"""

import re
from typing import Literal

from helpers.clients.calls import OpenAccount
from helpers.diagnosis.refusals import Refusal
from helpers.evaluation.needs import s3_action

UNTOLD = "AWS refused it, and its answer does not say who asked for what"
FIND = "See whose key signed the call, and"
ASK = "explain(account, principal=…, action=…, resource=…)"

_BUCKET, _KEY = r"(?P<bucket>[a-z0-9][a-z0-9.-]+[a-z0-9])", r"(?P<key>[^\s'\"`,;)?]*[^\s'\"`,;)?:.])"
_PLACES = (
    re.compile(rf"s3[an]?://{_BUCKET}(?:/{_KEY})?"),
    re.compile(rf"arn:aws[a-z-]*:s3:::{_BUCKET}(?:/{_KEY})?"),
    re.compile(rf"https://{_BUCKET}\.s3[.-][a-z0-9.-]*amazonaws\.com(?:/{_KEY})?"),
    re.compile(rf"https://s3[.-][a-z0-9.-]*amazonaws\.com/{_BUCKET}(?:/{_KEY})?"),
    re.compile(rf"object \"(?P<key>[^\"]+)\" in S3 [Bb]ucket \"{_BUCKET}\""),
    re.compile(rf"S3 [Bb]ucket [(\"]+{_BUCKET}[)\"]+(?P<key>)"),
)
_IN_PROGRAMS_WORDS = {
    r"putting S3 (?:bucket )?ACL": "PutBucketAcl",
    r"putting S3 (?:bucket )?policy|AWS::S3::BucketPolicy": "PutBucketPolicy",
    r"(?:reading|getting) S3 (?:bucket )?policy": "GetBucketPolicy",
    r"creating (?:Amazon )?S3 (?:\(Simple Storage\) )?bucket": "CreateBucket",
    r"deleting (?:Amazon )?S3 (?:\(Simple Storage\) )?bucket": "DeleteBucket",
}
"""What Terraform and CloudFormation write in place of an operation's name."""
_PERMISSION = re.compile(r"\bs3:(?P<operation>[A-Z][A-Za-z]+)\b")


def untold_by_s3(account: OpenAccount, refusal: Refusal, operation: str) -> tuple[str, str] | None:
    """Say what S3's answer leaves out, and how it is found; None for an answer of another service.

    Args:
        account: the open account.
        refusal: what AWS said.
        operation: the operation, such as `PutObject`; empty where that is not known.
    """
    if refusal.code in ("403", "Forbidden") or operation.startswith("Head"):
        return (
            f"{UNTOLD}: the answer to a HEAD request carries no text.",
            f"Make the call again as a GET, which is refused in words. {FIND} ask again: {ASK}. HEAD of an object "
            f"wants s3:GetObject on it{_place(refusal, 'key')}; of a bucket, or of an object that is not there, "
            f"s3:ListBucket on the bucket{_place(refusal, 'bucket')}.",
        )
    operations = account.client("s3").meta.service_model.operation_names
    if operation not in operations and not refusal.says(r"\bS3\b|s3[.:]|\bhost ?id\b|extended request id"):
        return None
    operation = operation or _operation_in(refusal)
    if operation == "PutBucketPolicy":
        return (
            f"{UNTOLD}. Setting a bucket's policy wants s3:PutBucketPolicy. And one that lets in everybody (Principal "
            '"*") is refused to administrators too, where the bucket or its account blocks public access, as new ones '
            "do.",
            "See whether the policy names everybody, and what blocks it: aws s3api get-public-access-block, and "
            f"aws s3control get-public-access-block for the account. {FIND} ask again: {ASK}.",
        )
    of: Literal["bucket", "key"] = "key" if "Object" in s3_action(operation) else "bucket"
    wants = f"{operation} wants {s3_action(operation)}{_place(refusal, of)}. " if operation in operations else ""
    if operation in ("CopyObject", "UploadPartCopy"):
        wants = f"{operation} wants s3:PutObject on the copy and s3:GetObject on the source, in each bucket by its own "
        wants += "policy where it is another account's; with the object's tags, s3:GetObjectTagging and "
        wants += "s3:PutObjectTagging. "
    return (
        f"{UNTOLD}. {wants}S3 says more only to callers of the bucket's own account or organization, and in older "
        "messages to nobody.",
        f"{FIND} whose the bucket is. A policy of that caller's has to allow it, and no Deny be in the way: in the "
        "caller's policies, the bucket's or the organization's. Where the bucket is another account's, its own policy "
        f"has to allow it as well. Then ask again: {ASK}. {_besides(refusal, operation)}".rstrip(),
    )


def _operation_in(refusal: Refusal) -> str:
    """Find the operation in words of Terraform's or CloudFormation's, or in a permission that the text names."""
    told = next((name for words, name in _IN_PROGRAMS_WORDS.items() if refusal.says(words)), "")
    named = _PERMISSION.search(refusal.message)
    return told or (named["operation"] if named else "")


def _besides(refusal: Refusal, operation: str) -> str:
    """Tell what a call of S3 may want besides the permission of its name."""
    if operation.startswith("List"):
        return "A listing is allowed on the bucket's own ARN, not on that of its objects (/*)."
    if operation.endswith("Acl") or refusal.says(r"--acl\b|x-amz-acl"):
        also = "" if operation.endswith("Acl") else ", and wants s3:PutObjectAcl too"
        return (
            f"The call passes an ACL{also}; buckets that block public access, or have no ACLs, refuse it all the same. "
            "Try it without."
        )
    if operation and "Object" not in s3_action(operation):
        return ""
    keys = (
        "Besides the object, a bucket with a KMS key wants kms:GenerateDataKey to write and kms:Decrypt to read, an "
        "upload in parts both, and an ACL s3:PutObjectAcl."
    )
    if operation:
        return keys
    return (
        f"{keys} A browser or CloudFront comes without a key, or with CloudFront's: then the bucket's policy alone "
        "lets it in, and Block Public Access keeps everybody out. An object that is not there is refused as well to "
        "whoever may not list the bucket."
    )


def _place(refusal: Refusal, of: Literal["bucket", "key"]) -> str:
    """Name the bucket or the object that a text speaks of, by ARN, in brackets."""
    found = next((found for words in _PLACES if (found := words.search(refusal.message))), None)
    if not found or not found[of]:
        return ""
    arn = f"arn:aws:s3:::{found['bucket']}"
    return f" ({arn})" if of == "bucket" else f" ({arn}/{found['key']})"
