"""Files that hold secrets: readable by their owner alone from the start, and written whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_private(path: Path, content: str | bytes, *, mode: int = 0o600, prefix: str | None = None) -> None:
    """Writes a file that only its owner can read, replacing what was there in one step.

    Args:
        path: where to; its folder must exist.
        content: the whole new content; a text is written in UTF-8.
        mode: what the file's permissions are to be at the end; until then, they are 0600.
        prefix: what the name of the file begins with that is written first, beside the other; a process that is
            killed leaves it behind.

    Raises:
        OSError: the folder is missing or read-only, or the disk is full; what was there is still there then.
    """
    data = content.encode() if isinstance(content, str) else content
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=prefix or f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
            os.fchmod(descriptor, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
