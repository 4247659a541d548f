"""What the kernel of the site has installed: wheels of what the lock installed here, without what a browser cannot use.

They need no other source than this environment, so nothing gets into the site whose hash is not in `locks/`.
"""

import gzip
import hashlib
import json
import re
import subprocess
import zipfile
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).resolve().parents[1]
PROJECT = "iam-role-tutorial"
ROOTS = (PROJECT, "ipython", "comm", "jedi")

NOT_IN_A_BROWSER = frozenset(
    {
        "awscrt",  # compiled; boto3 does without it
        "cryptography",  # compiled; moto wants it for key pairs and certificates, so there is a stand-in
        "ipykernel",  # the site's kernel brings its own
        "jupyterlab",
        "jupyterlab-widgets",
        "widgetsnbextension",
    }
)
STAND_INS = CHECKOUT / "site" / "stand_ins"

SERVICES = frozenset({"ec2", "glue", "iam", "s3", "sts"})
"""The services of the sandbox: boto3 and the CLI have the models of these."""

_EXTRAS = {PROJECT: ("lab",), "moto": tuple(sorted(SERVICES))}
_MOTO = SERVICES | {"cloudwatch", "core", "events", "kms", "moto_api", "moto_server", "s3bucket_path", "utilities"}
_LEFT_OUT = re.compile(
    r"\.so$|__pycache__|^\.\.|/tests?/"
    r"|^awscli/(examples|botocore|s3transfer)/"  # botocore is there already
    r"|^jedi/third_party/(django-stubs|typeshed/(stubs|third_party|tests))"
    r"|/examples-1\.json"
)
_MODEL = re.compile(r"botocore/data/(?P<service>[^/.]+)/[^/]+/(?P<file>[^/]+)")
_MOTO_SERVICE = re.compile(r"moto/(?P<service>[^/.]+)/")
_FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)

_BROWSER = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_python_implementation": "CPython",
    "platform_system": "Emscripten",
    "sys_platform": "emscripten",
}


@dataclass(frozen=True)
class Package:
    """A distribution as it is unpacked in the browser.

    Attributes:
        name: of the distribution.
        version: of the distribution.
        folder: what is in it.
    """

    name: str
    version: str
    folder: Path

    def put(self, path: str, content: bytes) -> None:
        """Write one of its files."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def write_wheel(self, target: Path) -> dict[str, object]:
        """Write it as a wheel, and return what Pyodide's lock file says of it.

        Args:
            target: the folder with Pyodide.
        """
        wheel = target / f"{self.name.replace('-', '_')}-{self.version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for file in sorted(self.folder.rglob("*")):
                if file.is_file():
                    name = zipfile.ZipInfo(file.relative_to(self.folder).as_posix(), _FIRST_DAY_OF_ZIP)
                    archive.writestr(name, file.read_bytes(), zipfile.ZIP_DEFLATED)
        return {
            "name": self.name,
            "version": self.version,
            "file_name": wheel.name,
            "install_dir": "site",
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            "package_type": "package",
            "imports": [],
            "depends": [],
            "unvendored_tests": False,
        }


def unpack_all(folder: Path, python: str) -> list[Package]:
    """Lay out all that has to be installed in the browser, the project itself first.

    Args:
        folder: where to; it must exist.
        python: the version of the browser's Python, such as "3.14.2".
    """
    installed = [_of_distribution(name, folder) for name in needed_distributions(python) if name != PROJECT]
    kernel = CHECKOUT / ".venv/share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension/static/pypi"
    wheels = [wheel for wheel in sorted(kernel.glob("*.whl")) if not wheel.name.startswith(("widgetsnb", "piplite"))]
    stand_ins = [_stand_in(module, folder) for module in sorted(STAND_INS.glob("*.py"))]
    return [_project(folder), *(_of_wheel(wheel, folder) for wheel in wheels), *installed, *stand_ins]


def needed_distributions(python: str) -> list[str]:
    """Name what the browser's Python needs of what is installed here.

    Args:
        python: its version, such as "3.14.2".
    """
    environment = _BROWSER | {"python_full_version": python, "python_version": python.rpartition(".")[0]}
    found = set[str]()
    waiting = list(ROOTS)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found or name in NOT_IN_A_BROWSER:
            continue
        found.add(name)
        for needed in map(Requirement, distribution(name).requires or []):
            extras = [environment | {"extra": extra} for extra in ("", *_EXTRAS.get(name, ()))]
            if not needed.marker or any(map(needed.marker.evaluate, extras)):
                waiting.append(needed.name)
    return sorted(found)


def _of_distribution(name: str, folder: Path) -> Package:
    package = Package(name, distribution(name).version, folder / name)
    for file in distribution(name).files or ():
        path = file.as_posix()
        moto, model = _MOTO_SERVICE.match(path), _MODEL.match(path)
        if _LEFT_OUT.search(path) or (moto and moto["service"] not in _MOTO):
            continue
        content = Path(str(file.locate())).read_bytes()
        if not model or model["service"] in SERVICES:
            package.put(path, content)
        elif model["file"].startswith("service-2."):
            package.put(
                path, _head(content) if path.endswith(".json") else gzip.compress(_head(gzip.decompress(content)))
            )
    return package


def _head(model: bytes) -> bytes:
    """Leave only the names of a service in its model: the CLI lists them all, and some are principals."""
    return json.dumps({"metadata": json.loads(model).get("metadata", {})}).encode()


def _of_wheel(wheel: Path, folder: Path) -> Package:
    name, version, *_ = wheel.name.split("-")
    package = Package(canonicalize_name(name), version, folder / name)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(package.folder)
    return package


def _project(folder: Path) -> Package:
    """Build the project; the site's kernel reads the configuration of IPython itself, and not that of ipykernel."""
    package = _of_wheel(_own_wheel(folder), folder)
    configured = next(package.folder.glob("*.data/data/etc/ipython/ipython_kernel_config.json"))
    configured.rename(configured.with_name("ipython_config.json"))
    return package


def _own_wheel(folder: Path) -> Path:
    built = folder / "dist"
    build = [str(CHECKOUT / ".venv/bin/uv"), "build", f"--out-dir={built}", "--quiet", "--wheel", "--offline"]
    subprocess.run(build, cwd=CHECKOUT, check=True)
    return next(built.glob("*.whl"))


def _stand_in(module: Path, folder: Path) -> Package:
    package = Package(module.stem, "0", folder / module.stem)
    package.put(module.name, module.read_bytes())
    about = f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n"
    package.put(f"{package.name}-{package.version}.dist-info/METADATA", about.encode())
    return package
