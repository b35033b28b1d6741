"""Define how long the answers of a subject may take, in seconds."""

from __future__ import annotations

from ferspec.errors import UserError

# an implementation answers small requests; a model answers batches of images, on slow machines
OF_IMPLEMENTATIONS, OF_MODELS = 60.0, 300.0
# frameworks start and compile while a model is loaded
LOADING = 600.0
# one day; also for all answers of one process together
LONGEST = 86_400


def require_time_limit(seconds: float) -> None:
    """Raise ``UserError`` for a limit that is not positive, or longer than a day."""
    if not 0 < seconds <= LONGEST:
        raise UserError(f"the time limit is {seconds:g} seconds: it must be above 0 and at most {LONGEST} (one day)")
