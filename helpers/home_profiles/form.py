"""The form in which a learner agrees to a profile in their own AWS files."""

from helpers.account import Account
from helpers.forms import ActionForm, Field, action_form
from helpers.home_profiles.adding import AddedProfile, add_profile, profile_problem
from helpers.iam import AccessKey

_CONSENT = "yes"


def home_profile_form(account: Account, *, role_arn: str, key: AccessKey) -> ActionForm:
    """Makes a form that adds a profile for the role to the learner's own AWS files, when they have typed `yes`.

    Nothing is done before the button is pressed, so Run All changes no file.

    Args:
        account: the open account, whose region and address the profile gets, and in whose ledger it is written down.
        role_arn: the role that the profile assumes.
        key: the key that it assumes the role with.

    Returns:
        The form; its `result` is the `AddedProfile`.
    """
    fields = {
        "profile": Field("Profile name", value="iam-tutorial", problem_of=profile_problem),
        "consent": Field("Change my own AWS files", example=_CONSENT, problem_of=_consent_problem),
    }

    def work(values: dict[str, str]) -> AddedProfile:
        return add_profile(
            account.ledger,
            profile=values["profile"],
            role_arn=role_arn,
            key=key,
            region=account.region,
            endpoint_url=account.endpoint_url,
        )

    return action_form(fields, button="Add the profile", work=work, run_at_once=False)


def _consent_problem(text: str) -> str | None:
    if text == _CONSENT:
        return None
    return f"Nothing was changed. Type `{_CONSENT}` to let the button add this profile to your own AWS files."
