"""Says in one sentence what to install when this Python cannot make the tutorial's .venv.

It runs on any Python, however old, so that it can say that it is too old.
"""

import sys

FOUND = "Python %d.%d (%s)" % (sys.version_info[0], sys.version_info[1], sys.executable)

if sys.version_info < (3, 11):
    sys.exit(
        "The tutorial needs Python 3.11 or newer, and this is %s: install one, "
        "and name it when it is not `python3`, as in `make lab PYTHON=python3.12`." % FOUND
    )

try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    sys.exit(
        "%s lacks the `venv` module: install it, on Debian and Ubuntu with `apt install python%d.%d-venv`."
        % (FOUND, sys.version_info[0], sys.version_info[1])
    )
