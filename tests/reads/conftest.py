"""The published store, once for these tests."""

from tests.published import published, published_home

__all__ = ["published", "published_home"]
