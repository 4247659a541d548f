"""The codes that an authenticator app shows, and whether a call brings the right one.

A code is a HOTP code of the number of 30-second steps since 1970 (TOTP, https://www.rfc-editor.org/rfc/rfc6238).
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html
"""

from collections.abc import Iterable
from datetime import datetime

from pyotp import HOTP

from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.additions import MfaDevice, mfa_devices
from helpers.sandbox.moto_adapter.types import Role, User
from helpers.sandbox.request.call import Call

STEP_SECONDS = 30
TOLERANCE_STEPS = 2
STEPS_PER_DAY = 24 * 3600 // STEP_SECONDS


def brings_code(call: Call) -> bool:
    """Tell whether a call of STS does MFA, rightly or wrongly."""
    return call.service == "sts" and not call.parameters.keys().isdisjoint({"SerialNumber", "TokenCode"})


def check_code(call: Call) -> None:
    """Refuse a call of STS whose MFA code is not the one that the caller's device shows.

    Raises:
        AwsError: `AccessDenied`: half of it is missing, the device is not the caller's, or the code is wrong or used.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    """
    if not brings_code(call):
        return
    serial_number, code = call.parameters.get("SerialNumber"), call.parameters.get("TokenCode")
    if not serial_number or not code:
        raise _failed(", must provide both MFA serial number and one time pass code.")
    device = mfa_devices(call.account_id).get(serial_number)
    if device is None or not belongs(device, call.caller.entity):
        verify = "Please verify your MFA serial number is valid and associated with this user."
        raise _failed(f", unable to validate MFA code.  {verify}")
    expected = _step(call.now) + device.steps_ahead
    step = _find(device, [code], _near(expected, TOLERANCE_STEPS))
    if step is None or step <= device.last_step:
        raise _failed(" with invalid MFA one time pass code. ")
    device.last_step = step


def synchronize(device: MfaDevice, call: Call) -> None:
    """Find out, from the two codes in a row that a call of IAM brings, how far the app's clock is from the sandbox's.

    Raises:
        AwsError: These are no two codes in a row, not for a day before and after.
    """
    codes = [call.parameters["AuthenticationCode1"], call.parameters["AuthenticationCode2"]]
    first = _find(device, codes, _near(_step(call.now) - 1, STEPS_PER_DAY))
    if first is None:
        raise AwsError("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403)
    device.steps_ahead = first + 1 - _step(call.now)
    device.last_step = min(device.last_step, first)


def belongs(device: MfaDevice, entity: User | Role | None) -> bool:
    """Tell whether a device was given to this user."""
    return device.user is not None and entity is not None and device.user.id == entity.id


def _failed(why: str) -> AwsError:
    return AwsError("AccessDenied", f"MultiFactorAuthentication failed{why}", 403)


def _find(device: MfaDevice, codes: list[str], steps: Iterable[int]) -> int | None:
    """Find the first of these steps from which on the device shows these codes."""
    hotp = HOTP(device.base32_string_seed)
    return next((step for step in steps if all(hotp.verify(code, step + i) for i, code in enumerate(codes))), None)


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def _near(step: int, distance: int) -> list[int]:
    """List a step and those around it, the nearest first."""
    return sorted(range(step - distance, step + distance + 1), key=lambda other: abs(other - step))
