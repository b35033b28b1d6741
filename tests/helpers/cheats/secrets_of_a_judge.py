"""Plant a secret wherever a judge could keep its labels."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import secrets
import shutil
import socket
import sysconfig
import tempfile
import threading
from multiprocessing import shared_memory
from pathlib import Path

import ferspec
from helpers.cheats import attempts_file


@contextlib.contextmanager
def planted(folder: Path):
    """Write the cheating callable into a folder, with a dataset, an output folder and a secret that is everywhere."""
    secret = f"SECRET-{secrets.token_hex(16)}".encode()
    with contextlib.ExitStack() as cleaning:
        dataset, out = folder / "faces", folder / "out"
        file = dataset / "Happy" / "face.png"
        beside = Path(tempfile.mkdtemp(prefix="judge"))
        cleaning.callback(shutil.rmtree, beside)
        shared = Path("/dev/shm") / f"judge{secrets.token_hex(4)}"
        shown = file.with_name(f"{secret.decode()}.png")
        for path in (file, shown, out / "certificate.json", beside / "labels", shared, folder / "later.txt"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(secret)
        cleaning.callback(shared.unlink)
        temporary = Path(tempfile.gettempdir()) / f"labels{secrets.token_hex(4)}"
        temporary.write_bytes(secret)
        cleaning.callback(temporary.unlink)
        (folder / "later_module.py").write_text(f"TEXT = {secret!r}\n")
        # the control leaves it there
        cleaning.callback(Path("/dev/shm/stash").unlink, missing_ok=True)
        segment = shared_memory.SharedMemory(create=True, size=64)
        segment.buf[: len(secret)] = secret
        cleaning.callback(removed, segment)
        opened = os.open(beside / "labels", os.O_RDONLY)
        os.set_inheritable(opened, True)
        cleaning.callback(os.close, opened)
        os.environ["FERSPEC_LABELS"] = secret.decode()
        cleaning.callback(os.environ.pop, "FERSPEC_LABELS")
        held = ctypes.create_string_buffer(secret)
        abstract = secrets.token_hex(8)
        addresses = [(socket.AF_UNIX, f"\0{abstract}"), (socket.AF_UNIX, str(beside / "socket"))]
        servers = [cleaning.enter_context(serving(kind, address, secret)) for kind, address in addresses]
        servers.append(cleaning.enter_context(serving(socket.AF_INET, ("127.0.0.1", 0), secret)))
        name = f"cheat_{secrets.token_hex(4)}"
        packages = Path(sysconfig.get_path("purelib")) / f"{name}.pth"
        places = {
            "packages": str(packages),
            "beside": name,
            "judge": os.getpid(),
            "command": hashlib.sha256(Path("/proc/self/cmdline").read_bytes()).hexdigest(),
            "home": f"HOME={os.environ['HOME']}",
            "digest": hashlib.sha256(secret).hexdigest(),
            "dataset": str(dataset),
            "file": str(file),
            "out": str(out),
            "temporary": str(beside),
            "segment": segment.name,
            "abstract": abstract,
            "socket": str(beside / "socket"),
            "port": servers[-1].getsockname()[1],
            "address": ctypes.addressof(held),
            "specification": str(Path(ferspec.__file__).parent / "spec" / "data"),
        }
        (folder / "places.json").write_text(json.dumps(places))
        (folder / "cheat.py").write_text(attempts_file.read_text())
        written = [packages, folder / name, out / name]
        for path in written:
            cleaning.callback(path.unlink, missing_ok=True)
        yield dataset, out, written


@contextlib.contextmanager
def serving(family, address, content):
    """Answer every connection to an address with ``content``."""
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind(address)
        server.listen()

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.sendall(content)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def removed(segment):
    """Remove shared memory, unless another program did so when it ended."""
    segment.close()
    with contextlib.suppress(FileNotFoundError):
        segment.unlink()
