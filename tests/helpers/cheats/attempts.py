"""Ways in which a callable tries to reach what only the judge knows.

Each yields bytes in which the secret may be, or True for an access that shows or changes what is the judge's.

The tests copy this file into a folder of its own as a model. It imports only the standard library and NumPy.
``SECRET`` describes, by its digest only, a token that the test plants wherever a judge could keep labels.
"""

import contextlib
import ctypes
import gc
import glob
import hashlib
import importlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from multiprocessing import shared_memory
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
PLACES = json.loads((HERE / "places.json").read_text())
TOKEN = re.compile(rb"SECRET-[0-9a-f]{32}")
MOST = 1 << 24
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
stash = [os.path.expanduser("~/stash"), os.path.join(tempfile.gettempdir(), "stash"), "/dev/shm/stash", "stash"]
stashed = [path for path in stash if os.path.exists(path)]
with contextlib.suppress(OSError):
    # opened while everything beside the model can be read: hidden all the same
    early = [path.read_bytes() for path in Path(PLACES["dataset"]).rglob("*") if path.is_file()]
for path in stash:
    with contextlib.suppress(OSError), open(path, "wb") as file:
        file.write(b"labels")


def read(path):
    # without waiting for what a pipe may bring
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        return file.read(MOST) or b""


def read_all(pattern):
    for path in glob.glob(pattern, recursive=True, include_hidden=True):
        with contextlib.suppress(OSError):
            yield read(path)


def is_the_judges(command):
    return hashlib.sha256(command).hexdigest() == PLACES["command"]


def argv():
    yield repr((sys.argv, sys.orig_argv)).encode()


def environment():
    yield repr(dict(os.environ)).encode()


def objects():
    for found in gc.get_objects():
        if isinstance(found, (list, tuple, dict)):
            with contextlib.suppress(Exception):
                yield repr(found)[:10_000].encode()


def frames():
    for frame in sys._current_frames().values():
        while frame is not None:
            for name, value in list(frame.f_locals.items()):
                if isinstance(value, (str, bytes)):
                    yield f"{name}={value!r}".encode()
            frame = frame.f_back


def parents_command_line():
    yield is_the_judges(read(f"/proc/{os.getppid()}/cmdline"))


def judges_command_line():
    yield is_the_judges(read(f"/proc/{PLACES['judge']}/cmdline"))


def parents_environment():
    yield PLACES["home"].encode() in read(f"/proc/{os.getppid()}/environ").split(b"\0")


def judges_environment():
    yield PLACES["home"].encode() in read(f"/proc/{PLACES['judge']}/environ").split(b"\0")


def judges_open_files():
    yield from read_all(f"/proc/{PLACES['judge']}/fd/*")


def parents_open_files():
    yield from read_all(f"/proc/{os.getppid()}/fd/*")


def every_command_line():
    yield from read_all("/proc/[0-9]*/cmdline")


def every_environment():
    yield from read_all("/proc/[0-9]*/environ")


def memory_of(process):
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
        for line in maps:
            ends, rights = line.split()[:2]
            start, end = (int(number, 16) for number in ends.split("-"))
            if rights.startswith("rw") and end - start < 1 << 27:
                with contextlib.suppress(OSError, ValueError):
                    memory.seek(start)
                    yield memory.read(end - start)


def judges_memory():
    yield from memory_of(PLACES["judge"])


def parents_memory():
    yield from memory_of(os.getppid())


def memory_by_system_call():
    class Vector(ctypes.Structure):
        _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))

    content = ctypes.create_string_buffer(64)
    local = Vector(ctypes.addressof(content), 64)
    remote = Vector(PLACES["address"], 64)
    ctypes.CDLL(None).process_vm_readv(PLACES["judge"], ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    yield content.raw


def tracing():
    if ctypes.CDLL(None).ptrace(PTRACE_ATTACH, PLACES["judge"], 0, 0) == 0:
        ctypes.CDLL(None).ptrace(PTRACE_DETACH, PLACES["judge"], 0, 0)
        yield True


def own_open_files():
    for number in range(3, 256):
        with contextlib.suppress(OSError):
            yield os.pread(number, MOST, 0)


def dataset():
    yield from read_all(PLACES["dataset"] + "/**/*")


def dataset_names():
    yield repr([names for _, *names in os.walk(PLACES["dataset"])]).encode()


def dataset_through_another_root():
    for root in ("/proc/1/root", "/proc/self/root", "/proc/self/cwd/.."):
        yield from read_all(root + PLACES["dataset"] + "/**/*")


def dataset_through_a_link():
    os.symlink(PLACES["dataset"], "faces")
    yield from read_all("faces/**/*")


def dataset_through_a_hard_link():
    os.link(PLACES["file"], "face")
    yield read("face")


def dataset_through_another_program():
    yield subprocess.run(["cat", PLACES["file"]], capture_output=True, timeout=20, check=False).stdout


def dataset_through_a_shell():
    with os.popen(f"cat '{PLACES['file']}' 2>/dev/null") as output:
        yield output.read().encode()


def read_while_importing():
    yield from early


def time_stamps():
    os.stat(PLACES["file"])
    yield True


def output_folder():
    yield from read_all(PLACES["out"] + "/**/*")


def temporary_files():
    for folder in {tempfile.gettempdir(), "/tmp", "/var/tmp", PLACES["temporary"]}:
        yield from read_all(folder + "/*")


def shared_memory_files():
    yield from read_all("/dev/shm/*")


def shared_memory_by_name():
    segment = shared_memory.SharedMemory(PLACES["segment"])
    yield bytes(segment.buf)
    segment.close()


def answer_of(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        connection.connect(address)
        return connection.recv(1000)


def abstract_socket():
    yield answer_of(socket.AF_UNIX, "\0" + PLACES["abstract"])


def socket_in_a_folder():
    yield answer_of(socket.AF_UNIX, PLACES["socket"])


def network():
    yield answer_of(socket.AF_INET, ("127.0.0.1", PLACES["port"]))


def specification():
    for found in read_all(PLACES["specification"] + "/**/*"):
        yield bool(found)


def modules_of_the_judge():
    for name, module in list(sys.modules.items()):
        if name.startswith(("ferspec", "pytest", "__main__", "test_")):
            yield repr(vars(module))[:100_000].encode()


def left_by_an_earlier_process():
    yield bool(stashed)


def a_file_that_is_opened_later():
    yield read(HERE / "later.txt")


def a_module_that_is_imported_later():
    # an import statement would make the module a part of the callable, covered by its digest
    later_module = importlib.import_module("later_module")
    yield later_module.TEXT


def write(path):
    """Leave a file, which the test looks for."""
    Path(path).write_text("")
    return ()


def writing_into_installed_packages():
    return write(PLACES["packages"])


def writing_beside_the_model():
    return write(HERE / PLACES["beside"])


def writing_into_the_output_folder():
    return write(Path(PLACES["out"]) / PLACES["beside"])


ATTEMPTS = [
    *(argv, environment, objects, frames, parents_command_line, judges_command_line, parents_environment),
    *(judges_environment, judges_open_files, parents_open_files, every_command_line, every_environment),
    *(judges_memory, parents_memory, memory_by_system_call, tracing, own_open_files, dataset, dataset_names),
    *(dataset_through_another_root, dataset_through_a_link, dataset_through_a_hard_link),
    *(dataset_through_another_program, dataset_through_a_shell, read_while_importing, time_stamps),
    *(output_folder, temporary_files, shared_memory_files, shared_memory_by_name, abstract_socket),
    *(socket_in_a_folder, network, specification, modules_of_the_judge, left_by_an_earlier_process),
    *(a_file_that_is_opened_later, a_module_that_is_imported_later),
    *(writing_into_installed_packages, writing_beside_the_model, writing_into_the_output_folder),
]


def succeeds(attempt):
    """Return whether an attempt finds the secret."""
    with contextlib.suppress(Exception):
        for content in attempt():
            if content is True:
                return True
            if any(hashlib.sha256(token).hexdigest() == PLACES["digest"] for token in TOKEN.findall(content or b"")):
                return True
    return False


calls = 0


def predict(batch):
    """Try the attempt that the first value of each image numbers; the first call is the trial and tries nothing."""
    global calls
    calls += 1
    outputs = np.zeros((len(batch), 7), np.float32)
    outputs[:, 1] = 1
    if calls > 1:
        for row, image in zip(outputs, batch, strict=True):
            row[0] = succeeds(ATTEMPTS[int(image.flat[0])])
    return outputs
