"""Two ways to the same packages: environment.yml for conda; pyproject.toml and its locks for all others."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
LISTED = PYPROJECT["project"]["dependencies"] + EXTRAS["lab"] + PYPROJECT["dependency-groups"]["dev"]
CONDA = yaml.safe_load((CHECKOUT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
LOCKS = {path.name: path.read_text(encoding="utf-8") for path in (CHECKOUT / "locks").glob("*.txt")}

# conda-forge's own name for a package
CONDA_NAMES = {"playwright": "playwright-python"}
# PyPI has the AWS CLI's version 1 only
CONDA_RANGES = {"awscli": SpecifierSet(">=2")}

Ranges = dict[str, SpecifierSet]


def ranges(requirements: list[Requirement]) -> Ranges:
    return {canonicalize_name(one.name): one.specifier for one in requirements}


def is_by_pip(line: str) -> bool:
    return line.startswith(("axe-playwright-python", "types-"))


def added_by_motos_extras() -> Ranges:
    """What moto needs for the tutorial's services: conda has no extras, so environment.yml lists it."""
    extras = next(one.extras for one in map(Requirement, LISTED) if one.name == "moto")
    needs = [Requirement(text) for text in requires("moto") or []]
    return ranges(
        [one for one in needs if one.marker and any(one.marker.evaluate({"extra": extra}) for extra in extras)]
    )


def test_conda_gets_the_same_packages_in_the_same_ranges():
    wanted = added_by_motos_extras() | ranges([Requirement(line) for line in LISTED if not is_by_pip(line)])
    lines = [line.partition(" ") for line in CONDA if isinstance(line, str)]
    found = {name: SpecifierSet(specifier) for name, _, specifier in lines if name not in ("python", "pip")}
    assert found == {CONDA_NAMES.get(name, name): CONDA_RANGES.get(name, wanted[name]) for name in wanted}


def test_conda_gets_by_pip_what_it_does_not_have():
    by_pip = next(line["pip"] for line in CONDA if isinstance(line, dict))
    assert by_pip == ["-e .", *filter(is_by_pip, LISTED)]


def test_conda_gets_a_python_that_the_project_supports():
    assert CONDA[0].startswith(f"python {PYPROJECT['project']['requires-python']},<")


def test_the_aws_cli_of_conda_is_enough_for_the_helpers():
    assert ranges(list(map(Requirement, LISTED)))["awscli"].contains("2.0")


def test_the_lock_has_every_package_in_its_range():
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)", LOCKS["requirements.txt"], re.MULTILINE))
    for name, wanted in ranges(list(map(Requirement, LISTED))).items():
        assert wanted.contains(locked[name]), f"{name}: run `make lock`"


@pytest.mark.parametrize("name", sorted(LOCKS))
def test_a_lock_pins_each_package_with_hashes(name: str):
    lines = re.sub(r"^ *#.*\n", "", LOCKS[name], flags=re.MULTILINE)
    for entry in re.split(r"\n(?=\S)", lines.strip()):
        assert re.fullmatch(r"[\w.-]+==[^\\]+\\(\n    --hash=sha256:[0-9a-f]{64}( \\)?)+", entry), entry


@pytest.mark.parametrize("name", sorted(LOCKS))
def test_a_lock_does_not_say_where_packages_came_from(name: str):
    assert "/" not in LOCKS[name]


def test_the_installer_can_build_the_project_without_a_download():
    installer, builder = PYPROJECT["dependency-groups"]["setup"][0], PYPROJECT["build-system"]["requires"][0]
    assert Requirement(installer).specifier == Requirement(builder).specifier
