"""ferspec conform"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ferspec.api.requests import ConformRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec conform mypackage.fer, or ferspec conform --command 'Rscript fer.R'"
# Windows has no SIGHUP, which a closed terminal sends
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
# shells expect this exit status, plus the number of the signal that ended a program
STOPPED = 128


@with_fields
def conform(
    request: ConformRequest,
    list_: Annotated[bool, typer.Option("--list", help="List the capabilities of the catalogue.")] = False,
    init: Annotated[
        Path | None, typer.Option("--init", metavar="DIR", help="Write a skeleton to fill in; judge nothing.")
    ] = None,
    json: Json = False,
) -> None:
    """Judge an implementation of the protocol clause by clause: conforms, departs, or not evaluated.

    It runs in a process of its own and may offer any of the capabilities; what it does not offer is not evaluated.
    Exit status: 0 if all that is evaluated conforms, 1 if a clause fails, 2 if nothing could be evaluated, 3 if a check
    is inconclusive.
    """
    if list_:
        from ferspec.report.catalogue import print_catalogue

        print_catalogue(as_json=json)
        return
    if init is not None:
        from ferspec.commands.skeleton import print_written, write_skeleton

        print_written(write_skeleton(init), as_json=json)
        return
    from ferspec.api.conform import conform_request
    from ferspec.commands.live.progress import progress
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.conformance import print_conformance

    with ended_in_order(), progress() as shown:
        found = conform_request(request, shown)
    print_conformance(found, found.implementation, found.profile, found.departures, as_json=json)
    raise typer.Exit(EXIT_STATUS[found.verdict])


@contextmanager
def ended_in_order() -> Iterator[None]:
    """End every process that the judge started if SIGTERM or SIGHUP ends the judge."""

    def stop(number: int, frame: object) -> NoReturn:
        # a closed terminal may send it twice, and the processes are being ended already
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(STOPPED + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # nohup makes a program ignore SIGHUP
    heard = {number: signal.getsignal(number) for number in ENDING if signal.getsignal(number) != signal.SIG_IGN}
    for number in heard:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, before in heard.items():
            signal.signal(number, before)
