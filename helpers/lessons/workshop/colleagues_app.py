"""A colleague's app, which reads a report from S3: the thing that fails until its set-up is mended.

It finds its credentials as every program with an AWS SDK does: environment variables first, then a profile that
assumes a role with another profile's key. Both are files in a folder of its own, readable by their owner alone.

https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.credentials import EnvProvider
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from typing_extensions import override

from helpers import profiles
from helpers.account import Account
from helpers.arns import check_arn
from helpers.clients.credentials import Credentials
from helpers.display import BAD, GOOD, Rows, Shown
from helpers.iam import AccessKey
from helpers.secrecy import mask, write_private
from helpers.sts import who_am_i

PROFILE, USER_PROFILE = "app", "app-user"
SETTINGS = ("role_arn", "external_id", "duration_seconds")
VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
REPORT_KEY = "report.csv"
_WAYS = (
    "app.set(name, value) with role_arn, external_id or duration_seconds; app.unset(name, …), which takes environment "
    "variables out too; app.set_key(access_key); app.run() runs it again"
)


@dataclass(frozen=True, repr=False)
class FoundCredentials(Shown):
    """The credentials that an app ends up with.

    Attributes:
        where: the place where it found them.
        access_key_id: shown masked.
        secret_access_key: never shown.
        session_token: never shown; None where there is none.
    """

    where: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False)

    @override
    def title(self) -> str:
        return f"Credentials found in {self.where}"

    @override
    def rows(self) -> Rows:
        return [
            ("Access key ID", mask(self.access_key_id)),
            ("Secret access key", "*" * 20),
            ("Session token", "*" * 20 if self.session_token else "none"),
        ]


@dataclass(frozen=True, repr=False)
class Run(Shown):
    """How a run of the app went.

    Attributes:
        step: the call that was refused, in words; or all that the app did.
        error: botocore's error, where a call was refused; for `explain` to look into.
        session: the role session's credentials that read the report.
        identity: as whom it ran, by ARN, as far as it came; empty where AWS does not tell.
    """

    step: str
    error: ClientError | BotoCoreError | None = field(default=None, repr=False)
    session: Credentials | None = field(default=None, repr=False)
    identity: str = ""

    @property
    def worked(self) -> bool:
        """Whether the app read its report."""
        return self.error is None

    @property
    def refusal(self) -> tuple[str, str] | None:
        """The error's code and message, in AWS's words; None when the app worked."""
        if self.error is None:
            return None
        if isinstance(self.error, ClientError):
            told = self.error.response["Error"]
            return told["Code"], told["Message"]
        return type(self.error).__name__, str(self.error)

    @property
    @override
    def accent(self) -> str:
        return GOOD if self.worked else BAD

    @override
    def title(self) -> str:
        return f"The app worked: {self.step}" if self.worked else f"The app stopped at: {self.step}"

    @override
    def rows(self) -> Rows:
        ran_as = [("Ran as", self.identity)] if self.identity else []
        return [*ran_as, *([("Error code", self.refusal[0]), ("Message", self.refusal[1])] if self.refusal else [])]


@dataclass(frozen=True, repr=False)
class App(Shown):
    """The colleague's app, and how it is set up.

    Attributes:
        account: the account that it works in.
        number: the number of its fault.
        bucket: where its report is; this is in its code, and no setting.
    """

    account: Account
    number: int
    bucket: str

    @property
    def home(self) -> Account:
        """The account with the app's own folder, for `cli.run(app.home, "aws … --profile app")`."""
        return replace(self.account, folder=self.account.folder / "workshop" / f"{self.number:02}")

    @property
    def environment(self) -> Mapping[str, str]:
        """The app's environment variables."""
        path = self.home.folder / "env"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return dict(line.split("=", 1) for line in lines)

    @property
    def user_key(self) -> AccessKey:
        """The long-lived access key in the app's profile.

        Raises:
            NoCredentialsError: there is none.
        """
        profile = profiles.read_profile(self.home, USER_PROFILE)
        try:
            return AccessKey(
                f"workshop-{self.number:02}-user", profile["aws_access_key_id"], profile["aws_secret_access_key"]
            )
        except KeyError:
            raise NoCredentialsError from None

    @property
    def exports_credentials(self) -> bool:
        """Whether there are credentials in its environment variables, which win over its profile."""
        return not self.environment.keys().isdisjoint(VARIABLES)

    @property
    def credentials(self) -> FoundCredentials:
        """The credentials that the app begins with: those in its environment variables, or its profile's.

        Raises:
            NoCredentialsError: there are none.
            PartialCredentialsError: the environment has half of a key.
        """
        found = EnvProvider(environ=self.environment).load()
        if found:
            return FoundCredentials("the environment variables", found.access_key, found.secret_key, found.token)
        return self._of_profile

    @property
    def _of_profile(self) -> FoundCredentials:
        key = self.user_key
        return FoundCredentials(f"the profile {USER_PROFILE}", key.access_key_id, key.secret_access_key, None)

    @override
    def title(self) -> str:
        return f"The app of fault {self.number}: it reads s3://{self.bucket}/{REPORT_KEY}"

    @override
    def rows(self) -> Rows:
        variables = [
            f"{name}={mask(value) if name in VARIABLES else value}" for name, value in self.environment.items()
        ]
        return [
            ("environment", "\n".join(variables) or "(no variables)"),
            *profiles.show_files(self.home).texts.items(),
            ("Change it with", _WAYS),
        ]

    def run(self, *, profile_alone: bool = False) -> Run:
        """Run the app: find credentials, assume the role, list the bucket, read the report; up to the first refusal.

        Credentials in environment variables are used as they are; only the profile assumes the role.

        Args:
            profile_alone: whether to run it as if there were no credentials in its environment.
        """
        step, identity = "find credentials", ""
        try:
            session: Credentials = self._of_profile if profile_alone else self.credentials
            identity = self._identity_of(session)
            if profile_alone or not self.exports_credentials:
                step = "assume the role"
                session = self._assume_role(session)
                identity = self._identity_of(session)
            step = f"read s3://{self.bucket}"
            s3 = self.account.client("s3", session)
            s3.list_objects_v2(Bucket=self.bucket)
            s3.get_object(Bucket=self.bucket, Key=REPORT_KEY)
        except (ClientError, NoCredentialsError, ParamValidationError, PartialCredentialsError) as error:
            return Run(step, error=error, identity=identity)
        return Run("it assumed its role and read its report", session=session, identity=identity)

    def _identity_of(self, credentials: Credentials) -> str:
        """Return whose credentials these are, by ARN; nothing where AWS does not take them."""
        try:
            return who_am_i(self.account.client("sts", credentials)).arn
        except ClientError:
            return ""

    def _assume_role(self, key: Credentials) -> FoundCredentials:
        profile = profiles.read_profile(self.home, PROFILE)
        options: dict[str, Any] = {"RoleArn": profile.get("role_arn", ""), "RoleSessionName": "app"}
        if "external_id" in profile:
            options["ExternalId"] = profile["external_id"]
        if "duration_seconds" in profile:
            options["DurationSeconds"] = int(profile["duration_seconds"])
        given = self.account.client("sts", key).assume_role(**options)["Credentials"]
        return FoundCredentials(
            "a session of the role", given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        )

    # --- mending the app's side; each returns the app, so that a cell shows its settings

    def set(self, name: str, value: str | int) -> "App":
        """Change a setting of the profile that assumes the role.

        Args:
            name: "role_arn", "external_id" or "duration_seconds".
            value: its new value.

        Raises:
            ValueError: the app has no such setting, or it cannot have this value.
        """
        if name not in SETTINGS:
            known = ", ".join(SETTINGS)
            raise ValueError(f"The app has no setting {name}: choose one of {known}. A key goes in with set_key.")
        if name == "role_arn":
            check_arn(str(value), "role")
        if name == "duration_seconds" and not str(value).isdigit():
            raise ValueError(f"duration_seconds is {value}: give whole seconds, such as 3600.")
        profiles.edit_profile(self.home, profile=PROFILE, settings={name: str(value)})
        return self

    def unset(self, *names: str) -> "App":
        """Take environment variables, or settings of the profile, out; quiet about what is not there.

        Args:
            *names: such as "AWS_ACCESS_KEY_ID" or "external_id".

        Raises:
            ValueError: this is neither a variable nor a setting that the app can do without.
        """
        known = (*VARIABLES, *(name for name in SETTINGS if name != "role_arn"))
        if wrong := [name for name in names if name not in known]:
            raise ValueError(f"{wrong[0]} cannot be taken out: choose from {', '.join(known)}.")
        self.set_environment({name: value for name, value in self.environment.items() if name not in names})
        settings = {name: None for name in names if name in SETTINGS}
        profiles.edit_profile(self.home, profile=PROFILE, settings=settings)
        return self

    def set_key(self, key: AccessKey) -> "App":
        """Put another access key into the profile `app-user`."""
        settings = {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret_access_key}
        profiles.edit_profile(self.home, profile=USER_PROFILE, settings=settings)
        return self

    def set_session(self, session: Credentials) -> "App":
        """Put all three parts of temporary credentials into the environment variables."""
        parts = (session.access_key_id, session.secret_access_key, session.session_token)
        variables = {name: part for name, part in zip(VARIABLES, parts, strict=True) if part}
        others = {name: value for name, value in self.environment.items() if name not in VARIABLES}
        self.set_environment(others | variables)
        return self

    def set_environment(self, variables: Mapping[str, str]) -> None:
        """Write the environment variables anew, in place of those that are there."""
        text = "".join(f"{name}={value}\n" for name, value in variables.items())
        write_private(self.home.folder / "env", text)
