"""A Pi 3's GPIO registers, read by QEMU's monitor (QMP): the guest's kernel is not involved.

Runs in the guest, to which the host forwards the monitor. Standard library only.
"""

from __future__ import annotations

import json
import re
import socket

PORT = 1717
"""Port of the guest's loopback at which QEMU answers."""
BASE, WORDS = 0x3F200000, 15
"""The registers from GPFSEL0 (functions of the lines) to GPLEV1 (levels): BCM2837's manual, 6.1."""
LEVELS_AT = 13
OUTPUT = 1


class Monitor:
    """A connection to QEMU's monitor. An OSError means that QEMU does not answer."""

    ANSWER_S = 60.0

    def __init__(self) -> None:
        self._link = socket.create_connection(("127.0.0.1", PORT), self.ANSWER_S)
        self._lines = self._link.makefile("r", encoding="utf-8")
        self._lines.readline()  # the greeting
        self._ask("qmp_capabilities")

    def level(self, line: int) -> int:
        """Return the level that a line is driven to; 0 if it is not driven."""
        command = {"command-line": f"xp /{WORDS}wx {BASE:#x}"}
        return driven_level(parse_dump(str(self._ask("human-monitor-command", command))), line)

    def _ask(self, name: str, arguments: dict[str, str] | None = None) -> object:
        question = {"execute": name, "arguments": arguments or {}}
        self._link.sendall(json.dumps(question).encode() + b"\n")
        for line in self._lines:
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                break
        raise OSError(f"QEMU: expected an answer to {name}, got none")


def parse_dump(dump: str) -> list[int]:
    """Return the numbers of a dump of memory: lines of an address and up to four words.

    Raises:
        ValueError: the dump does not have all the registers.
    """
    lines = re.findall(r"^[0-9a-f]+:((?: 0x[0-9a-f]{8})+)\s*$", dump, re.MULTILINE)
    numbers = [int(word, 16) for line in lines for word in line.split()]
    if len(numbers) != WORDS:
        raise ValueError(f"QEMU: expected {WORDS} registers, got {dump!r}")
    return numbers


def driven_level(registers: list[int], line: int) -> int:
    """Return 1 if a line is an output and high, otherwise 0."""
    register, place = divmod(line, 10)
    function = registers[register] >> 3 * place & 0b111
    bank, bit = divmod(line, 32)
    return int(function == OUTPUT) & registers[LEVELS_AT + bank] >> bit
