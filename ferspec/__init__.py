"""ferspec: an executable protocol for facial expression recognition, and its judge."""

__version__ = "0.1.0"
