"""Withdraw the picture of a person, so that it does not return."""
