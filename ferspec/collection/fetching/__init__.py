"""Fetch untrusted addresses of the web within bounds."""

from ferspec.collection.fetching.addresses import BadAddress
from ferspec.collection.fetching.client import Client, Fetched, Limits, NotFetched
from ferspec.collection.fetching.schedule import fetch_each

__all__ = ["BadAddress", "Client", "Fetched", "Limits", "NotFetched", "fetch_each"]
