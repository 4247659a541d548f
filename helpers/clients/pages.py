"""Whole lists, whatever the number of pages that AWS gives them in.

https://docs.aws.amazon.com/boto3/latest/guide/paginators.html
"""

from typing import Any


def list_all(client: Any, operation: str, item: str, **parameters: str) -> list[Any]:
    """List everything that a call lists, page by page.

    Args:
        client: a boto3 client.
        operation: the call, such as `list_users`.
        item: what the list is called in the answer, such as `Users`.
        parameters: what the call is given.

    Raises:
        ClientError: AWS refused.
    """
    pages = client.get_paginator(operation).paginate(**parameters)
    return [found for page in pages for found in page[item]]
