"""What EC2 refuses before it changes anything, where moto answers otherwise.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.accounts import iam
from helpers.sandbox.request.call import Call


def check_call(call: Call) -> None:
    """Refuse to start an instance with a profile that is not there.

    Raises:
        AwsError: `InvalidParameterValue`.
    """
    given = call.parameters.get("IamInstanceProfile", {}) if call.operation == "RunInstances" else {}
    profiles = iam(call.account_id).instance_profiles.values() if given else []
    for part, value in given.items():
        if value not in (getattr(profile, part.lower()) for profile in profiles):
            told = f"Invalid IAM Instance Profile {'name' if part == 'Name' else 'ARN'}"
            raise AwsError(
                "InvalidParameterValue",
                f"Value ({value}) for parameter iamInstanceProfile.{part.lower()} is invalid. {told}",
                400,
            )
