"""Says in a sentence what to do where a cell runs before the first one, or after the kernel was started anew.

Each kernel of the tutorial's environment loads this, by the configuration in `installed/etc/ipython/`: nothing of the
tutorial's has run then. It imports nothing of the helpers, so a kernel starts as fast as without it.

https://ipython.readthedocs.io/en/stable/config/extensions/index.html
"""

from types import TracebackType
from typing import Any

OPENED = "account"  # what the first cell of each notebook gives a name to, last


def load_ipython_extension(shell: Any) -> None:
    """Tell of a name that is not there yet in a sentence: a hook of IPython's."""
    shell.set_custom_exc((NameError,), _tell)


def _tell(
    shell: Any, kind: type[NameError], error: NameError, traceback: TracebackType, tb_offset: int | None = None
) -> list[str]:
    if OPENED in shell.user_ns:
        shown: list[str] = shell.InteractiveTB.structured_traceback(kind, error, traceback, tb_offset=tb_offset)
    else:
        shown = [
            f"Run the first cell of this notebook first, and then those below it: {error}. It opens the account and "
            "imports what the other cells use, also after the kernel was started anew."
        ]
    shell._showtraceback(kind, error, shown)
    return shown
