"""No secret gets into a commit: what looks like one is found wherever it hides, and never repeated."""

import base64
import json
import string
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.secrecy import looks_like_secret, mask_secrets
from support.sandbox_clients import CHECKOUT

TOOL = CHECKOUT / "tools" / "find_secrets.py"
BASE64 = string.ascii_letters + string.digits + "+/"

# Made here, so that this file holds none.
_random = Random(5)
KEY_ID = "ASIA" + "".join(_random.choices(string.ascii_uppercase + "234567", k=16))
SECRET = "/Ab1" + "".join(_random.choices(BASE64, k=32)) + "xZ+9"
TOKEN = "IQoJb3JpZ2luX2Vj" + "".join(_random.choices(BASE64, k=420)) + "=="
KINDS = {"access key id": KEY_ID, "secret access key": SECRET, "session token": TOKEN}


def find(*files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), *map(str, files)]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def notebook(*, source: str = "", outputs: list[Any] | None = None, metadata: dict[str, Any] | None = None) -> str:
    cell = {"cell_type": "code", "source": source.splitlines(keepends=True), "outputs": outputs or []}
    return json.dumps({"cells": [cell], "metadata": metadata or {}}, indent=1)


def widget_state(value: str) -> dict[str, Any]:
    state = {"1f": {"model_name": "TextModel", "state": {"value": value}}}
    return {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": state}}}


PLACES = {
    "code.py": lambda secret: f'key = "{secret}"\n',
    "settings.env": lambda secret: f"AWS_KEY={secret}\n",
    "credentials": lambda secret: f"[default]\naws_key = {secret}\r\n",
    "key.csv": lambda secret: f"Name,Key\nana,{secret}\n",
    "notes.md": lambda secret: f"The key is `{secret}`.\n",
    "answer.json": lambda secret: json.dumps({"Key": secret}),
    "page.html": lambda secret: f"<td>{secret}</td>",
    "escaped.json": lambda secret: json.dumps(json.dumps({"text": f"one\n{secret}\n"})),
    "slashes.json": lambda secret: json.dumps({"Key": secret}).replace("/", "\\/"),
    "unicode.js": lambda secret: json.dumps(secret).replace("+", "\\u002b").replace("/", "\\u002F"),
    "link.txt": lambda secret: "https://x/?Key=" + secret.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
    "entities.html": lambda secret: secret.replace("+", "&#43;").replace("/", "&#x2F;").replace("=", "&#61;"),
    "source.ipynb": lambda secret: notebook(source=f"one = 1\nkey = '{secret}'\nprint(key)"),
    "stream.ipynb": lambda secret: notebook(outputs=[{"output_type": "stream", "text": f"Key\t{secret}\nand\n"}]),
    "html.ipynb": lambda secret: notebook(outputs=[{"data": {"text/html": [f"<td>a</td>\n<td>{secret}</td>"]}}]),
    "json.ipynb": lambda secret: notebook(outputs=[{"data": {"text/plain": json.dumps({"Key": secret})}}]),
    "traceback.ipynb": lambda secret: notebook(
        outputs=[{"output_type": "error", "traceback": [f"\u001b[0;31mkey\u001b[0m = \u001b[1m{secret}\u001b[0m"]}]
    ),
    "widget.ipynb": lambda secret: notebook(metadata=widget_state(f"<b>Key</b>: {secret}")),
}


def test_the_repository_holds_none() -> None:
    found = find()
    assert (found.stdout, found.stderr, found.returncode) == ("", "", 0)


@pytest.mark.exhaustive(but_first=4)
@pytest.mark.parametrize("name", PLACES)
def test_each_kind_is_found_wherever_it_is_and_never_repeated(tmp_path: Path, name: str) -> None:
    files = []
    for kind, secret in KINDS.items():
        files.append(tmp_path / f"{kind.split()[0]}-{name}")
        files[-1].write_text(PLACES[name](secret), encoding="utf-8")
    found = find(*files)
    assert found.returncode == 1
    *lines, advice = found.stdout.splitlines()
    assert len(lines) == 3, lines
    for line, path, (kind, secret) in zip(lines, files, KINDS.items(), strict=True):
        assert line.startswith(f"{path}:")
        assert line.endswith(f": {kind} {'*' * 16}{secret[-4:]}")
        assert secret[:-4] not in found.stdout + found.stderr
    assert "deactivate" in advice


def test_the_line_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\n\n  " + KEY_ID.encode())
    (tmp_path / "b.txt").write_text(f"\n{KEY_ID}", encoding="utf-16")
    assert [line.split(": ")[0] for line in find(tmp_path / "a.txt", tmp_path / "b.txt").stdout.splitlines()[:2]] == [
        f"{tmp_path}/a.txt:3",
        f"{tmp_path}/b.txt:2",
    ]


PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + _random.randbytes(3000)).decode()
SVG = base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<path d='M1 2'/>" * 50).decode()


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "1234567890123456789012345678901234567890",
        "commit 0123456789abcdef0123456789abcdef01234567",
        f"--hash=sha256:{'0a' * 32}",
        "integrity sha512-" + base64.b64encode(Random(1).randbytes(64)).decode(),
        json.dumps({"image/png": PNG}),
        f'<img src="data:image/svg+xml;base64,{SVG}">',
        "arn:aws:iam::111122223333:role/service/ARoleOf40Letters1AndMore",
        "https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html",
        "AIDAIOSFODNN7ABCDEFG",
    ],
)
def test_what_only_looks_long_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text, encoding="utf-8")
    found = find(tmp_path / "file")
    assert (found.stdout, found.returncode) == ("", 0)


secrets = st.text(BASE64, min_size=40, max_size=40).filter(
    lambda text: all(any(kind(letter) for letter in text) for kind in (str.islower, str.isupper, lambda x: x in "0+/8"))
)
around = st.sampled_from(["", " ", '"', "'", ",", "=", "\n", "\t", "(", "<td>", "key: ", '{"SecretAccessKey":"'])


@settings(deadline=None)
@given(secrets, around, st.sampled_from(["", " ", '"', "'", ",", ";", "\n", ")", "</td>", "."]))
def test_what_is_found_is_masked_too(secret: str, before: str, after: str) -> None:
    text = before + secret + after
    assert looks_like_secret(text) == (secret not in mask_secrets(text))
    assert after.startswith(".") or looks_like_secret(text)
