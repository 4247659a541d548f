"""EC2 without the 100 MB that moto keeps once it is loaded: what each instance type is, and where it is offered."""

import gzip
import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from moto.core.base_backend import AccountSpecificBackend
from moto.utilities import utils

from helpers.sandbox.moto_adapter.descriptions import reading_once

_TYPES = "ec2/resources/instance_types.json"
_OFFERS = "ec2/resources/instance_type_offerings"


class _Offers:
    """Which instance types are offered in a region: read each time that somebody asks, for hardly anybody does."""

    def __init__(self, location_type: str, region: str) -> None:
        self._location_type, self._region = location_type, region

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for offer in utils.load_resource(f"{_OFFERS}/{self._location_type}/{self._region}.json"):
            yield {**offer, "LocationType": self._location_type}


def prepare_ec2() -> None:
    """Load moto's EC2, which takes half a second."""
    read = utils.load_resource

    def read_little(resource: str) -> Any:
        if resource.startswith(_OFFERS):
            return []
        return _read_types() if resource == _TYPES else read(resource)

    with patch.object(utils, "load_resource", read_little), reading_once():
        from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS

        AccountSpecificBackend.get_session().get_available_partitions()
    for location_type, regions in INSTANCE_TYPE_OFFERINGS.items():
        for region in regions:
            regions[region] = _Offers(location_type, region)


def _read_types() -> dict[str, Any]:
    """Read what each instance type is, with all that is alike in memory once: most types differ in a few numbers."""
    known: dict[str, dict[str, Any]] = {}
    text = gzip.decompress(utils.load_resource_as_bytes(f"{_TYPES}.gz"))
    types: dict[str, Any] = json.loads(text, object_pairs_hook=lambda pairs: known.setdefault(repr(pairs), dict(pairs)))
    return types
