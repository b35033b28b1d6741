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
# a closed terminal sends the second, which Windows does not have
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
# what a shell expects of a program that was stopped by a signal, less the number of the signal
STOPPED = 128


@with_fields
def conform(
    request: ConformRequest,
    list_: Annotated[bool, typer.Option("--list", help="List what an implementation can be asked.")] = False,
    init: Annotated[
        Path | None, typer.Option("--init", metavar="DIR", help="Write a skeleton to fill in, and judge nothing.")
    ] = None,
    json: Json = False,
) -> None:
    """Judge an implementation of the protocol clause by clause: conforms, departs, or not evaluated.

    It answers requests for capabilities from a process of its own, and may offer any of them: what it lacks is not
    evaluated. Exit status: 0 where all that is evaluated conforms, 1 where a clause fails, 2 where nothing could be
    evaluated, 3 where a check has too little to say.
    """
    if list_:
        from ferspec.report.catalogue import print_catalogue

        print_catalogue(as_json=json)
        return
    if init is not None:
        from ferspec.commands.skeleton import print_written, write_skeleton

        print_written(write_skeleton(init), as_json=json)
        return
    from ferspec.api.conform import conformed
    from ferspec.commands.live.progress import progress
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.conformance import print_conformance

    with ended_in_order(), progress() as shown:
        judgement = conformed(request, shown)
    name = request.implementation or request.command or ""
    print_conformance(judgement, name, request.profile, as_json=json)
    raise typer.Exit(EXIT_STATUS[judgement.verdict])


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Within it, SIGTERM and SIGHUP leave no process behind that the judge started."""

    def stop(number: int, frame: object) -> NoReturn:
        # a closed terminal may tell twice, and what was started is being ended already
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(STOPPED + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # nohup has the second ignored
    heard = {number: signal.getsignal(number) for number in ENDING if signal.getsignal(number) != signal.SIG_IGN}
    for number in heard:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, before in heard.items():
            signal.signal(number, before)
