"""Stands in for the kernel's installer: this site asks no other host, so there is nothing to install from.

The kernel sets its modules `piplite.piplite` and `piplite.cli` up at its start: both are this one.
"""

import sys

__path__: list[str] = []
piplite = cli = sys.modules[__name__]
sys.modules["piplite.piplite"] = sys.modules["piplite.cli"] = piplite


async def install(*requirements: str) -> None:
    """Say that nothing can be installed."""
    raise NotImplementedError(
        f"{' '.join(requirements) or 'It'} cannot be installed: this page asks no other host. Clone the tutorial, and "
        "use `make lab`."
    )


async def get_transformed_code(arguments: list[str]) -> str:
    """Return what stands in for a line `%pip …`."""
    return f"await __import__('piplite').install(*{arguments[1:]!r})"
