"""A learner who runs the notebooks in an account of their own, on a server that knows nothing of this project."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.fault_proxy import fault_proxy
from support.sandbox_clients import CHECKOUT, clean_environment
from support.strangers import Stranger, differences, plant_foreign, snapshot

LEARNER = "anna"
ORDER = [
    "00_start_here",
    "01_create_role",
    "02_create_user",
    "03_allow_user_to_assume_role",
    "04_trust_user_in_role",
    "05_configure_cli",
    "06_test_assume_role",
    "10_why_was_it_refused",
    "11_fix_broken_access",
    "07_clean_up",
]


class Learner:
    """Somebody with a checkout of the tutorial, a home folder, and an account."""

    def __init__(self, folder: Path, account, endpoint_url: str) -> None:
        self.home, self.checkout = folder / "home", folder / "checkout"
        self.home.mkdir()
        for part in ("helpers", "notebooks"):
            shutil.copytree(CHECKOUT / part, self.checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
        self.environment = clean_environment(
            **account.environment
            | {
                "AWS_ENDPOINT_URL": endpoint_url,
                "HOME": str(self.home),
                "IAM_TUTORIAL_ACCOUNT": account.account_id,
                "IAM_TUTORIAL_CI": "yes",
                "IAM_TUTORIAL_LEARNER": LEARNER,
                "IAM_TUTORIAL_TARGET": "aws",
                "PYTHONPATH": str(self.checkout),
            }
        )

    def run(self, *names: str, **more: str) -> None:
        """Runs notebooks from top to bottom, as `make outputs` does; every cell must get through."""
        program = Path(sys.executable).with_name("jupyter-nbconvert")
        done = subprocess.run(
            [program, "--to", "notebook", "--execute", "--inplace", *(f"{name}.ipynb" for name in names)],
            cwd=self.checkout / "notebooks",
            env=self.environment | more,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def stop_workshop(self) -> None:
        """Ends the sandbox that notebook 11 has started."""
        command = [sys.executable, "-m", "helpers.sandbox", "stop"]
        subprocess.run(command, cwd=self.checkout, env=self.environment, check=True, capture_output=True)

    @property
    def cells(self) -> list[dict]:
        """The code cells of all notebooks, with what came out."""
        notebooks = [json.loads((self.checkout / "notebooks" / f"{name}.ipynb").read_text()) for name in ORDER]
        return [cell for notebook in notebooks for cell in notebook["cells"] if cell["cell_type"] == "code"]

    @property
    def files(self) -> list[Path]:
        """Every file of the learner's, the executed notebooks and the tutorial's own ones too."""
        return [path for folder in (self.home, self.checkout) for path in folder.rglob("*") if path.is_file()]


@contextmanager
def learner_in(account: Stranger) -> Iterator[Learner]:
    """A learner in an account that holds foreign things already.

    Afterwards the account is as it was, and no secret that the server gave is in any file.
    """
    plant_foreign(account, LEARNER)
    before = snapshot(account)
    with (
        tempfile.TemporaryDirectory(prefix="iam-tutorial-learner-") as name,
        fault_proxy(account.endpoint_url) as proxy,
    ):
        learner = Learner(Path(name), account, proxy.endpoint_url)
        try:
            yield learner
        finally:
            learner.stop_workshop()
        changes, leaking = differences(before, snapshot(account)), leaks(learner, proxy.secrets)
        assert not changes, changes
        assert not leaking, leaking


def leaks(learner: Learner, secrets: set[str]) -> list[str]:
    """The files that hold a secret that the server gave."""
    assert len(secrets) > 10
    texts = {path.name: path.read_bytes() for path in learner.files}
    return [name for name, text in texts.items() if any(secret.encode() in text for secret in secrets)]


def unexpected_answers(cells: list[dict]) -> list[str]:
    """What `attempt` showed where AWS answered otherwise than the lesson says."""
    outputs = [output for cell in cells for output in cell["outputs"]]
    shown = ["".join(output.get("data", {}).get("text/plain", "")) for output in outputs]
    return [text for text in shown if text.startswith(("Allowed: ", "Refused: ")) and "\n  Note: " in text]
