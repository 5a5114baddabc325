"""A network camera that answers with any bytes."""

from __future__ import annotations

import threading
from contextlib import suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class AnswerServer:
    """Sends its answer to whoever connects and has asked, until it is closed.

    Attributes:
        answer: the bytes.
        repeats: how often they are sent once more.
        stays: whether the connection stays open afterwards, and silent.
    """

    def __init__(self) -> None:
        self.answer = b""
        self.repeats = 0
        self.stays = False
        self._ended = threading.Event()
        outer = self

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):
                    self.request.recv(65536)
                    for _ in range(1 + outer.repeats):
                        self.request.sendall(outer.answer)
                    if outer.stays:
                        outer._ended.wait(30.0)

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/video"

    def close(self) -> None:
        """Hang up and listen no more."""
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
