"""Build the clean environment of a sandboxed program."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ferspec.subjects.sandbox.scratch import CODE, HOME, TEMPORARY

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
# programs on Windows do not start without these
OF_WINDOWS = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "PATH")


def clean_environment(scratch: Path, added: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a program's environment: nothing of the judge's, and every folder for files inside ``scratch``.

    Python finds this ferspec's code before what ``PYTHONPATH`` in ``added`` names.
    """
    added = dict(added or {})
    search = [str(scratch / CODE), *filter(None, [added.pop("PYTHONPATH", "")])]
    home, temporary = str(scratch / HOME), str(scratch / TEMPORARY)
    if sys.platform == "win32":
        base = {name: os.environ[name] for name in OF_WINDOWS if name in os.environ}
        base |= {"USERPROFILE": home, "APPDATA": home, "LOCALAPPDATA": home}
    else:
        base = {"PATH": PATH, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "USER": "nobody", "LOGNAME": "nobody"}
    return {
        **base,
        "HOME": home,
        "TMPDIR": temporary,
        "TMP": temporary,
        "TEMP": temporary,
        "XDG_CACHE_HOME": str(scratch / HOME / ".cache"),
        "XDG_CONFIG_HOME": str(scratch / HOME / ".config"),
        "MPLCONFIGDIR": str(scratch / HOME / ".config" / "matplotlib"),
        "PYTHONPATH": os.pathsep.join(search),
        # it would look for plugins in every installed package, at each start
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
        **added,
    }
