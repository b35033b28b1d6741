"""Signal handling of processes that tests start."""

import signal


def hear_signals():
    """Heed Ctrl-C and hang-up, as a command on a terminal does; shells and ``nohup`` let processes ignore them."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
