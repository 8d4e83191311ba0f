#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run a command on a terminal of its own and talk to it.

usage: on_pty.py ROWSxCOLUMNS COMMAND... < steps

Steps, one a line: "expect TEXT", "send TEXT" (a line), "keys HEX", "resize ROWSxCOLUMNS".  What the
terminal shows is printed at the end; the exit code is the command's, or 124 when a text did not come.
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

PATIENCE = 15


def resize(fd, size):
    rows, columns = size.split("x")
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


class Terminal:
    def __init__(self, fd):
        self.fd = fd
        self.seen = b""
        self.at = 0

    def read(self, timeout):
        """False at the end."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += data
        return bool(data)

    def expect(self, text):
        end = time.monotonic() + PATIENCE
        while text not in self.seen[self.at:]:
            if time.monotonic() > end or not self.read(0.1):
                return text in self.seen[self.at:]
        self.at = self.seen.index(text, self.at) + len(text)
        return True

    def step(self, line):
        word, _, text = line.partition(" ")
        if word == "expect":
            return self.expect(text.encode())
        if word == "send":
            os.write(self.fd, text.encode() + b"\n")
        elif word == "keys":
            os.write(self.fd, bytes.fromhex(text))
            time.sleep(0.1)  # podman knows a key only when it is read alone.
        elif word == "resize":
            resize(self.fd, text)
        else:
            sys.exit(f"on_pty: unknown step {line!r}")
        return True


def finish(pid, terminal, missed):
    """The exit status; others may hold the terminal open for longer."""
    end = time.monotonic() + PATIENCE
    done, status = 0, 0
    while not done:
        if missed is not None or time.monotonic() > end:
            os.kill(pid, 9)
            return os.waitpid(pid, 0)[1]
        if not terminal.read(0.05):
            time.sleep(0.01)
        done, status = os.waitpid(pid, os.WNOHANG)
    while select.select([terminal.fd], [], [], 0)[0] and terminal.read(0):
        pass
    return status


def main():
    steps = sys.stdin.read().splitlines()
    pid, fd = pty.fork()
    if pid == 0:
        time.sleep(0.05)  # The parent sets the size first.
        os.execvp(sys.argv[2], sys.argv[2:])
    resize(fd, sys.argv[1])
    terminal = Terminal(fd)
    missed = next((line for line in steps if not terminal.step(line)), None)
    status = finish(pid, terminal, missed)
    sys.stdout.write(terminal.seen.decode("utf-8", "replace").replace("\r", ""))
    if missed is not None:
        print(f"\non_pty: this did not come: {missed}")
        sys.exit(124)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xff)


if __name__ == "__main__":
    main()
