"""Other ways in: the development container, Docker and Binder. What they run is run here, in a clone."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from support.sandbox_clients import CHECKOUT, clean_environment

CONTAINER = json.loads((CHECKOUT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [line.split(" ", 1) for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
STARTED = re.compile(r"http://127\.0\.0\.1:[1-9]\d*/lab\S*\?token=\w+")


def values(instruction: str) -> list[str]:
    return [value for name, value in INSTRUCTIONS if name == instruction]


def ignored(name: str) -> set[str]:
    """The folders that are left out, by their own names."""
    lines = (CHECKOUT / name).read_text(encoding="utf-8").splitlines()
    return {line.removeprefix("**/").strip("/") for line in lines if line and line[0] not in "#!"}


def test_the_container_is_as_docker_reads_it() -> None:
    assert {name for name, _ in INSTRUCTIONS} == {"FROM", "RUN", "USER", "WORKDIR", "COPY", "EXPOSE", "CMD"}
    assert values("USER") == ["learner"]
    names = [name for name, _ in INSTRUCTIONS]
    assert names.index("USER") < names.index("COPY"), "nothing of the project's is root's"
    program, target, arguments = json.loads(values("CMD")[0])
    assert (program, target) == ("make", "lab")
    assert f"--port={values('EXPOSE')[0]}" in arguments


def test_what_git_leaves_out_gets_into_no_image() -> None:
    assert ignored(".gitignore") <= ignored(".dockerignore")


def test_the_development_container_opens_the_port_that_it_forwards() -> None:
    assert f"--port={CONTAINER['forwardPorts'][0]}" in CONTAINER["postAttachCommand"]
    assert list(CONTAINER["portsAttributes"]) == [str(port) for port in CONTAINER["forwardPorts"]]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What somebody who opens the repository has: the tracked files as they are now, and nothing else."""
    folder = tmp_path_factory.mktemp("clone")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    for name in tracked.rstrip("\0").split("\0"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, folder / name)
    run(folder, CONTAINER["postCreateCommand"])
    yield folder
    run(folder, "make stop")


def environment() -> dict[str, str]:
    """A clean one, in which what was installed before need not be fetched again."""
    cache = os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")
    return clean_environment(UV_CACHE_DIR=cache)


def run(folder: Path, line: str) -> None:
    subprocess.run(["bash", "-c", line], cwd=folder, env=environment(), check=True)


@retry(retry=retry_if_exception_type(URLError), stop=stop_after_delay(20), wait=wait_fixed(0.1), reraise=True)
def opened(url: str) -> str:
    """Where a link leads; the server says it a moment before it listens."""
    with urlopen(url) as page:
        address: str = page.url
    return address


@pytest.mark.exhaustive
@pytest.mark.parametrize("line", [CONTAINER["postAttachCommand"], shlex.join(json.loads(values("CMD")[0]))])
def test_it_ends_in_jupyterlab(clone: Path, line: str) -> None:
    line = line.replace("--port=8888", "--port=0").replace("--ip=0.0.0.0", "")
    lab = subprocess.Popen(
        ["bash", "-c", line],
        cwd=clone,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert lab.stderr
        found = next(filter(None, map(STARTED.search, lab.stderr)))
        assert opened(found[0]).partition("?")[0].endswith("/lab/tree/notebooks/00_start_here.ipynb")
    finally:
        os.killpg(lab.pid, signal.SIGTERM)
        lab.communicate()


@pytest.mark.exhaustive
def test_binder_shows_the_learners_copy_with_the_tutorials_settings(clone: Path) -> None:
    run(clone, 'PATH="$PWD/.venv/bin:$PATH" ./postBuild')
    settings = clone / ".venv" / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    assert json.loads(settings.read_text(encoding="utf-8"))
    assert (clone / "my_copy" / "notebooks" / "00_start_here.ipynb").exists()
