"""EC2 without the 60 MB that tell which instance types are offered where: moto reads them all when it is loaded."""

from collections.abc import Iterator
from typing import Any

from moto.utilities import utils

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
    utils.load_resource = lambda resource: [] if resource.startswith(_OFFERS) else read(resource)
    try:
        from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
    finally:
        utils.load_resource = read
    for location_type, regions in INSTANCE_TYPE_OFFERINGS.items():
        for region in regions:
            regions[region] = _Offers(location_type, region)
