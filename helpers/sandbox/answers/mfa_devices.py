"""Virtual MFA devices: made, given to users, and taken from them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html
"""

from collections.abc import Mapping
from io import BytesIO

from helpers.sandbox.answers.iam_lists import page, shown_user
from helpers.sandbox.answers.responses import Answer, Result
from helpers.sandbox.checks.existing import already_exists, named_in, no_such_entity, over_quota
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.additions import MfaDevice, mfa_devices
from helpers.sandbox.moto_adapter.types import User
from helpers.sandbox.request.call import Call
from helpers.sandbox.request.mfa_codes import belongs, synchronize

DEVICES_PER_USER = 8


def create_virtual_mfa_device(call: Call) -> Result:
    """Make a device that belongs to nobody yet, and show its secret for the only time.

    Raises:
        AwsError: `EntityAlreadyExists`.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html
    """
    name = call.parameters["VirtualMFADeviceName"]
    device = MfaDevice(call.account_id, f"{call.parameters.get('Path', '/')}{name}")
    devices = mfa_devices(call.account_id)
    if device.serial_number in devices:
        raise already_exists("MFA device already exists.")
    devices[device.serial_number] = device
    seed = device.base32_string_seed
    picture = _qr_code(f"otpauth://totp/{name}@{call.account_id}?secret={seed}")
    shown = {"SerialNumber": device.serial_number, "Base32StringSeed": seed.encode(), "QRCodePNG": picture}
    return {"VirtualMFADevice": shown}


def _qr_code(text: str) -> bytes:
    import segno  # start-up time: 3 ms, and few sandboxes are asked for a picture

    png = BytesIO()
    segno.make(text, micro=False).save(png, kind="png", scale=4)
    return png.getvalue()


def enable_mfa_device(call: Call) -> Result:
    """Give a device to a user, who shows two codes in a row to prove that it is at hand.

    Raises:
        AwsError: `NoSuchEntity`, `EntityAlreadyExists`, `LimitExceeded`, or `InvalidAuthenticationCode`.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html
    """
    device, user = _device(call), named_in(call, "User")
    if device.user is not None:
        raise already_exists("MFA Device is already in use.")
    if len(user.mfa_devices) >= DEVICES_PER_USER:
        raise over_quota("MFADevicesPerUser", DEVICES_PER_USER)
    synchronize(device, call)
    device.user, device.enable_date = user, call.now
    user.enable_mfa_device(device.serial_number, "", "")
    return {}


def resync_mfa_device(call: Call) -> Result:
    """Adapt to an app whose clock is ahead or behind.

    Raises:
        AwsError: `NoSuchEntity`, or `InvalidAuthenticationCode`.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html
    """
    synchronize(_device(call, owner=named_in(call, "User")), call)
    return {}


def deactivate_mfa_device(call: Call) -> Result:
    """Take a device from its user.

    Raises:
        AwsError: `NoSuchEntity`.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html
    """
    device = _device(call, owner=named_in(call, "User"))
    named_in(call, "User").deactivate_mfa_device(device.serial_number)
    device.user = device.enable_date = None
    return {}


def delete_virtual_mfa_device(call: Call) -> Result:
    """Remove a device that belongs to nobody.

    Raises:
        AwsError: `NoSuchEntity`, or `DeleteConflict` for a user's device.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html
    """
    device = _device(call)
    if device.user is not None:
        raise AwsError("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.", 409)
    del mfa_devices(call.account_id)[device.serial_number]
    return {}


def list_mfa_devices(call: Call) -> Result:
    """List a user's devices.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html
    """
    user = named_in(call, "User")
    shown = [
        {"UserName": user.name, "SerialNumber": device.serial_number, "EnableDate": device.enable_date}
        for device in mfa_devices(call.account_id).values()
        if belongs(device, user)
    ]
    return page("MFADevices", shown, call)


def list_virtual_mfa_devices(call: Call) -> Result:
    """List the account's devices, without their secrets.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html
    """
    wanted = {"Assigned": [True], "Unassigned": [False]}.get(call.parameters.get("AssignmentStatus", "Any"))
    shown: list[Result] = []
    for device in mfa_devices(call.account_id).values():
        if wanted and (device.user is not None) not in wanted:
            continue
        owned = {"User": shown_user(device.user), "EnableDate": device.enable_date} if device.user else {}
        shown.append({"SerialNumber": device.serial_number, **owned})
    return page("VirtualMFADevices", shown, call)


def _device(call: Call, *, owner: User | None = None) -> MfaDevice:
    """Find the device that the call names, which must be the owner's, where one is given."""
    serial_number = call.parameters["SerialNumber"]
    device = mfa_devices(call.account_id).get(serial_number)
    if device is None or (owner and not belongs(device, owner)):
        raise no_such_entity(f"MFA Device with serial number {serial_number} does not exist.")
    return device


ANSWERS: Mapping[str, Answer] = {
    "CreateVirtualMFADevice": create_virtual_mfa_device,
    "DeactivateMFADevice": deactivate_mfa_device,
    "DeleteVirtualMFADevice": delete_virtual_mfa_device,
    "EnableMFADevice": enable_mfa_device,
    "ListMFADevices": list_mfa_devices,
    "ListVirtualMFADevices": list_virtual_mfa_devices,
    "ResyncMFADevice": resync_mfa_device,
}
