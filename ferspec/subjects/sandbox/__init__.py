"""Run untrusted programs in processes of their own, isolated as far as the system allows."""

from ferspec.subjects.sandbox.policy import Isolation, Policy
from ferspec.subjects.sandbox.start import Sandboxed, start

__all__ = ["Isolation", "Policy", "Sandboxed", "start"]
