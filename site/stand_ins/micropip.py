"""Stands in for Pyodide's installer, as `piplite` does for the kernel's."""

from piplite import install

__all__ = ["install"]
