"""The cheatsheet's script, put right: assume a role, and print what that makes you.

Usage: AWS_PROFILE=tutorial-user python assume_role.py ROLE_ARN
"""

import sys

import boto3


def assume_role(role_arn: str, session_name: str = "example-role") -> boto3.Session:
    """aws sts assume-role --role-arn ROLE_ARN --role-session-name example-role"""
    answer = boto3.client("sts").assume_role(
        RoleArn=role_arn, RoleSessionName=session_name
    )
    credentials = answer["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


if __name__ == "__main__":
    identity = assume_role(role_arn=sys.argv[1]).client("sts").get_caller_identity()
    print(identity["Account"])
    print(identity["Arn"])
