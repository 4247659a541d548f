"""Finds AWS access keys and session tokens in files: whole ids, secret access keys, tokens; never shows one.

    python tools/find_secrets.py [FILE...]

Without files, it looks through all that git tracks. It reads each line without the escapes of JSON, HTML and URLs, so
that notebooks' outputs and widget states count too. The keys in AWS's own documentation, with EXAMPLE in them, are no
secrets. The exit code is 1 when there is something.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from helpers.secrecy import SECRET, mask, without_escapes


def secrets_in(line: str) -> Iterator[str]:
    """What is in a line, each once: its kind and the secret itself, masked."""
    found = {secret[0]: secret.lastgroup or "" for secret in SECRET.finditer(without_escapes(line))}
    for secret, kind in found.items():
        if "EXAMPLE" not in secret:
            yield f"{kind.replace('_', ' ')} {mask(secret)}"


def lines_of(path: Path) -> list[str]:
    """A file's lines; bytes that are no UTF-8 count as letters of their own."""
    content = path.read_bytes()
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return content.decode("utf-16" if utf16 else "utf-8", "replace").split("\n")


def tracked_files() -> list[Path]:
    """All files that git tracks here and that are there."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in listed.split("\0") if Path(name).is_file()]


def main() -> int:
    """Looks, and prints one line for each; returns the exit code."""
    parser = argparse.ArgumentParser(description="Find AWS access keys and session tokens in files.")
    parser.add_argument("files", nargs="*", type=Path)
    found = [
        f"{path}:{number}: {secret}"
        for path in parser.parse_args().files or tracked_files()
        for number, line in enumerate(lines_of(path), start=1)
        for secret in secrets_in(line)
    ]
    if found:
        print("\n".join(found))
        print("Take these out, and deactivate the keys in IAM: whoever read them can use them.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
