"""What EC2 refuses before it changes anything; EC2 takes five seconds to load."""

import pytest

from support.sandbox_clients import HERE, Refusal, administrator, client, iam, refusal, unique

pytestmark = pytest.mark.exhaustive


@pytest.mark.parametrize(
    ("part", "value", "told"),
    [
        ("Name", "nope", "(nope) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"),
        (
            "Arn",
            f"arn:aws:iam::{HERE}:instance-profile/nope",
            f"(arn:aws:iam::{HERE}:instance-profile/nope) for parameter iamInstanceProfile.arn is invalid. "
            "Invalid IAM Instance Profile ARN",
        ),
    ],
)
def test_no_instance_starts_with_a_profile_that_is_not_there(sandbox, part, value, told):
    ec2 = client(sandbox, "ec2", administrator(sandbox))
    image = ec2.describe_images()["Images"][0]["ImageId"]
    asked = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "IamInstanceProfile": {part: value}}
    assert refusal(ec2.run_instances, **asked) == Refusal(400, "InvalidParameterValue", f"Value {told}")


def test_no_instance_starts_from_an_image_that_is_not_there(sandbox):
    ec2 = client(sandbox, "ec2", administrator(sandbox))
    told = Refusal(400, "InvalidAMIID.NotFound", "The image id '[ami-0123456789abcdef0]' does not exist")
    assert refusal(ec2.run_instances, ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1) == told


def test_an_instance_starts_with_a_profile_that_is_there(sandbox):
    profile = unique("profile")
    iam(sandbox).create_instance_profile(InstanceProfileName=profile)
    ec2 = client(sandbox, "ec2", administrator(sandbox))
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, IamInstanceProfile={"Name": profile})
    assert made["Instances"][0]["IamInstanceProfile"]["Arn"].endswith(f"instance-profile/{profile}")


def test_where_instance_types_are_offered(sandbox):
    ec2 = client(sandbox, "ec2", administrator(sandbox))
    only = [{"Name": "instance-type", "Values": ["t3.micro"]}]
    offered = ec2.describe_instance_type_offerings(Filters=only)["InstanceTypeOfferings"]
    assert [(each["InstanceType"], each["LocationType"]) for each in offered] == [("t3.micro", "region")]
