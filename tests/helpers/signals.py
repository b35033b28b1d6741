"""Signal handling of processes that tests start."""

import signal


def hear_ctrl_c():
    """Heed SIGINT, as a command on a terminal does: a shell lets what it starts in the background ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
