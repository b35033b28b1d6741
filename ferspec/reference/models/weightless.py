"""Building a network without its weights: shapes and parameter counts in a fraction of the time and memory."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any


def weightless(build: Callable[[], Any]) -> Any:
    """Return the model that ``build`` returns, its variables without values; it can be inspected, not run.

    Keras keeps variables that await their values in a list of the thread, and fills all of them the next time any
    layer is built there. A thread of its own ends that list with the call.
    """
    import keras

    result: list[Any] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            with keras.StatelessScope(initialize_variables=False):
                result.append(build())
        except BaseException as error:
            failure.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]
