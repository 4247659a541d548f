"""Virtual MFA devices, and the codes of an authenticator app, as a user of boto3 meets them."""

import io
import time
from typing import NamedTuple

import pyotp
import pytest
import segno
from botocore.credentials import Credentials

from helpers.sandbox.outside.control import advance_clock
from support.sandbox_clients import (
    HERE,
    THERE,
    NewUser,
    Refusal,
    administrator,
    allow,
    assume,
    client,
    deny,
    iam,
    new_role,
    new_user,
    refusal,
    refusal_to_assume,
    running_sandbox,
    session_token,
    trust,
    unique,
)

MFA_DONE = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
NOT_SAID = {"Null": {"aws:MultiFactorAuthPresent": "true"}}
LIST_BUCKETS = "s3:ListAllMyBuckets"
INVALID_CODES = Refusal(403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")
NO_DEVICE_OF_THE_CALLERS = Refusal(
    403,
    "AccessDenied",
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user.",
)
INVALID_CODE = Refusal(403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ")


class Device(NamedTuple):
    """A virtual device, and the app that shows its codes."""

    serial_number: str
    app: pyotp.TOTP
    started: float

    def code(self, steps: int = 0) -> str:
        """What the app shows so many times 30 seconds after the test began."""
        return self.app.at(int(self.started) + 30 * steps)

    def codes(self) -> dict[str, str]:
        """Two codes in a row, as `EnableMFADevice` wants them."""
        return {"AuthenticationCode1": self.code(-1), "AuthenticationCode2": self.code()}

    def mfa(self, steps: int = 0) -> dict[str, str]:
        """What an STS call passes; each code is good for one call."""
        return {"SerialNumber": self.serial_number, "TokenCode": self.code(steps)}

    def wrong_code(self) -> str:
        """A code that the app does not show for minutes around."""
        shown = {self.code(steps) for steps in range(-10, 11)}
        return next(code for code in ("000000", "111111", "222222") if code not in shown)


def new_device(sandbox):
    made = iam(sandbox).create_virtual_mfa_device(VirtualMFADeviceName=unique("phone"))["VirtualMFADevice"]
    return Device(made["SerialNumber"], pyotp.TOTP(made["Base32StringSeed"].decode()), time.time())


def enabled_device(sandbox, user: NewUser):
    device = new_device(sandbox)
    iam(sandbox).enable_mfa_device(UserName=user.name, SerialNumber=device.serial_number, **device.codes())
    return device


def may_list_buckets(sandbox, key):
    try:
        client(sandbox, "s3", key).list_buckets()
    except client(sandbox, "s3", key).exceptions.ClientError:
        return False
    return True


def serial_numbers(sandbox, status):
    listed = iam(sandbox).list_virtual_mfa_devices(AssignmentStatus=status)["VirtualMFADevices"]
    return {device["SerialNumber"] for device in listed}


# --- devices


def test_a_new_device_shows_its_secret_in_text_and_as_a_picture(sandbox):
    name = unique("phone")
    made = iam(sandbox).create_virtual_mfa_device(VirtualMFADeviceName=name, Path="/team/")["VirtualMFADevice"]
    assert made["SerialNumber"] == f"arn:aws:iam::{HERE}:mfa/team/{name}"
    seed = made["Base32StringSeed"].decode()
    assert len(seed) == 64
    picture = io.BytesIO()
    segno.make(f"otpauth://totp/{name}@{HERE}?secret={seed}").save(picture, kind="png", scale=4)
    assert made["QRCodePNG"] == picture.getvalue()


def test_a_device_is_listed_without_its_secret_until_it_is_deleted(sandbox):
    device = new_device(sandbox)
    listed = iam(sandbox).list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert {"SerialNumber": device.serial_number} in listed
    assert device.serial_number not in serial_numbers(sandbox, "Assigned")
    iam(sandbox).delete_virtual_mfa_device(SerialNumber=device.serial_number)
    assert device.serial_number not in serial_numbers(sandbox, "Any")


def test_devices_are_listed_page_by_page(sandbox):
    made = {new_device(sandbox).serial_number for _ in range(3)}
    pages = list(iam(sandbox).get_paginator("list_virtual_mfa_devices").paginate(PaginationConfig={"PageSize": 1}))
    assert made <= {page["VirtualMFADevices"][0]["SerialNumber"] for page in pages}
    answer = refusal(iam(sandbox).list_virtual_mfa_devices, Marker="no-marker")
    assert answer == Refusal(400, "ValidationError", "Invalid Marker.")


def test_a_devices_name_is_taken_once(sandbox):
    name = new_device(sandbox).serial_number.rpartition("/")[2]
    answer = refusal(iam(sandbox).create_virtual_mfa_device, VirtualMFADeviceName=name)
    assert answer == Refusal(409, "EntityAlreadyExists", "MFA device already exists.")


def test_what_is_done_to_a_device_that_does_not_exist_is_refused(sandbox):
    serial_number = f"arn:aws:iam::{HERE}:mfa/{unique('none')}"
    user = new_user(sandbox)
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    missing = Refusal(404, "NoSuchEntity", f"MFA Device with serial number {serial_number} does not exist.")
    admin = iam(sandbox)
    assert refusal(admin.delete_virtual_mfa_device, SerialNumber=serial_number) == missing
    assert refusal(admin.deactivate_mfa_device, UserName=user.name, SerialNumber=serial_number) == missing
    assert refusal(admin.enable_mfa_device, UserName=user.name, SerialNumber=serial_number, **codes) == missing


# --- enabling


def test_two_codes_in_a_row_enable_a_device_until_it_is_deactivated(sandbox):
    user, admin = new_user(sandbox), iam(sandbox)
    device = enabled_device(sandbox, user)
    (listed,) = admin.list_mfa_devices(UserName=user.name)["MFADevices"]
    assert (listed["UserName"], listed["SerialNumber"]) == (user.name, device.serial_number)
    assert client(sandbox, "iam", administrator(sandbox)).list_mfa_devices()["MFADevices"] == []
    (owned,) = (
        one
        for one in admin.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
        if one["SerialNumber"] == device.serial_number
    )
    assert (owned["User"]["Arn"], owned["EnableDate"]) == (user.arn, listed["EnableDate"])
    admin.deactivate_mfa_device(UserName=user.name, SerialNumber=device.serial_number)
    assert admin.list_mfa_devices(UserName=user.name)["MFADevices"] == []
    assert device.serial_number in serial_numbers(sandbox, "Unassigned")


NO_CODES_IN_A_ROW = {
    "one code twice": (0, 0),
    "the later one first": (0, -1),
    "one left out": (-2, 0),
    "codes of two days ago": (-5761, -5760),
}


@pytest.mark.parametrize("steps", NO_CODES_IN_A_ROW.values(), ids=NO_CODES_IN_A_ROW)
def test_other_codes_enable_nothing(sandbox, steps):
    user, device = new_user(sandbox), new_device(sandbox)
    codes = {"AuthenticationCode1": device.code(steps[0]), "AuthenticationCode2": device.code(steps[1])}
    enable = iam(sandbox).enable_mfa_device
    assert refusal(enable, UserName=user.name, SerialNumber=device.serial_number, **codes) == INVALID_CODES
    assert iam(sandbox).list_mfa_devices(UserName=user.name)["MFADevices"] == []


def test_a_device_belongs_to_one_user(sandbox):
    owner, other, admin = new_user(sandbox), new_user(sandbox), iam(sandbox)
    device = enabled_device(sandbox, owner)
    named = {"UserName": other.name, "SerialNumber": device.serial_number}
    assert refusal(admin.enable_mfa_device, **named, **device.codes()) == Refusal(
        409, "EntityAlreadyExists", "MFA Device is already in use."
    )
    missing = Refusal(404, "NoSuchEntity", f"MFA Device with serial number {device.serial_number} does not exist.")
    assert refusal(admin.deactivate_mfa_device, **named) == missing
    assert refusal(admin.resync_mfa_device, **named, **device.codes()) == missing


def test_a_users_device_is_deactivated_before_it_is_deleted(sandbox):
    user, admin = new_user(sandbox), iam(sandbox)
    device = enabled_device(sandbox, user)
    answer = refusal(admin.delete_virtual_mfa_device, SerialNumber=device.serial_number)
    assert answer == Refusal(409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
    admin.deactivate_mfa_device(UserName=user.name, SerialNumber=device.serial_number)
    admin.delete_virtual_mfa_device(SerialNumber=device.serial_number)


def test_a_user_manages_its_own_device_without_saying_who_it_is(sandbox):
    own = [f"arn:aws:iam::{HERE}:{kind}/${{aws:username}}" for kind in ("user", "mfa")]
    user = new_user(sandbox, allow("iam:*MFADevice*", own))
    itself = client(sandbox, "iam", user.key)
    made = itself.create_virtual_mfa_device(VirtualMFADeviceName=user.name)["VirtualMFADevice"]
    device = Device(made["SerialNumber"], pyotp.TOTP(made["Base32StringSeed"].decode()), time.time())
    itself.enable_mfa_device(UserName=user.name, SerialNumber=device.serial_number, **device.codes())
    assert [one["SerialNumber"] for one in itself.list_mfa_devices()["MFADevices"]] == [device.serial_number]


# --- GetSessionToken


def test_only_a_session_that_was_begun_with_a_code_counts_as_mfa(sandbox):
    user = new_user(sandbox, allow(LIST_BUCKETS, Condition=MFA_DONE))
    device = enabled_device(sandbox, user)
    assert not may_list_buckets(sandbox, user.key)
    assert not may_list_buckets(sandbox, session_token(sandbox, user.key))
    assert may_list_buckets(sandbox, session_token(sandbox, user.key, **device.mfa()))


def test_calls_signed_with_a_long_term_key_do_not_say_whether_mfa_was_done(sandbox):
    user = new_user(sandbox, allow(LIST_BUCKETS, Condition=NOT_SAID))
    assert may_list_buckets(sandbox, user.key)
    assert not may_list_buckets(sandbox, session_token(sandbox, user.key))


def test_a_deny_without_mfa_stops_a_users_session_and_needs_if_exists_to_stop_a_long_term_key(sandbox):
    without = {"aws:MultiFactorAuthPresent": "false"}
    gap = new_user(sandbox, allow(LIST_BUCKETS), deny("*", Condition={"Bool": without}))
    closed = new_user(sandbox, allow(LIST_BUCKETS), deny("*", Condition={"BoolIfExists": without}))
    assert may_list_buckets(sandbox, gap.key)
    assert not may_list_buckets(sandbox, closed.key)
    for user in (gap, closed):
        denied = refusal(client(sandbox, "s3", session_token(sandbox, user.key)).list_buckets)
        assert denied.message.endswith("with an explicit deny in an identity-based policy")
        with_mfa = session_token(sandbox, user.key, **enabled_device(sandbox, user).mfa())
        assert may_list_buckets(sandbox, with_mfa)


def test_iam_takes_a_users_session_with_mfa(sandbox):
    user = new_user(sandbox, allow("iam:GetUser"))
    device = enabled_device(sandbox, user)
    with_mfa = client(sandbox, "iam", session_token(sandbox, user.key, **device.mfa()))
    assert with_mfa.get_user()["User"]["Arn"] == user.arn


def test_a_code_is_good_for_one_time_and_for_a_minute(sandbox):
    user = new_user(sandbox)
    device = enabled_device(sandbox, user)
    get = client(sandbox, "sts", user.key).get_session_token
    get(**device.mfa())
    assert refusal(get, **device.mfa()) == INVALID_CODE, "used"
    assert refusal(get, **device.mfa(-1)) == INVALID_CODE, "older than one that was used"
    assert refusal(get, **device.mfa(10)) == INVALID_CODE, "not yet shown"
    get(**device.mfa(1))


def test_a_wrong_or_old_code_is_refused(sandbox):
    user = new_user(sandbox)
    device = enabled_device(sandbox, user)
    get = client(sandbox, "sts", user.key).get_session_token
    assert refusal(get, SerialNumber=device.serial_number, TokenCode=device.wrong_code()) == INVALID_CODE
    assert refusal(get, **device.mfa(-10)) == INVALID_CODE


@pytest.fixture(scope="module")
def foreign_devices(sandbox):
    """What is passed as a device, and is none of the caller's."""
    serial_numbers = {
        "a user's ARN": new_user(sandbox).arn,
        "a device that is not there": f"arn:aws:iam::{HERE}:mfa/none",
        "a role's ARN": f"arn:aws:iam::{HERE}:role/reader",
        "a hardware device's number": "GAHT12345678",
        "another account's": f"arn:aws:iam::{THERE}:mfa/phone",
    }
    return {
        "another user's": enabled_device(sandbox, new_user(sandbox)).mfa(),
        "nobody's": new_device(sandbox).mfa(),
        **{kind: {"SerialNumber": number, "TokenCode": "123456"} for kind, number in serial_numbers.items()},
    }


def test_a_session_token_wants_a_device_of_the_callers(sandbox, foreign_devices):
    user = new_user(sandbox)
    own_arn = {"SerialNumber": user.arn, "TokenCode": "123456"}
    for kind, mfa in {**foreign_devices, "the user's own ARN": own_arn}.items():
        answer = refusal(client(sandbox, "sts", user.key).get_session_token, **mfa)
        assert answer == NO_DEVICE_OF_THE_CALLERS, kind


@pytest.mark.parametrize("passed", ["SerialNumber", "TokenCode"])
def test_a_serial_number_and_a_code_go_together(sandbox, passed):
    user = new_user(sandbox)
    device = enabled_device(sandbox, user)
    answer = refusal(client(sandbox, "sts", user.key).get_session_token, **{passed: device.mfa()[passed]})
    text = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
    assert answer == Refusal(403, "AccessDenied", text)


# --- AssumeRole


def test_a_trust_policy_that_asks_for_mfa(sandbox):
    user = new_user(sandbox)
    device = enabled_device(sandbox, user)
    role_arn = new_role(sandbox, trust({"AWS": user.arn}, Condition=MFA_DONE))
    denied = f"User: {user.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
    assert refusal(assume, connection=sandbox, signer=user.key, role_arn=role_arn).message == denied
    wrong = {"SerialNumber": device.serial_number, "TokenCode": device.wrong_code()}
    assert refusal(assume, connection=sandbox, signer=user.key, role_arn=role_arn, **wrong) == INVALID_CODE
    assume(sandbox, user.key, role_arn, **device.mfa())
    assume(sandbox, session_token(sandbox, user.key, **device.mfa(1)), role_arn)


def test_a_foreign_device_is_refused_before_the_role_is_looked_at(sandbox, foreign_devices):
    user = new_user(sandbox)
    roles = [
        new_role(sandbox, trust({"AWS": user.arn})),
        new_role(sandbox, trust({"Service": "ec2.amazonaws.com"})),
        f"arn:aws:iam::{HERE}:role/no-role-of-this-name",
    ]
    for role_arn in roles:
        for kind, mfa in foreign_devices.items():
            assert refusal_to_assume(sandbox, user.key, role_arn, **mfa) == NO_DEVICE_OF_THE_CALLERS, kind


def test_a_session_of_a_role_has_no_device(sandbox):
    user = new_user(sandbox)
    first = new_role(sandbox, trust({"AWS": user.arn}))
    second = new_role(sandbox, trust({"AWS": first}))
    session = assume(sandbox, user.key, first)
    for mfa in (enabled_device(sandbox, user).mfa(), {"SerialNumber": first, "TokenCode": "123456"}):
        assert refusal_to_assume(sandbox, session, second, **mfa) == NO_DEVICE_OF_THE_CALLERS
    assert assume(sandbox, session, second)


def test_a_session_of_a_role_says_no_mfa_however_it_was_assumed(sandbox):
    """The temporary credentials of AssumeRole carry no MFA information, says AWS: only GetSessionToken's do."""
    user = new_user(sandbox)
    device = enabled_device(sandbox, user)
    role_arn = new_role(sandbox, trust({"AWS": user.arn}))
    role = role_arn.rpartition("/")[2]
    policy = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*", %s}}'
    condition = '"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}'
    iam(sandbox).put_role_policy(RoleName=role, PolicyName="mfa", PolicyDocument=policy % condition)
    assert not may_list_buckets(sandbox, assume(sandbox, user.key, role_arn, **device.mfa()))


# --- time


@pytest.mark.exhaustive
def test_mfa_ages_and_an_app_that_is_out_of_step_is_synchronized():
    with running_sandbox() as sandbox:
        fresh = {**MFA_DONE, "NumericLessThan": {"aws:MultiFactorAuthAge": "1800"}}
        user = new_user(sandbox, allow(LIST_BUCKETS, Condition=fresh))
        device = enabled_device(sandbox, user)
        session = session_token(sandbox, user.key, **device.mfa())
        assert may_list_buckets(sandbox, session)

        admin = administrator(sandbox)
        advance_clock(sandbox.endpoint_url, Credentials(admin.access_key_id, admin.secret_access_key), 3600)
        assert not may_list_buckets(sandbox, session)

        get = client(sandbox, "sts", user.key).get_session_token
        assert refusal(get, **device.mfa(1)) == INVALID_CODE
        iam(sandbox).resync_mfa_device(UserName=user.name, SerialNumber=device.serial_number, **device.codes())
        assert may_list_buckets(sandbox, session_token(sandbox, user.key, **device.mfa(1)))
