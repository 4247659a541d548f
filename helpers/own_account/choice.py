"""Which account the notebooks act in, and as whom: the environment's choice, or the one saved in the start notebook."""

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from helpers.display import ToldInOneSentence
from helpers.secrecy import write_private

# Where the tutorial keeps its files of accounts that are not sandboxes: the ledgers, its own AWS configuration.
FOLDER = Path(os.environ.get("IAM_TUTORIAL_FOLDER") or Path(__file__).resolve().parents[2] / ".accounts")
VARIABLES = {
    "target": "IAM_TUTORIAL_TARGET",
    "profile": "IAM_TUTORIAL_PROFILE",
    "region": "IAM_TUTORIAL_REGION",
    "learner": "IAM_TUTORIAL_LEARNER",
    "account_id": "IAM_TUTORIAL_ACCOUNT",
}
SANDBOX, AWS = "sandbox", "aws"
IN_OWN_ACCOUNT = "To see whether something is left there, choose it in notebook 00, and run `make clean-up`."


class ChoiceError(ToldInOneSentence, ValueError):
    """What was chosen cannot be read or saved; the message says what to do."""


@dataclass(frozen=True)
class Choice:
    """Where the notebooks act.

    Attributes:
        target: "sandbox", "private" or "aws".
        profile: the profile of your AWS configuration to use; empty: boto3's own chain decides.
        region: such as "eu-central-1"; empty: the profile's.
        learner: the prefix of the names that are yours; empty: made from who you are.
        account_id: the account number that was typed; empty when none was.
    """

    target: str = SANDBOX
    profile: str = ""
    region: str = ""
    learner: str = ""
    account_id: str = ""


def read_choice(folder: Path = FOLDER) -> Choice:
    """Tell what was chosen: in the environment, else in the start notebook, else the sandbox.

    With an IAM_TUTORIAL_TARGET that is not the saved target, nothing that was saved counts.

    Args:
        folder: where the start notebook's choice is saved.

    Raises:
        ChoiceError: what was saved is damaged or cannot be read.
    """
    given = given_in_environment()
    if given.get("target", AWS) != AWS:
        return Choice(**given)  # a sandbox needs nothing of what was saved
    saved = _saved_choice(folder)
    if given.get("target", saved.target) != saved.target:
        saved = Choice()
    return replace(saved, **given)


def given_in_environment() -> dict[str, str]:
    """Return the parts of a choice that the environment decides, by their names in `Choice`."""
    return {field: value for field, variable in VARIABLES.items() if (value := os.environ.get(variable))}


def save_choice(choice: Choice, folder: Path = FOLDER) -> None:
    """Save a choice for all notebooks of this checkout, whole or not at all.

    Args:
        choice: what was chosen.
        folder: where to; it is made where it is missing, for its owner alone.

    Raises:
        ChoiceError: the folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        write_private(_file(folder), json.dumps(asdict(choice)))
    except OSError as error:
        message = f"Your choice cannot be saved in {folder.name}/ of this checkout ({error.strerror})."
        raise ChoiceError(f"{message} Make that folder writable, or set {VARIABLES['target']} instead.") from error


def written_accounts(folder: Path = FOLDER) -> list[str]:
    """List the own accounts, by number, in which the tutorial made something and whose files are still there."""
    return sorted(path.parent.name for path in folder.glob("*/ledger.jsonl"))


def _saved_choice(folder: Path) -> Choice:
    path = _file(folder)
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        names = {field.name for field in fields(Choice)}
        if not (isinstance(saved, dict) and saved.keys() == names and all(isinstance(x, str) for x in saved.values())):
            raise ValueError("no choice")
    except FileNotFoundError:
        return Choice()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is damaged"
        message = f"The choice that was saved in {folder.name}/{path.name} cannot be read: {why}. Delete that file"
        raise ChoiceError(f"{message}, and choose again in notebook 00.") from error
    return Choice(**saved)


def _file(folder: Path) -> Path:
    return folder / "choice.json"
