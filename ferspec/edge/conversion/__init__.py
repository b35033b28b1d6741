"""Converts a model to the formats of small devices, each in a sandboxed process."""

from ferspec.late import late

# the process of a conversion imports this package, and not what starts one
__getattr__, __dir__ = late(__name__, {"convert": "ferspec.edge.conversion.writing"})
