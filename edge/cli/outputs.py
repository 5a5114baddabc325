"""``smile-gate fire`` and ``safe``: switch outputs by hand."""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack, closing, nullcontext

from edge.cameras.capture import open_captured
from edge.cli.console import Verbs
from edge.errors import ConfigError, OutputError
from edge.outputs.group import Outputs
from edge.service import journal
from edge.service.event_log import log_event
from edge.service.outputs_file import read_outputs
from edge.service.sd_notify import runtime_folder
from edge.service.signals import Stopper
from edge.settings import CommandSettings, SnapshotSettings, load
from edge.settings.load import load_configuration
from edge.values import Decision, Event


def add_verbs(verbs: Verbs) -> None:
    """Add the verbs and their arguments."""
    parser = verbs.add("fire", fire)
    parser.add_argument("name", metavar="NAME", help="the output's name in the configuration")
    verbs.add("safe", safe)


def fire(options: argparse.Namespace) -> int:
    """Fire one output by hand, as a smile would."""
    settings = load_configuration(options.config).settings
    output = settings.outputs.get(options.name)
    if output is None:
        names = ", ".join(settings.outputs) or "none at all"
        raise ConfigError(f"expected the name of an output: {names}", origin=f"fire {options.name}")
    if isinstance(output, CommandSettings) and "fired" not in output.on:
        raise ConfigError(
            f"expected an output that a smile fires, got a command for {', '.join(output.on)}",
            origin=f"fire {options.name}",
        )
    faults: list[str] = []

    def listen(event: Event) -> None:
        if event.name == "fault":
            faults.append(str(event.facts["reason"]))
        else:
            log_event(event)

    with ExitStack() as stack:
        stopper = stack.enter_context(Stopper())
        frame = None
        if isinstance(output, SnapshotSettings):
            camera = open_captured(settings, stop=stopper.stop)
            frame = stack.enter_context(closing(camera)).read()
            stack.enter_context(frame or nullcontext())
        outputs = stack.enter_context(
            closing(Outputs({options.name: output}, listen, device=settings.board.device))
        )
        stopper.on_stop = outputs.stop
        for event in outputs.step(Decision(time.monotonic(), fire=True), frame):
            log_event(event)
        outputs.end()
        while not outputs.idle and not stopper.stop.wait(0.01):
            pass
    if faults:
        raise OutputError(faults[0], options.name)
    return 0


def safe(options: argparse.Namespace) -> int:
    """Put every output to its safe level, for example after smile-gate was killed."""
    folder = runtime_folder()
    outputs = read_outputs(folder) if folder else None
    if outputs is None:
        path = options.config
        if path is None:  # on the default pin there may be anything, such as an active-low relay
            raise ConfigError(
                f"expected --config FILE or {load.INSTALLED}, got neither: no configuration "
                "names a pin",
                origin="safe",
            )
        outputs = load_configuration(path).settings.outputs
    with_pins = {name: output for name, output in outputs.items() if output.pins()}
    failed = False
    for name, output in with_pins.items():
        try:
            Outputs({name: output}, log_event).close()
            print(f"{name}: safe")
        except OutputError as error:
            failed = True
            journal.print_error(f"smile-gate: {error}")
    if not with_pins:
        print("no output has a pin")
    return 2 if failed else 0
