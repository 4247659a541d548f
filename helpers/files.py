"""Files that hold secrets: readable by their owner alone from the start, and written whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner can read (0600), replacing what was there in one step.

    Args:
        path: where to; its folder must exist.
        text: the whole new content.

    Raises:
        OSError: the folder is missing or read-only, or the disk is full; what was there is still there then.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
