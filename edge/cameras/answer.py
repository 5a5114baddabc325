"""What a network camera answers that gives no video: OpenCV only tells that it gives none."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Sequence
from email.message import Message
from email.parser import BytesParser
from string import punctuation
from urllib.parse import SplitResult, quote, unquote, urlsplit

PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
TLS = frozenset({"https", "rtsps"})
LONGEST = 16384
"""No more bytes of an answer are read, to the end of its headers."""
FAILURES = (
    (ConnectionRefusedError, "a refused connection: nothing listens there"),
    (socket.gaierror, "no host of that name"),
    (TimeoutError, "no answer"),
    (ssl.SSLError, "an answer that is not TLS"),
)
STATUS = {
    403: "it forbids access",
    404: "it has nothing at this path",
    **dict.fromkeys((301, 302, 303, 307, 308), "it points to another address"),
}


class _ProtocolError(Exception):
    """The answer is of another protocol."""


def describe_answer(url: str, timeout_s: float) -> str:
    """Ask a camera by HTTP or RTSP; return in words what was got instead of a video.

    The words contain nothing of the URL. Name and password are sent only if the camera asks.

    Args:
        url: of http, https, rtsp or rtsps.
        timeout_s: how long to wait for the camera, in seconds.
    """
    protocol = url[:4].upper()
    try:
        return _describe(urlsplit(url), protocol, time.monotonic() + timeout_s)
    except OSError as error:
        known = (words for kind, words in FAILURES if isinstance(error, kind))
        return next(known, error.strerror or "no connection")
    except _ProtocolError:
        return f"an answer that is not {protocol}"
    except ValueError:
        return "an address that is not valid"


def _describe(url: SplitResult, protocol: str, deadline: float) -> str:
    user, _, address = url.netloc.rpartition("@")
    target = quote(url.path or "/", punctuation)
    if url.query:
        target += "?" + quote(url.query, punctuation)
    method = "GET"
    if protocol == "RTSP":
        method, target = "DESCRIBE", f"{url.scheme}://{address}{target}"
    request = f"{method} {target} {protocol}/1.0\r\nHost: {address}\r\nCSeq: 1\r\n"
    status, headers = _ask(url, request, deadline)
    if status == 401 and user:
        proof = _prove(user, headers.get_all("WWW-Authenticate", []), method, target)
        status, headers = _ask(url, f"{request}Authorization: {proof}\r\n", deadline)
    if status == 200:
        return _describe_content(headers.get("Content-Type", ""))
    if status == 401:
        words = "does not accept the name and the password" if user else "wants name and password"
        return f"401: it {words}"
    return f"{status}: {STATUS[status]}" if status in STATUS else f"status {status}"


def _describe_content(content: str) -> str:
    kind = re.match(r"(?!application/sdp)[\w.+-]+/[\w.+-]+", content)
    if kind is None:
        return "an answer, but no video"
    if kind[0].startswith(("video/", "multipart/")):
        return f"{kind[0]} that cannot be decoded"
    return f"{kind[0]}, no video"


def _ask(url: SplitResult, request: str, deadline: float) -> tuple[int, Message]:
    """Send a request; return the status and the headers of the answer."""
    answer = b""
    with _connect(url, deadline) as connection:
        connection.sendall(f"{request}\r\n".encode())
        while b"\r\n\r\n" not in answer and len(answer) < LONGEST:
            connection.settimeout(_left_s(deadline))
            if not (more := connection.recv(4096)):
                break
            answer += more
    first, _, headers = answer.partition(b"\r\n")
    status = re.match(rb"(?:HTTP|RTSP)/\d\.\d (\d{3})\b", first)
    if status is None:
        raise _ProtocolError
    return int(status[1]), BytesParser().parsebytes(headers, headersonly=True)


def _connect(url: SplitResult, deadline: float) -> socket.socket:
    if not url.hostname:
        raise ValueError(url)
    address = (url.hostname, url.port or PORTS[url.scheme])
    connection = socket.create_connection(address, _left_s(deadline))
    if url.scheme not in TLS:
        return connection
    context = ssl.create_default_context()
    context.check_hostname = False  # FFmpeg takes any certificate, too
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection)


def _left_s(deadline: float) -> float:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s


def _prove(user: str, challenges: Sequence[str], method: str, target: str) -> str:
    """Return the value of the header that proves name and password: RFC 7617, RFC 2617."""
    name, password = (unquote(part) for part in user.partition(":")[::2])
    digest = next((text for text in challenges if text.lower().startswith("digest ")), None)
    if digest is None:
        return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"
    said = {
        key: quoted or plain
        for key, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', digest)
    }
    realm, nonce = said.get("realm", ""), said.get("nonce", "")
    counted = ("00000001", "1", "auth") if "auth" in said.get("qop", "") else ()
    response = _hash(_hash(name, realm, password), nonce, *counted, _hash(method, target))
    proof = (
        f'Digest username="{name}", realm="{realm}", nonce="{nonce}", uri="{target}", '
        f'response="{response}"'
    )
    if counted:
        proof += ', nc={}, cnonce="{}", qop={}'.format(*counted)
    return proof + (f', opaque="{said["opaque"]}"' if "opaque" in said else "")


def _hash(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()
