"""Logs and run folders made without training."""
