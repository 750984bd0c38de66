#!/usr/bin/env python3
"""Freezes one thread of a process, and stays until the process is killed.

Usage: freeze.py PROCESS THREAD-NAME
"""
import contextlib
import ctypes
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import wait_until

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WAIT_ALL = 0x40000000


class FrozenThread:
    """Stops one thread of a process in the midst of its work, as a driver that doesn't return would, until it is let go or killed."""

    def __init__(self, process, name):
        self.library = ctypes.CDLL(None, use_errno=True)
        self.library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self.thread = next(int(thread) for thread in os.listdir("/proc/%d/task" % process) if self.read(process, thread, "comm").strip() == name)
        wait_until(lambda: self.catch(process), "work of the thread " + name, pause=0.001)

    def catch(self, process):
        """Stops it; where it was waiting for a frame, standing still is no fault, and it goes on."""
        self.trace(PTRACE_SEIZE)
        self.trace(PTRACE_INTERRUPT)
        os.waitpid(self.thread, WAIT_ALL)
        works = self.read(process, self.thread, "syscall").startswith("-1 ")
        if not works:
            self.trace(PTRACE_DETACH)
        return works

    @staticmethod
    def read(process, thread, name):
        with open("/proc/%d/task/%s/%s" % (process, thread, name)) as file:
            return file.read()

    def trace(self, request):
        if self.library.ptrace(request, self.thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def bury(self):
        """Waits for its end: a process that is traced isn't gone before the tracer has looked."""
        with contextlib.suppress(OSError):
            os.waitpid(self.thread, WAIT_ALL)


if __name__ == "__main__":
    FrozenThread(int(sys.argv[1]), sys.argv[2]).bury()
