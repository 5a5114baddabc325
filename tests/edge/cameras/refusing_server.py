"""A server that speaks HTTP or RTSP and has no video."""

from __future__ import annotations

import re
import socketserver
import threading
from base64 import b64encode
from hashlib import md5
from typing import Any

NAME, PASSWORD = "robin", "p@pa55:x3"
BASIC, DIGEST = 'Basic realm="cam"', 'Digest realm="cam", nonce="n1"'


class RefusingServer(socketserver.ThreadingTCPServer):
    """Answers each request with the same status.

    Args:
        answer: the status, header lines and body.
        challenge: is sent with 401 until a client proves name and password.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, answer: str, challenge: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.challenge = answer, challenge
        self.at = f"127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class Handler(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        while first := self.rfile.readline().decode():
            method, *_, protocol = first.split()  # FFmpeg sends spaces as they are
            headers = {}
            while line := self.rfile.readline().decode().strip():
                name, _, value = line.partition(": ")
                headers[name] = value
            answer = self.server.answer
            if method == "OPTIONS":
                answer = "200 OK\r\n"
            elif self.server.challenge and not proves(headers.get("Authorization", ""), method):
                answer = f"401 No\r\nWWW-Authenticate: {self.server.challenge}\r\n"
            self.wfile.write(f"{protocol} {answer}CSeq: {headers.get('CSeq')}\r\n\r\n".encode())
            if protocol.startswith("HTTP"):
                return


def proves(authorization: str, method: str) -> bool:
    if authorization.startswith("Basic "):
        return authorization == f"Basic {b64encode(f'{NAME}:{PASSWORD}'.encode()).decode()}"
    said = dict(re.findall(r'(\w+)="?([^",]*)', authorization))
    return said.get("response") == digest(
        digest(f"{NAME}:cam:{PASSWORD}"),
        "n1",
        *[said[key] for key in ("nc", "cnonce", "qop") if key in said],
        digest(f"{method}:{said.get('uri')}"),
    )


def digest(*parts: str) -> str:
    return md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()
