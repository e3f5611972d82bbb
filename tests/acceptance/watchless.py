"""Become the command given, for which the kernel has no inotify watch left.

For machines that let nobody make a user namespace with a limit of its own, as
most containers do: a seccomp filter, which needs no privilege, has every
inotify_add_watch fail as at the limit. See seccomp(2) and prctl(2).
"""

import ctypes
import errno
import os
import struct
import sys

ADD_WATCH = {"x86_64": 254, "aarch64": 27}
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
FAIL, ALLOW = 0x0005_0000 | errno.ENOSPC, 0x7FFF_0000
NO_NEW_PRIVILEGES, SECCOMP, BY_FILTER = 38, 22, 2

FILTER = (
    (LOAD, 0, 0, 0),
    (JUMP_IF_EQUAL, 0, 1, ADD_WATCH[os.uname().machine]),
    (RETURN, 0, 0, FAIL),
    (RETURN, 0, 0, ALLOW),
)


def control(*arguments: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(*(ctypes.c_ulong(each) for each in arguments)) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def forbid_watches() -> None:
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in FILTER))
    program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxQ", len(FILTER), ctypes.addressof(code))
    )
    control(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    control(SECCOMP, BY_FILTER, ctypes.addressof(program), 0, 0)


if __name__ == "__main__":
    forbid_watches()
    os.execvp(sys.argv[1], sys.argv[1:])
