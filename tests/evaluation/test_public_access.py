import pytest

from helpers.evaluation.public_access import is_public

EVERYBODY = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}


def when(operator, key, *values):
    return {"Condition": {operator: {key: list(values)}}}


PUBLIC = {
    "everybody": {},
    "everybody, as AWS": {"Principal": {"AWS": "*"}},
    "everybody among others": {"Principal": {"AWS": ["111122223333", "*"]}},
    "every reader of one page": when("StringLike", "aws:Referer", "https://example.com/*"),
    "a virtual network by wildcard": when("StringLike", "aws:SourceVpc", "vpc-*"),
    "who calls by variable": when("StringEquals", "aws:PrincipalArn", "${aws:PrincipalArn}"),
    "all but one network": when("StringNotEquals", "aws:SourceVpc", "vpc-91237329"),
    "one network, or no network told": when("StringEqualsIfExists", "aws:SourceVpc", "vpc-91237329"),
    "each of none": when("ForAllValues:StringEquals", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-ab12/"),
    "half the internet": when("IpAddress", "aws:SourceIp", "0.0.0.0/1"),
    "half the new internet": when("IpAddress", "aws:SourceIp", "2001::/16"),
    "an address and the internet": when("IpAddress", "aws:SourceIp", "203.0.113.7", "0.0.0.0/0"),
    "any access point": when("StringLike", "s3:DataAccessPointArn", "arn:aws:s3:us-east-1:*:accesspoint/*"),
    "sessions of any role": when("StringLike", "aws:userid", "*:*"),
}
LIMITED = {
    "an account": {"Principal": {"AWS": "111122223333"}},
    "a service": {"Principal": {"Service": "cloudtrail.amazonaws.com"}},
    "a Deny for everybody": {"Effect": "Deny"},
    "one organization": when("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"),
    "one account, whatever the letters' case": when("StringEqualsIgnoreCase", "AWS:PrincipalAccount", "111122223333"),
    "one virtual network": when("StringEquals", "aws:SourceVpc", "vpc-91237329"),
    "one of some paths": when("ForAnyValue:StringEquals", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-ab12/"),
    "some addresses": when("IpAddress", "aws:SourceIp", "203.0.113.0/24", "198.51.100.7"),
    "private addresses": when("IpAddress", "aws:SourceIp", "10.0.0.0/8", "192.168.0.0/16"),
    "an account's access points": when(
        "ArnLike", "s3:DataAccessPointArn", "arn:aws:s3:us-east-1:111122223333:accesspoint/*"
    ),
    "one network and a page": {
        "Condition": {
            "StringLike": {"aws:Referer": "https://example.com/*"},
            "StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"},
        }
    },
}


@pytest.mark.parametrize("change", PUBLIC.values(), ids=PUBLIC)
def test_what_lets_in_more_than_fixed_values_is_public(change):
    assert is_public({"Statement": [EVERYBODY | change]})


@pytest.mark.parametrize("change", LIMITED.values(), ids=LIMITED)
def test_what_is_limited_to_fixed_values_is_not(change):
    assert not is_public({"Statement": EVERYBODY | change})


def test_one_public_statement_is_enough():
    assert is_public({"Statement": [EVERYBODY | LIMITED["an account"], EVERYBODY]})
