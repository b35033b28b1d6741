"""List all checks on an inspected dataset, what matters most first."""

from ferspec.checks.dataset.balance import BALANCE_CHECKS
from ferspec.checks.dataset.copies import COPY_CHECKS
from ferspec.checks.dataset.identity import IDENTITY_CHECKS
from ferspec.checks.dataset.images import IMAGE_CHECKS
from ferspec.engine import Check

DATASET_CHECKS: tuple[Check, ...] = (*COPY_CHECKS, *IDENTITY_CHECKS, *BALANCE_CHECKS, *IMAGE_CHECKS)
