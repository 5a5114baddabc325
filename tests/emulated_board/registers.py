"""A Pi 3's GPIO registers as QEMU has them: seen from outside the guest, whose kernel is not asked.

Runs in the guest, to which the host brings QEMU's monitor (QMP). Standard library only.
"""

from __future__ import annotations

import json
import re
import socket

PORT = 1717
"""Of the guest's loopback, where QEMU answers."""
BASE, WORDS = 0x3F200000, 15
"""From GPFSEL0, the lines' functions, to GPLEV1, their levels: BCM2837's manual, section 6.1."""
LEVELS_AT = 13
OUTPUT = 1


class Monitor:
    """A talk with QEMU.

    Raises:
        OSError: it does not answer.
    """

    ANSWER_S = 60.0

    def __init__(self) -> None:
        self._link = socket.create_connection(("127.0.0.1", PORT), self.ANSWER_S)
        self._lines = self._link.makefile("r", encoding="utf-8")
        self._lines.readline()  # the greeting
        self._ask("qmp_capabilities")

    def driven(self, line: int) -> int:
        """Return the level that a line is driven to; 0 as well if it is not driven."""
        command = {"command-line": f"xp /{WORDS}wx {BASE:#x}"}
        return driven(words(str(self._ask("human-monitor-command", command))), line)

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


def words(said: str) -> list[int]:
    """Return the numbers of a dump of memory, four on a line after its address.

    Raises:
        ValueError: it is no whole dump of the registers.
    """
    lines = re.findall(r"^[0-9a-f]+:((?: 0x[0-9a-f]{8})+)\s*$", said, re.MULTILINE)
    numbers = [int(word, 16) for line in lines for word in line.split()]
    if len(numbers) != WORDS:
        raise ValueError(f"QEMU: expected {WORDS} registers, got {said!r}")
    return numbers


def driven(registers: list[int], line: int) -> int:
    """Return 1 if a line is an output and high, otherwise 0."""
    register, place = divmod(line, 10)
    function = registers[register] >> 3 * place & 0b111
    bank, bit = divmod(line, 32)
    return int(function == OUTPUT) & registers[LEVELS_AT + bank] >> bit
