"""An MJPEG camera in the network, such as a webcam or a phone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2

from edge.values import Grey

FPS = 25.0


class MjpegServer:
    """Sends pictures over and over to each client until it is closed.

    Attributes:
        port: where the server listens; by default a free port.
        silent: stay connected and send nothing.
        wants_password: refuse clients that send no password.
        passwords: what clients sent, as HTTP's "basic" encodes it.
    """

    def __init__(self, pictures: Sequence[Grey], port: int = 0) -> None:
        self._jpegs = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures]
        self._ended = threading.Event()
        self.silent = False
        self.wants_password = False
        self.passwords: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/video":
                    self.send_error(404)
                    return
                method, _, password = self.headers.get("Authorization", "").partition(" ")
                if method == "Basic":
                    outer.passwords.append(password)
                elif outer.wants_password:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                with suppress(OSError):
                    for part in outer._parts():
                        self.wfile.write(part)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/video"

    def _parts(self) -> Iterator[bytes]:
        started = time.monotonic()
        shown = 0
        while not self._ended.wait(max(0.0, started + shown / FPS - time.monotonic())):
            jpeg = self._jpegs[shown % len(self._jpegs)]
            shown += 1
            if self.silent:
                continue
            yield b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
            yield jpeg + b"\r\n"

    def close(self) -> None:
        """Hang up and listen no more."""
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
