"""The environment of all tests, in each process: the private sandbox, nothing of the developer's own AWS."""

import os
import tempfile
from pathlib import Path

import pytest

MOST_WORKERS = 5


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, for a test often waits."""
    return min((os.cpu_count() or 1) + 1, MOST_WORKERS)


def pytest_configure(config: pytest.Config) -> None:
    """Takes the developer's AWS variables and files away; the notebooks' kernels inherit what is set here."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    folder = tempfile.TemporaryDirectory(prefix="iam-tutorial-tests-")
    config.add_cleanup(folder.cleanup)
    os.environ["AWS_CONFIG_FILE"] = str(Path(folder.name, "no-config"))
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(Path(folder.name, "no-credentials"))
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ.setdefault("IAM_TUTORIAL_TARGET", "private")
