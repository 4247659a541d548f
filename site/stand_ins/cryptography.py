"""Stands in for the package `cryptography`, which is compiled and which PyPI has for no browser.

moto imports it at its start, and uses it for EC2's key pairs, IAM's certificates and KMS. Its names are there, at any
depth; whoever uses one is told.
"""

import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import Any


class _Missing:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{self._name} is not there in a browser: key pairs and certificates cannot be made.")

    def __getattr__(self, name: str) -> "_Missing":
        return _named(f"{self._name}.{name}")


def _named(name: str) -> _Missing:
    if name.endswith("__"):
        raise AttributeError(name)
    return _Missing(name)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        ours = name.startswith(f"{__name__}.")
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if ours else None

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__getattr__"] = lambda name: _named(f"{module.__name__}.{name}")


__path__: list[str] = []
sys.meta_path.append(_Finder())


def __getattr__(name: str) -> _Missing:
    return _named(f"{__name__}.{name}")
