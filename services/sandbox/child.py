"""The first moments of every child of the stack: leave root, die with the parent, then exec.

    python -P -m services.sandbox.child --parent PID --signal N [--uid N --gid N] -- PROGRAM ARG…

The kernel sends the death signal when the *thread* that forked ends, so children are forked from
the main thread only. It forgets the request when the credentials change, hence the order here; it
does not forget it on exec. A parent that died before the request was made is found by its id.

PostgreSQL refuses to run as root. Where root starts it, it runs as an ordinary user that keeps one
capability, to look through directories, because a clone under /root (or pytest's directory under
/tmp) cannot be entered by anyone else.
"""

import argparse
import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
# Read and search any directory; the wider one is what containers usually have instead.
CAP_DAC_READ_SEARCH = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def drop_root(uid: int, gid: int) -> None:
    """Become `uid`; keep only the right to look through directories, where root had it."""
    header = _Header(CAPABILITY_VERSION_3, 0)
    # Version 3 has two words of 32 capabilities; ours are in the first.
    held = (_Sets * 2)()
    _checked(_libc.capget(ctypes.byref(header), held), "capget")
    kept = next(
        (cap for cap in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if held[0].permitted >> cap & 1),
        None,
    )
    _checked(_libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl(PR_SET_KEEPCAPS)")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    bit = 0 if kept is None else 1 << kept
    sets = (_Sets * 2)(_Sets(bit, bit, bit), _Sets(0, 0, 0))
    _checked(_libc.capset(ctypes.byref(header), sets), "capset")
    if kept is not None:
        # Where ambient capabilities are forbidden the paths may still be open to everyone.
        _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept, 0, 0)


def die_with_parent(parent: int, death_signal: int) -> None:
    """Ask for `death_signal` when the parent ends; end at once if it already has."""
    _checked(_libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(f"the parent {parent} has ended; not starting")


def main() -> None:
    parser = argparse.ArgumentParser(prog="services.sandbox.child")
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--signal", type=int, required=True)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    if given.uid is not None:
        drop_root(given.uid, given.gid)
    die_with_parent(given.parent, given.signal)
    try:
        os.execvp(given.command[0], given.command)  # noqa: S606 - becoming it is the purpose
    except OSError as error:
        sys.exit(f"cannot run {given.command[0]} as user {os.getuid()}: {error.strerror}")


if __name__ == "__main__":
    main()
