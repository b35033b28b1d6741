"""Compile the filter of system calls that a sandboxed process runs under, on Linux."""

from __future__ import annotations

import errno
import sys
import tempfile
from contextlib import suppress
from functools import cache
from typing import Any

# what reaches other processes, the kernel's configuration, or files by another way than their path
DENIED = (
    *("socket", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp"),
    *("pidfd_open", "pidfd_getfd", "pidfd_send_signal", "keyctl", "add_key", "request_key", "bpf", "perf_event_open"),
    *("mount", "umount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick"),
    *("mount_setattr", "pivot_root", "chroot", "unshare", "setns", "userfaultfd", "open_by_handle_at"),
    *("name_to_handle_at", "io_uring_setup", "io_uring_enter", "io_uring_register", "init_module", "finit_module"),
    *("delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", "acct", "quotactl", "syslog"),
    *("sethostname", "setdomainname", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "iopl", "ioperm"),
    *("shmget", "shmat", "shmctl", "semget", "semop", "semctl", "msgget", "msgsnd", "msgrcv", "mq_open"),
    *("fanotify_init", "lookup_dcookie", "nfsservctl", "vhangup", "personality"),
)
STARTING = ("fork", "vfork")
# what changes a file without opening it to write, which Landlock does not know
CHANGING = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes"),
    *("futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr"),
    *("fremovexattr", "removexattrat", "file_setattr"),
)
# tells a process what another one does with a file that both may read
WATCHING = ("inotify_init", "inotify_init1")
# F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW and F_SETLEASE of fcntl, as on every 64-bit Linux
LOCK_COMMANDS = (6, 7, 37, 38, 1024)
CLONE_THREAD = 0x00010000
# user, mount, cgroup, UTS, IPC, PID and network namespaces, in this order
NAMESPACES = (0x10000000, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x20000000, 0x40000000)
TYPE_INTO_TERMINAL = 0x5412


@cache
def compiled_filter(may_start_processes: bool, own_files: bool) -> bytes | None:
    """Return the filter as instructions for the kernel, or None where it cannot be compiled.

    Without ``own_files`` the files of others are in sight, and their modes, owners and times must not be changed.
    """
    if sys.platform != "linux":
        return None
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError):  # libseccomp itself is a library of the system
        return None
    refused, unknown = pyseccomp.ERRNO(errno.EPERM), pyseccomp.ERRNO(errno.ENOSYS)
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    denied = (*DENIED, *(() if may_start_processes else (*STARTING, *WATCHING)), *(() if own_files else CHANGING))
    for name in denied:
        with suppress(OSError, ValueError):  # a system call of another machine, or newer than the library
            rules.add_rule(refused, name)
    # its flags lie in memory, where a filter cannot see them; programs then use clone
    rules.add_rule(unknown, "clone3")
    if not may_start_processes:
        rules.add_rule(refused, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0))
        _ignore_locks(rules)
    for flag in NAMESPACES:
        rules.add_rule(refused, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    rules.add_rule(refused, "prlimit64", pyseccomp.Arg(0, pyseccomp.NE, 0))
    rules.add_rule(refused, "ioctl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, TYPE_INTO_TERMINAL))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _ignore_locks(rules: Any) -> None:
    """Let locks of files succeed without effect.

    A lock on a library is seen in other sandboxes: a model could leave in one what its next process should not know.
    A single process, which HDF5 and caches lock their files in, needs none.
    """
    import pyseccomp

    ignored = pyseccomp.ERRNO(0)
    rules.add_rule(ignored, "flock")
    for command in LOCK_COMMANDS:
        rules.add_rule(ignored, "fcntl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, command))
