"""The state of the running gate, and requests to it, over a Unix socket."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.errors import StatusError

log = logging.getLogger(__name__)

SOCKET = Path("/run/smile-gate/status.sock")
"""Where the service listens: in its RuntimeDirectory."""

TIMEOUT_S = 5.0
REQUEST_S = 0.25
"""How long a client may take to make a request before it gets the report."""
REQUEST_BYTES = 64


class StatusServer:
    """Answers each connection with one line of JSON, from a thread of its own.

    A client may send one line, a request's name; the answer is the report after it. A client that
    sends nothing, or ``status``, gets the report.

    Args:
        path: of the socket, which its group may use (mode 0660); a socket that a killed process
            left there is replaced.
        report: returns the answer.
        requests: by name, what a client may ask for.

    Raises:
        StatusError: the socket can't be made, or another process answers there.
    """

    def __init__(
        self,
        path: Path,
        report: Callable[[], Mapping[str, Any]],
        requests: Mapping[str, Callable[[], None]] | None = None,
    ) -> None:
        self._path = path
        self._report = report
        self._requests = {"status": lambda: None, **(requests or {})}
        self._ended = threading.Event()
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if path.is_socket():
                _refuse_if_answered(path)
                path.unlink()
            self._listening.bind(str(path))
            path.chmod(0o660)
            self._listening.listen(8)  # until now connections are refused
        except StatusError:
            self._listening.close()
            raise
        except OSError as error:
            self._listening.close()
            raise StatusError(f"{path}: expected to listen there, got: {error}") from error
        threading.Thread(target=self._answer, name="status", daemon=True).start()

    def _answer(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listening.accept()
                with client:
                    answer = self._answer_to(_request_of(client))
                    client.settimeout(TIMEOUT_S)
                    client.sendall(json.dumps(answer).encode() + b"\n")
            except OSError as error:  # closed, a client that has gone, no descriptor left
                log.debug("status: %s", error)
                self._ended.wait(0.1)
            except Exception:
                log.exception("status")

    def _answer_to(self, request: str) -> Mapping[str, Any]:
        if request not in self._requests:
            return {"error": f"expected one of {', '.join(self._requests)}, got {request!r}"}
        self._requests[request]()
        return self._report()

    def close(self) -> None:
        """Stop listening and remove the socket; may be called more than once."""
        if self._ended.is_set():
            return
        self._ended.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with suppress(OSError):
            self._path.unlink()


def _refuse_if_answered(path: Path) -> None:
    with suppress(ConnectionRefusedError), socket.socket(socket.AF_UNIX) as other:
        other.settimeout(TIMEOUT_S)
        other.connect(str(path))
        raise StatusError(f"{path}: expected nobody there, got another smile-gate that runs")


def _request_of(client: socket.socket) -> str:
    client.settimeout(REQUEST_S)
    try:
        request = client.recv(REQUEST_BYTES)
    except TimeoutError:
        return "status"
    return request.decode(errors="replace").strip() or "status"


def ask(path: Path, request: str = "status") -> dict[str, Any]:
    """Make a request of the gate that listens at a socket; return its report after that.

    Raises:
        StatusError: no gate answers there with a report, or it refuses the request.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(TIMEOUT_S)
            client.connect(str(path))
            client.sendall(request.encode() + b"\n")
            with client.makefile() as answer:
                report: dict[str, Any] = dict(json.loads(answer.read()))
    except (OSError, ValueError, TypeError) as error:
        raise StatusError(f"{path}: expected a running smile-gate, got: {error}") from error
    if "error" in report:
        raise StatusError(f"{path}: {report['error']}")
    return report
