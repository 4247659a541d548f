"""Open the learner's own AWS account: with boto3's own chain of credentials, or not at all.

Whatever speaks against it is said in one sentence, before anything is changed.

https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
"""

import os
import re
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
from typing_extensions import override

from helpers.arns import parse_arn
from helpers.clients.whole_answers import refuse_half_answer
from helpers.display import GOOD, Rows, Shown
from helpers.own_account.choice import AWS, VARIABLES, Choice
from helpers.own_account.credentials import CREDENTIAL_ERRORS, OwnAccountError, asks_for_mfa_code, refusal, source_of
from helpers.sts import Identity, who_am_i

CI_VARIABLE = "IAM_TUTORIAL_CI"
DEFAULT_REGION = "us-east-1"
LONGEST_LEARNER = 20
PARTITION = "aws"

# For all clients of the session. Throttling and 5xx are retried, with growing pauses.
CLIENT_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 6},
    connect_timeout=5,  # seconds
    read_timeout=15,  # seconds
)
# For questions that are asked while somebody waits for the card.
IMPATIENT = Config(retries={"mode": "standard", "total_max_attempts": 2})

_NOT_CI = {"", "0", "false", "no"}
_LEARNER = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_RESERVED = ("xn--", "sthree-", "amzn-s3-demo-")  # how no bucket's name may begin


class RootCredentials(OwnAccountError):
    """The credentials are the root user's."""


class OtherAccount(OwnAccountError):
    """The account is not the one whose number was typed."""


class RunningInCi(OwnAccountError):
    """A CI job would act in somebody's account."""


class MfaCodeNeeded(OwnAccountError):
    """An MFA code is needed, and nobody can be asked for it here."""


class OtherPartition(OwnAccountError):
    """The account is not in public AWS, but in China or GovCloud."""


class UnusableChoice(OwnAccountError):
    """An account number or a prefix that cannot be one."""


@dataclass(frozen=True, repr=False)
class OwnAccount(Shown):
    """Your own account, opened: who you are there, and how clients for it are made.

    Attributes:
        session: makes the clients; it knows the region, and renews credentials that can be renewed.
        identity: the account's number, and who you are in it.
        alias: the account's name in the sign-in address; empty where it has none, or you may not see it.
        region: the region of all clients.
        region_is_default: whether neither your choice nor your configuration names a region.
        learner: the prefix of the names that are yours.
        source: where the credentials come from, in words.
        endpoint_url: where your configuration sends the calls in place of AWS's own addresses; None where it does not.
    """

    session: boto3.Session = field(repr=False)
    identity: Identity
    alias: str
    region: str
    region_is_default: bool
    learner: str
    source: str
    endpoint_url: str | None = field(default=None, repr=False)

    @property
    def account_id(self) -> str:
        """The account's 12 digits."""
        return self.identity.account_id

    def name(self, name: str) -> str:
        """Return a thing's name in this account, such as `anna-tutorial-role`: a whole class can share one."""
        return f"{self.learner}-{name}"

    def quick_client(self, service: str) -> Any:
        """Return a client for questions that are asked while somebody waits: it tries twice, not six times."""
        return self.session.client(service, config=IMPATIENT)  # type: ignore[call-overload]

    @property
    @override
    def accent(self) -> str:
        return GOOD

    @override
    def title(self) -> str:
        return f"Your own AWS account {self.account_id}{f', {self.alias}' if self.alias else ''}"

    @override
    def rows(self) -> Rows:
        default = " (the default: neither you nor your configuration names one)" if self.region_is_default else ""
        return [
            ("Account number", self.account_id),
            ("Alias", self.alias or "none, or not for you to see"),
            ("You are", self.identity.arn),
            ("Credentials", self.source),
            ("Region", self.region + default),
            ("Your prefix", f"{self.learner}: your role will be {self.name('tutorial-role')}"),
        ]


def open_own_account(choice: Choice, *, may_ask: bool = True, reads_only: bool = False) -> OwnAccount:
    """Find out whose credentials boto3's own chain finds, and refuse those that must not be used here.

    Args:
        choice: which profile and region, with which prefix, and the account number that was typed, if any.
        may_ask: whether somebody can be asked for an MFA code, where the profile wants one: in a notebook's cell and
            in a terminal, but not in a form's thread.
        reads_only: whether nothing will be changed: then a CI job may look into it too.

    Raises:
        OwnAccountError: the account cannot be used; its kind and its message say why.
    """
    if not reads_only:
        _refuse_ci()
    typed = account_number(choice.account_id) if choice.account_id else ""
    if choice.learner and (problem := learner_problem(choice.learner)):
        raise UnusableChoice(problem)
    session = botocore.session.Session(profile=choice.profile or None)
    try:
        if not may_ask and asks_for_mfa_code(session):
            raise _mfa_code_needed(session.profile or "default")
        own = _opened(session, choice)
    except OwnAccountError:
        raise
    except CREDENTIAL_ERRORS as error:
        raise refusal(error, session) from None
    if typed and typed != own.account_id:
        raise OtherAccount(
            f"The account number that was typed is {typed}, but these credentials, from {own.source}, are for account "
            f"{own.account_id}. Choose the profile of {typed}, or type the other number if that is the one you want."
        )
    return own


def account_number(text: str) -> str:
    """Return an account number as it was typed, with spaces or hyphens as the console shows it, as 12 digits.

    Raises:
        UnusableChoice: it is no account number.
    """
    if problem := account_number_problem(text):
        raise UnusableChoice(problem)
    return _without_spaces(text)


def account_number_problem(text: str) -> str | None:
    """Tell what is wrong with an account number that somebody typed; None when nothing is."""
    if re.fullmatch(r"\d{12}", _without_spaces(text), re.ASCII):
        return None
    return f"“{text}” is no account number, which has 12 digits; the console shows it at the top right."


def learner_problem(text: str) -> str | None:
    """Tell what is wrong with a prefix of names; None when nothing is.

    It begins the names of users and roles, and of buckets, which are the strictest.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    if len(text) <= LONGEST_LEARNER and _LEARNER.fullmatch(text) and not f"{text}-".startswith(_RESERVED):
        return None
    return (
        f"“{text}” cannot be the prefix of your names: it needs 1 to {LONGEST_LEARNER} small letters, digits and "
        f"hyphens, such as anna, with no hyphen at its ends, and not {', '.join(_RESERVED)} as its beginning."
    )


def learner_of(arn: str) -> str:
    """Return the prefix that follows from who you are: `anna` for the user anna, or for a session of anna@example.com.

    Args:
        arn: a user's, or a role session's.

    Raises:
        UnusableChoice: the name has nothing that a prefix could be made of.
    """
    role, name = ["", *parse_arn(arn).resource.split("/")][-2:]
    if name.startswith("botocore-session-"):
        name = role  # botocore names a session after the time; the role stays the same
    slug = re.sub("[^a-z0-9]+", "-", name.partition("@")[0].lower()).strip("-")
    learner = slug[:LONGEST_LEARNER].strip("-")
    if learner_problem(learner):
        raise UnusableChoice(f"No prefix of names can be made of {name}. Choose one: set {VARIABLES['learner']}.")
    return learner


def _refuse_ci() -> None:
    if os.environ.get("CI", "").lower() not in _NOT_CI and os.environ.get(CI_VARIABLE) != "yes":
        raise RunningInCi(
            f"This is a CI job (CI is set), and none shall act in somebody's AWS account by surprise. Take "
            f"{VARIABLES['target']} out of its environment, or set {CI_VARIABLE}=yes if you mean it."
        )


def _mfa_code_needed(profile: str) -> MfaCodeNeeded:
    return MfaCodeNeeded(
        f"Profile {profile} wants an MFA code, for which a form cannot ask. Before you start JupyterLab, set "
        f"{VARIABLES['target']}={AWS} and {VARIABLES['profile']}={profile}: a notebook's first cell asks for the code."
    )


def _opened(session: botocore.session.Session, choice: Choice) -> OwnAccount:
    configured = choice.region or session.get_config_variable("region")
    region = configured or DEFAULT_REGION
    session.set_config_variable("region", region)
    session.set_config_variable("sts_regional_endpoints", "regional")
    session.set_default_client_config(CLIENT_CONFIG)
    session.register("before-parse", refuse_half_answer)  # type: ignore[arg-type]
    boto3_session = boto3.Session(botocore_session=session)
    identity = who_am_i(boto3_session.client("sts", config=IMPATIENT))
    source = source_of(session)
    if identity.arn.endswith(":root"):
        raise RootCredentials(
            f"The credentials from {source} are the root user's of account {identity.account_id}, which no policy can "
            "limit. Use those of an IAM user or role that administers IAM, and choose their profile."
        )
    if (partition := parse_arn(identity.arn).partition) != PARTITION:
        raise OtherPartition(
            f"The credentials from {source} are for the partition {partition}, and the ARNs of this tutorial are those "
            f"of the partition {PARTITION}, public AWS. Choose a profile of an account there, or stay in the sandbox."
        )
    return OwnAccount(
        session=boto3_session,
        identity=identity,
        alias=_alias(boto3_session.client("iam", config=IMPATIENT)),
        region=region,
        region_is_default=not configured,
        learner=choice.learner or learner_of(identity.arn),
        source=source,
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or session.get_scoped_config().get("endpoint_url"),
    )


def _alias(iam: Any) -> str:
    """Return the account's alias; empty where it has none, or where AWS does not tell."""
    try:
        aliases: list[str] = iam.list_account_aliases()["AccountAliases"]
    except ClientError:
        return ""
    return next(iter(aliases), "")


def _without_spaces(text: str) -> str:
    return re.sub(r"[\s-]", "", text)
