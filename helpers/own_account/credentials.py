"""What is wrong with the credentials of your own account, in one sentence that says how to mend it.

The credentials are those of boto3's own chain; what can go wrong there comes from botocore, from AWS, and now and then
from Python itself, where botocore trusts a file or a program of yours.

https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
"""

import shlex
from collections.abc import Iterator, Mapping
from json import JSONDecodeError
from pathlib import Path

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectionError,
    HTTPClientError,
    InvalidRegionError,
    LoginRefreshRequired,
    LoginTokenLoadError,
    NoCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
)
from botocore.session import Session

from helpers.clients.error_codes import EXPIRED, UNKNOWN_KEY, code_of, message_of
from helpers.display import ToldInOneSentence
from helpers.secrecy import mask_secrets

# What finding out who you are may raise: a missing program of a profile's is an OSError, one that answers no JSON a
# ValueError, a damaged file of a sign-in a KeyError, and an MFA code that nobody can be asked for one of the others.
CREDENTIAL_ERRORS = (BotoCoreError, ClientError, OSError, ValueError, KeyError, EOFError, RuntimeError)

_CLOCK_IS_WRONG = ("Signature expired", "Signature not yet current")
_SIGN_IN = "sign in with `aws login` or `aws configure sso` in a terminal (version 2 of the AWS CLI)"
_SIGN_IN_AGAIN = "Run `{sign_in}` in a terminal"
# Where credentials came from, by botocore's name for it, and how to get fresh ones.
_SOURCES = {
    "env": (
        "the environment variables AWS_ACCESS_KEY_ID and the like",
        "Stop JupyterLab, export fresh ones, and start it again",
    ),
    "shared-credentials-file": ("profile {profile} in the credentials file", "Put fresh ones there, or {other}"),
    "config-file": ("profile {profile} in the config file", "Put fresh ones there, or {other}"),
    "assume-role": ("profile {profile}, which assumes a role", "Renew those of its source profile"),
    "assume-role-with-web-identity": ("a web identity token", "Get a fresh token from whoever gave it"),
    "custom-process": ("the program that profile {profile} runs", "Sign in again as that program wants it"),
    "sso": ("profile {profile}, which signs in with IAM Identity Center", _SIGN_IN_AGAIN),
    "login": ("profile {profile}, which signs in with the console", _SIGN_IN_AGAIN),
}
_ELSEWHERE = ("the role of this machine", "Wait for the machine to renew them")


class OwnAccountError(ToldInOneSentence, ValueError):
    """Your own account was not opened, and nothing was changed; the message says why and what to do."""


class NoCredentials(OwnAccountError):
    """boto3's chain found none."""


class UnusableConfiguration(OwnAccountError):
    """A profile, a file or a program of your AWS configuration is missing or broken."""


class CredentialsRefused(OwnAccountError):
    """AWS does not take the credentials."""


class CredentialsExpired(OwnAccountError):
    """The credentials were good, and are not any more."""


class SignInExpired(CredentialsExpired):
    """You must sign in again; the message has the command."""


class NoConnection(OwnAccountError):
    """AWS did not answer."""


def refusal(error: Exception, session: Session) -> OwnAccountError:
    """Say what a failed question to AWS means to somebody who wants to open their account.

    Args:
        error: one of CREDENTIAL_ERRORS.
        session: whose credentials were used.
    """
    kind, sentence = _told(error, session)
    return kind(mask_secrets(sentence).replace(str(Path.home()), "~"))


def source_of(session: Session) -> str:
    """Tell where a session's credentials come from, in a few words."""
    return _source(session)[0]


def asks_for_mfa_code(session: Session) -> bool:
    """Tell whether somebody must type an MFA code before the session's credentials can be used.

    Raises:
        BotoCoreError: there are no credentials that could be used; `refusal` puts it in words.
    """
    credentials = session.get_credentials()
    by_profile = credentials is not None and credentials.method == "assume-role"
    return by_profile and any("mfa_serial" in settings for _, settings in _profile_and_sources(session))


def _told(error: Exception, session: Session) -> tuple[type[OwnAccountError], str]:
    profile = _profile(session)
    match error:
        case NoCredentialsError():
            found = f"boto3 found no AWS credentials, neither in the environment nor in profile {profile}"
            return NoCredentials, f"{found}. To have some, {_SIGN_IN}; or {_other_profile(session)}."
        case ProfileNotFound():
            found = f"There is no profile {error.kwargs['profile']} in your AWS configuration"
            return UnusableConfiguration, f"{found}. To go on, {_other_profile(session)}."
        case ConfigParseError():
            found = f"The file {error.kwargs['path']} is no AWS configuration that can be read"
            return UnusableConfiguration, f"{found}. Mend it: settings stand below a line such as `[profile work]`."
        case SSOError() | TokenRetrievalError() | LoginRefreshRequired() | LoginTokenLoadError() | KeyError():
            renew = f"Run `{_sign_in_command(session)}` in a terminal (version 2 of the AWS CLI), and open it again."
            return SignInExpired, f"Your sign-in for profile {profile} has ended, or was never made. {renew}"
        case InvalidRegionError():
            named = error.kwargs["region_name"]
            return UnusableConfiguration, f"There is no region “{named}”. Give one such as us-east-1 or eu-central-1."
        case ConnectionError() | HTTPClientError():
            wanted = "Check the network, the proxy, AWS_CA_BUNDLE and AWS_ENDPOINT_URL where you use them, and the"
            region = session.get_config_variable("region")
            return NoConnection, f"AWS did not answer: {str(error).rstrip('.')}. {wanted} region, which is {region}."
        case ClientError():
            return _told_by_aws(error, session)
        case RefreshWithMFAUnsupportedError() | EOFError() | RuntimeError():
            found = f"The credentials of profile {profile} could not be renewed without an MFA code or a new sign-in"
            return CredentialsExpired, f"{found}. Sign in again in a terminal, or {_other_profile(session)}."
        case _:
            found = f"boto3 cannot use your AWS configuration, profile {profile}: {_why(error).strip().rstrip('.')}"
            return UnusableConfiguration, f"{found}. Mend it, or {_other_profile(session)}."


def _why(error: Exception) -> str:
    """Tell what a broken configuration's error says, where Python words it, in words of ours."""
    match error:
        case JSONDecodeError():
            return "the program that it names answers no JSON"
        case OSError():
            return f"{error.strerror}: {error.filename}"
        case _:
            return str(error)


def _told_by_aws(error: ClientError, session: Session) -> tuple[type[OwnAccountError], str]:
    code, message = code_of(error), message_of(error)
    source, renew = _source(session)
    if code in EXPIRED:
        return CredentialsExpired, f"The credentials from {source} have expired. {renew}."
    if code in UNKNOWN_KEY:
        found = f"AWS does not know the access key from {source}: it was deleted or deactivated, or it lacks its token"
        return CredentialsRefused, f"{found}. {renew}."
    if code == "SignatureDoesNotMatch" and message.startswith(_CLOCK_IS_WRONG):
        found = "The clock of this machine is more than five minutes wrong, so AWS takes no signature from it"
        return CredentialsRefused, f"{found}. Set the clock, and open the account again."
    if code == "SignatureDoesNotMatch":
        found = f"The secret access key from {source} does not belong to its access key id"
        return CredentialsRefused, f"{found}. {renew}."
    refused = f"AWS refused {error.operation_name} with the credentials from {source}: {message.rstrip('.') or code}"
    return CredentialsRefused, f"{refused}. Have that mended, or {_other_profile(session)}."


def _source(session: Session) -> tuple[str, str]:
    """Tell where the credentials come from, and how to get fresh ones."""
    credentials = session.get_credentials()
    method = credentials.method if credentials else ""
    words = {
        "profile": _profile(session),
        "other": _other_profile(session),
        "sign_in": _sign_in_command(session),
    }
    source, renew = _SOURCES.get(method, _ELSEWHERE)
    return source.format(**words), renew.format(**words)


def _profile(session: Session) -> str:
    return session.profile or "default"


def _other_profile(session: Session) -> str:
    profiles = [name for name in session.available_profiles if name != _profile(session)]
    return f"choose another of your profiles: {', '.join(profiles)}" if profiles else "set up a profile"


def _sign_in_command(session: Session) -> str:
    """Find the command that renews what the credentials rest on: the profile's sign-in, or its source profile's."""
    name, settings = list(_profile_and_sources(session))[-1]
    command = "aws login" if "login_session" in settings else "aws sso login"
    return f"{command} --profile {shlex.quote(name)}"


def _profile_and_sources(session: Session) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Find the session's profile, and those whose credentials it uses to assume a role, with their settings."""
    profiles = session.full_config["profiles"]
    name: str | None = _profile(session)
    visited = set[str]()
    while name and name not in visited:
        visited.add(name)
        settings = profiles.get(name, {})
        yield name, settings
        name = settings.get("source_profile")
