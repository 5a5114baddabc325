"""Network cameras, against a real MJPEG server, and a real RTSP server where one is installed.

To install the RTSP server on Debian::

    apt-get install gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base \
        gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly
"""

from __future__ import annotations

import re
import socket
import socketserver
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.simulate.mjpeg_server import FPS, MjpegServer
from edge.cameras.source import open_camera
from edge.cameras.stream import StreamCamera
from edge.errors import CameraError, FrameError
from edge.settings import CameraSettings, Settings, StreamSettings
from edge.values import Frame
from tests.edge.cameras.harness import RecordedCapture
from tests.edge.cameras.refusing_server import BASIC, DIGEST, RefusingServer

STALL_S = 1.0

DEBIANS_PYTHON = "/usr/bin/python3"  # which has its packages
RTSP_SERVER = """
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_service("0")
server.set_address("127.0.0.1")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_shared(True)
factory.set_protocols(GstRtsp.RTSPLowerTrans.{transport})
factory.set_launch(
    "( videotestsrc is-live=true pattern=red ! video/x-raw,width=320,height=240,framerate=25/1"
    " ! x264enc tune=zerolatency key-int-max={key} ! rtph264pay name=pay0 pt=96 )"
)
server.get_mount_points().add_factory("/video", factory)
assert server.attach(None) and Gst.ElementFactory.find("x264enc")
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
"""


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def settings(source: str, **stream: Any) -> Settings:
    return Settings(
        camera=CameraSettings(source=source, stall_s=STALL_S), stream=StreamSettings(**stream)
    )


def record(url: str) -> RecordedCapture:
    return RecordedCapture(partial(open_camera, settings(url)), stall_s=STALL_S)


def shade(recorded: RecordedCapture) -> int:
    return round(float(recorded.read().grey.mean()))


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    shades = [np.full((240, 320), shade, np.uint8) for shade in (50, 100, 150, 200)]
    with closing(MjpegServer(shades)) as server:
        yield server


def test_frames_come_in_order_as_they_are_shown(server: MjpegServer) -> None:
    with closing(open_camera(settings(server.url))) as camera:
        before = time.monotonic()
        frames = [frame for _ in range(6) if (frame := camera.read())]
        after = time.monotonic()
    assert isinstance(camera, StreamCamera)
    assert camera.live
    assert camera.fps == FPS
    assert [frame.index for frame in frames] == list(range(6))
    assert frames[0].grey.shape == (240, 320)
    assert frames[0].picture.shape == (240, 320, 3)
    steps = np.diff([int(frame.grey.mean().round()) for frame in frames])
    assert {int(step) for step in steps.round(-1)} <= {50, -150}
    times = [frame.time for frame in frames]
    assert times == sorted(times)
    assert before <= times[0] < times[-1] <= after


def test_a_file_that_is_opened_later_is_played_whole(
    server: MjpegServer, clip: Path, demo_frames: list[Frame]
) -> None:
    """A stream's options, which FFmpeg takes from the environment, would cost its last frame."""
    open_camera(settings(server.url)).close()
    with closing(open_camera(settings(str(clip)))) as camera:
        assert len(list(iter(camera.read, None))) == len(demo_frames)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_nobody_listening_is_one_line(smile_gate: Any, scheme: str) -> None:
    url = f"{scheme}://127.0.0.1:{free_port()}/video"
    code, out, err = smile_gate("run", "--source", url)
    assert (code, out) == (2, "")
    refused = "a refused connection: nothing listens there"
    assert err == f"smile-gate: {url}: expected a video stream, got {refused}\n"


QOP = f'{DIGEST}, qop="auth,auth-int", algorithm=MD5'
ELSEWHERE = "302 Found\r\nLocation: http://127.0.0.1:1/robin/p%40pa55:x3\r\n"


@pytest.mark.parametrize("name", ["", "robin:p%40pa55:x3@", "robin:x3@"])
@pytest.mark.parametrize(
    ("scheme", "challenge"),
    [("http", BASIC), ("http", DIGEST), ("http", QOP), ("rtsp", BASIC), ("rtsp", DIGEST)],
)
def test_a_wrong_password_and_a_wrong_path_are_told_apart(
    smile_gate: Any, scheme: str, challenge: str, name: str
) -> None:
    with closing(RefusingServer("404 No\r\n", challenge)) as server:
        code, _, err = smile_gate("run", "--source", f"{scheme}://{name}{server.at}/video?a=b c")
    got = "404: it has nothing at this path"
    if not name:
        got = "401: it wants name and password"
    elif "p%40" not in name:
        got = "401: it does not accept the name and the password"
    assert code == 2
    assert err.endswith(f": expected a video stream, got {got}\n")
    assert err.startswith(f"smile-gate: {scheme}://{server.at}/video")


@pytest.mark.parametrize(
    ("scheme", "answer", "got"),
    [
        ("http", "200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n", "text/html, no video"),
        ("http", "200 OK\r\nContent-Type: x\x1b[31m\r\n", "an answer, but no video"),
        ("http", "200 OK\r\nContent-Type: video/mp4\r\n", "video/mp4 that cannot be decoded"),
        ("http", "200 OK\r\n", "an answer, but no video"),
        ("http", ELSEWHERE, "302: it points to another address"),
        ("http", "403 No\r\n", "403: it forbids access"),
        ("http", "503 Busy\r\n", "status 503"),
        ("rtsp", "200 OK\r\n", "an answer, but no video"),
        ("rtsp", "404 No\r\n", "404: it has nothing at this path"),
    ],
)
def test_what_a_camera_answers_instead_of_video_is_told(scheme: str, answer: str, got: str) -> None:
    with closing(RefusingServer(answer)) as server, pytest.raises(CameraError) as caught:
        open_camera(settings(f"{scheme}://robin:p%40pa55:x3@{server.at}/video"))
    shown = f"{scheme}://{server.at}/video"
    assert str(caught.value) == f"{shown}: expected a video stream, got {got}"


@pytest.mark.parametrize(
    ("url", "got"),
    [
        ("http://127.0.0.1:{}/video", "an answer that is not HTTP"),
        ("https://127.0.0.1:{}/video", "an answer that is not TLS"),
        ("rtsp://127.0.0.1:{}/video", "an answer that is not RTSP"),
        ("http://127.0.0.1:99999/{}", "an address that is not valid"),
        ("http://[/{}", "an address that is not valid"),
    ],
)
def test_a_server_of_another_kind_is_told(url: str, got: str) -> None:
    class Mail(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"220 mail\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with pytest.raises(CameraError, match=f"expected a video stream, got {got}"):
            open_camera(settings(url.format(server.server_address[1])))
        server.shutdown()


def test_a_server_that_says_nothing_is_one_line_after_the_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:  # it accepts and sends nothing
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/video"
        started = time.monotonic()
        with pytest.raises(CameraError, match=f"{url}: expected a video stream, got none in 1 s"):
            open_camera(settings(url))
        assert STALL_S <= time.monotonic() - started < STALL_S + 2.0


def test_what_is_no_picture_between_others_is_passed_over(server: MjpegServer) -> None:
    # What is damaged on the way: the server itself sends whole pictures only.
    server._jpegs[1] = b"no picture"
    server._jpegs[2] = server._jpegs[2][:300]
    with closing(record(server.url)) as recorded:
        shades = [shade(recorded) for _ in range(20)]
    assert {50, 200} <= set(shades)
    assert recorded.capture.garbage >= 5
    assert recorded.calls == []


def test_a_server_that_falls_silent_is_given_up_after_the_time_out(server: MjpegServer) -> None:
    with closing(open_camera(settings(server.url))) as camera:
        camera.read()
        server.silent = True
        started = time.monotonic()
        with pytest.raises(FrameError, match=f"^{server.url}: expected a picture, got none$"):
            list(iter(camera.read, None))
    assert time.monotonic() - started < STALL_S + 2.0


def test_a_server_that_dies_and_returns(server: MjpegServer) -> None:
    with closing(record(server.url)) as recorded:
        assert shade(recorded) in {50, 100, 150, 200}
        server.close()
        with closing(MjpegServer([np.full((240, 320), 90, np.uint8)], server.port)):
            while shade(recorded) != 90:  # frames still under way
                pass
    assert recorded.calls == [f"{server.url}: the stream ended", "back"]


# name and password

SECRET = "http://robin:p@pa55:x3@127.0.0.1:{}/video"  # FFmpeg takes the last @ before the path


def test_name_and_password_are_sent(server: MjpegServer) -> None:
    server.wants_password = True
    open_camera(settings(SECRET.format(server.port))).close()
    assert server.passwords == [b64encode(b"robin:p@pa55:x3").decode()]


@pytest.mark.parametrize(
    "source",
    [
        SECRET,
        "RTSP://robin:p@pa55:x3@127.0.0.1:{}/video.mp4",
        "rtsp://robin:p/pa55:x3@127.0.0.1:{}/video",
        "rtmp://robin:pa55@127.0.0.1:{}/video",
    ],
)
def test_name_and_password_are_in_no_message(smile_gate: Any, source: str, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text(f'[camera]\nsource = "{source.format(free_port())}"\n')
    truth = tmp_path / "truth.json"
    truth.write_text('{"smiles": []}')
    for arguments in (
        ("run", "--verbose", "--config", config),
        ("config", "show", "--config", config),
        ("config", "explain", "camera", "--config", config),
        ("config", "check", "--config", config),
        ("replay", source.format(free_port()), "--truth", truth),
    ):
        _, out, err = smile_gate(*arguments)
        assert not re.search(r"robin|pa55|x3", out + err)
        assert "127.0.0.1" in out + err or arguments[1] == "check"


def test_a_live_stream_cannot_be_replayed_and_is_named_without_them(
    smile_gate: Any, server: MjpegServer, tmp_path: Path
) -> None:
    truth = tmp_path / "truth.json"
    truth.write_text('{"smiles": []}')
    code, _, err = smile_gate("replay", SECRET.format(server.port), "--truth", truth)
    assert code == 2
    assert err == f"smile-gate: {server.url}: expected a recorded clip\n"


@pytest.mark.parametrize("source", ["images:a//b@5", "images://a@5", "file://a@b.mp4", "a@b.mp4"])
def test_a_path_with_an_at_is_shown_whole(source: str) -> None:
    assert CameraSettings(source=source).shown_source == source


# RTSP


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Return a function that shows a red picture by RTSP and returns its URL.

    Its arguments are the one transport there is, TCP or UDP, and how far apart key frames are.
    """
    running: list[subprocess.Popen[str]] = []

    def start(transport: str = "TCP", key: int = 10) -> str:
        script = RTSP_SERVER.replace("{transport}", transport).replace("{key}", str(key))
        if not Path(DEBIANS_PYTHON).exists():
            pytest.skip(f"RTSP: there is no {DEBIANS_PYTHON} here")
        process = subprocess.Popen(
            [DEBIANS_PYTHON, "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            pytest.skip("RTSP: GStreamer's server is not installed here")
        return f"rtsp://127.0.0.1:{port}/video"

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_rtsp_over_either_transport(serve: Callable[..., str], transport: str) -> None:
    url = serve(transport.upper())
    with closing(open_camera(settings(url, transport=transport))) as camera:
        frames = [frame for _ in range(5) if (frame := camera.read())]
    assert camera.fps == FPS
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert frames[-1].grey.shape == (240, 320)
    blue, green, red = frames[-1].picture.reshape(-1, 3).mean(0)
    assert red > 200
    assert max(blue, green) < 60


def test_a_stream_may_have_to_wait_for_its_next_key_frame(serve: Callable[..., str]) -> None:
    """Key frames are 4 s apart, more than the time-out, and opening the stream again is no use."""
    url = serve(key=100)
    with closing(open_camera(settings(url))) as first:
        frame = None
        while frame is None:
            with suppress(FrameError):
                frame = first.read()
        with closing(record(url)) as recorded:
            assert shade(recorded) > 60
    assert recorded.opened == 1
    lost, back = recorded.calls
    assert lost.startswith("no frame for 1 s")
    assert back == "back"


def test_a_path_that_the_server_does_not_have_is_refused(serve: Callable[..., str]) -> None:
    with pytest.raises(CameraError, match="expected a video stream, got 404: it has nothing"):
        open_camera(settings(f"{serve()}/other"))
