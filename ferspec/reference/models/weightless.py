"""Build a network without weights, for its shapes and parameter counts."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any


def weightless(build: Callable[[], Any]) -> Any:
    """Return the model of ``build`` without values in its variables: for inspection only.

    Keras keeps uninitialised variables in a list of the thread, and initialises all of them the next time any layer is
    built there. A separate thread ends that list with the call.
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
