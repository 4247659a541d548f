"""Virtual MFA devices: made, enabled, and asked for the codes that an authenticator app shows.

A code is a HOTP code of the number of 30-second steps since 1970 (TOTP, https://www.rfc-editor.org/rfc/rfc6238).
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from pyotp import HOTP

from helpers.sandbox import moto_seam
from helpers.sandbox.errors import AwsError
from helpers.sandbox.iam_call import IamCall, Result, page, shown_user
from helpers.sandbox.iam_lookup import already_exists, no_such_entity, over_quota
from helpers.sandbox.identities import Caller
from helpers.sandbox.moto_seam import MfaDevice, Role, User

STEP_SECONDS = 30
TOLERANCE_STEPS = 2
STEPS_PER_DAY = 24 * 3600 // STEP_SECONDS
DEVICES_PER_USER = 8


# --- codes


def check_code(caller: Caller, parameters: Mapping[str, Any], now: datetime) -> None:
    """Refuses an STS call whose MFA code is not the one that the caller's device shows.

    Raises:
        AwsError: `AccessDenied`: half of it is missing, the device is not the caller's, or the code is wrong or used.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    """
    serial_number, code = parameters.get("SerialNumber"), parameters.get("TokenCode")
    if not serial_number or not code:
        raise _failed(", must provide both MFA serial number and one time pass code.")
    device = moto_seam.mfa_devices(caller.principal.account_id).get(serial_number)
    if device is None or not _belongs(device, caller.entity):
        verify = "Please verify your MFA serial number is valid and associated with this user."
        raise _failed(f", unable to validate MFA code.  {verify}")
    expected = _step(now) + device.steps_ahead
    step = _find(device, [code], _near(expected, TOLERANCE_STEPS))
    if step is None or step <= device.last_step:
        raise _failed(" with invalid MFA one time pass code. ")
    device.last_step = step


def _failed(why: str) -> AwsError:
    return AwsError("AccessDenied", f"MultiFactorAuthentication failed{why}", 403)


def _synchronize(device: MfaDevice, parameters: Mapping[str, Any], now: datetime) -> None:
    """Finds out, from two codes in a row, how far the app's clock is from the sandbox's.

    Raises:
        AwsError: these are no two codes in a row, not for a day before and after.
    """
    codes = [parameters["AuthenticationCode1"], parameters["AuthenticationCode2"]]
    first = _find(device, codes, _near(_step(now) - 1, STEPS_PER_DAY))
    if first is None:
        raise AwsError("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403)
    device.steps_ahead = first + 1 - _step(now)
    device.last_step = min(device.last_step, first)


def _find(device: MfaDevice, codes: list[str], steps: Iterable[int]) -> int | None:
    """The first of these steps from which on the device shows these codes."""
    hotp = HOTP(device.base32_string_seed)
    return next((step for step in steps if all(hotp.verify(code, step + i) for i, code in enumerate(codes))), None)


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def _near(step: int, distance: int) -> list[int]:
    """A step and those around it, the nearest first."""
    return sorted(range(step - distance, step + distance + 1), key=lambda other: abs(other - step))


# --- IAM's calls


def create_virtual_mfa_device(call: IamCall) -> Result:
    """Makes a device that belongs to nobody yet, and shows its secret for the only time.

    Raises:
        AwsError: `EntityAlreadyExists`.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html
    """
    name = call.parameters["VirtualMFADeviceName"]
    device = MfaDevice(call.account_id, f"{call.parameters.get('Path', '/')}{name}")
    devices = moto_seam.mfa_devices(call.account_id)
    if device.serial_number in devices:
        raise already_exists("MFA device already exists.")
    devices[device.serial_number] = device
    seed = device.base32_string_seed
    picture = _qr_code(f"otpauth://totp/{name}@{call.account_id}?secret={seed}")
    shown = {"SerialNumber": device.serial_number, "Base32StringSeed": seed.encode(), "QRCodePNG": picture}
    return {"VirtualMFADevice": shown}


def _qr_code(text: str) -> bytes:
    import segno  # takes a while, and few sandboxes are asked for a picture

    png = BytesIO()
    segno.make(text, micro=False).save(png, kind="png", scale=4)
    return png.getvalue()


def enable_mfa_device(call: IamCall) -> Result:
    """Gives a device to a user, who shows two codes in a row to prove that it is at hand.

    Raises:
        AwsError: `NoSuchEntity`, `EntityAlreadyExists`, `LimitExceeded`, or `InvalidAuthenticationCode`.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html
    """
    device, user = _device(call), call.user
    if device.user is not None:
        raise already_exists("MFA Device is already in use.")
    if len(user.mfa_devices) >= DEVICES_PER_USER:
        raise over_quota("MFADevicesPerUser", DEVICES_PER_USER)
    _synchronize(device, call.parameters, call.now)
    device.user, device.enable_date = user, call.now
    user.enable_mfa_device(device.serial_number, "", "")
    return {}


def resync_mfa_device(call: IamCall) -> Result:
    """Adapts to an app whose clock is ahead or behind.

    Raises:
        AwsError: `NoSuchEntity`, or `InvalidAuthenticationCode`.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html
    """
    _synchronize(_device(call, owner=call.user), call.parameters, call.now)
    return {}


def deactivate_mfa_device(call: IamCall) -> Result:
    """Takes a device from its user.

    Raises:
        AwsError: `NoSuchEntity`.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html
    """
    device = _device(call, owner=call.user)
    call.user.deactivate_mfa_device(device.serial_number)
    device.user = device.enable_date = None
    return {}


def delete_virtual_mfa_device(call: IamCall) -> Result:
    """Removes a device that belongs to nobody.

    Raises:
        AwsError: `NoSuchEntity`, or `DeleteConflict` for a user's device.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html
    """
    device = _device(call)
    if device.user is not None:
        raise AwsError("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.", 409)
    del moto_seam.mfa_devices(call.account_id)[device.serial_number]
    return {}


def list_mfa_devices(call: IamCall) -> Result:
    """A user's devices.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html
    """
    user = call.user
    shown = [
        {"UserName": user.name, "SerialNumber": device.serial_number, "EnableDate": device.enable_date}
        for device in moto_seam.mfa_devices(call.account_id).values()
        if _belongs(device, user)
    ]
    return page("MFADevices", shown, call.parameters)


def list_virtual_mfa_devices(call: IamCall) -> Result:
    """The account's devices, without their secrets.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html
    """
    wanted = {"Assigned": [True], "Unassigned": [False]}.get(call.parameters.get("AssignmentStatus", "Any"))
    shown: list[Result] = []
    for device in moto_seam.mfa_devices(call.account_id).values():
        if wanted and (device.user is not None) not in wanted:
            continue
        owned = {"User": shown_user(device.user), "EnableDate": device.enable_date} if device.user else {}
        shown.append({"SerialNumber": device.serial_number, **owned})
    return page("VirtualMFADevices", shown, call.parameters)


def _device(call: IamCall, *, owner: User | None = None) -> MfaDevice:
    """The device that the call names, which must be the owner's, where one is given."""
    serial_number = call.parameters["SerialNumber"]
    device = moto_seam.mfa_devices(call.account_id).get(serial_number)
    if device is None or (owner and not _belongs(device, owner)):
        raise no_such_entity(f"MFA Device with serial number {serial_number} does not exist.")
    return device


def _belongs(device: MfaDevice, entity: User | Role | None) -> bool:
    return device.user is not None and entity is not None and device.user.id == entity.id
