"""Stand-in for Raspberry Pi's pykms, which picamera2 imports for its preview and Debian lacks.

As it is imported during picamera2's own import, it also adapts picamera2 to libcamera's "virtual"
pipeline, so that an unmodified program can open that camera:

* The pipeline has no raw modes, which picamera2 needs: the viewfinder's modes take their place.
* picamera2 allocates buffers from /dev/dma_heap, with a single plane; here they are memfds, and an
  NV12 buffer has the two planes that the pipeline writes to.
* libcamera 0.4 leaves the status of these frames unset, and picamera2 drops frames without the
  status "success": every frame gets it.
* The pipeline makes frames as fast as they are requested: requests are delayed, and held while the
  file /srv/guest/stuck exists, which simulates a camera that hangs.
* The pipeline has NV12 only: arrays are converted to the requested format, RGB888 or YUV420.

A picture is shown for four frames. Sizes must be those of virtual.yaml; others become the largest.
"""

from __future__ import annotations

import mmap
import os
import queue
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import libcamera

FRAME_S = 0.5
"""Time between frames: an emulated board processes few more."""
STUCK = Path("/srv/guest/stuck")
DEPTHS = {"RGB888": 3, "YUV420": 1}


class _Names:
    def __getattr__(self, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


PixelFormat = _Names()


class Card:
    """There is no display."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("pykms stand-in: no display here")


def _from_nv12(data: Any, size: tuple[int, int], wanted: str) -> Any:
    """Convert an NV12 picture with BT.601 colours, as decoded from JPEG, to a picamera2 format."""
    import cv2
    import numpy as np

    width, height = size
    data = np.frombuffer(data, np.uint8)
    luma = data[: width * height].reshape(height, width)
    chroma = data[width * height : width * height * 3 // 2].reshape(height // 2, width // 2, 2)
    if wanted == "YUV420":
        planes = [luma.ravel(), chroma[..., 0].ravel(), chroma[..., 1].ravel()]
        return np.concatenate(planes).reshape(height * 3 // 2, width)
    chroma = cv2.resize(chroma, (width, height), interpolation=cv2.INTER_LINEAR)
    # picamera2 names formats as DRM does: RGB888 is blue, green, red in memory.
    return cv2.cvtColor(np.dstack([luma, chroma[..., 1], chroma[..., 0]]), cv2.COLOR_YCrCb2BGR)


def _convert_arrays() -> None:
    """Give picamera2's configurations and arrays the requested format."""
    from picamera2.request import Helpers

    cameras = sys.modules["picamera2.picamera2"].Picamera2
    configure, shared = cameras.configure_, Helpers._make_array_shared

    def configure_(self: Any, wanted: dict[str, Any]) -> Any:
        formats = {name: (wanted.get(name) or {}).get("format") for name in ("main", "lores")}
        result = configure(self, wanted)
        for name, wanted_format in formats.items():
            stream = self.camera_config.get(name)
            if stream and stream["format"] == "NV12" and wanted_format in DEPTHS:
                width, height = stream["size"]
                size = width * height * (6 if wanted_format == "RGB888" else 3) // 2
                stride = width * DEPTHS[wanted_format]
                stream.update(format=wanted_format, stride=stride, framesize=size)
        return result

    def make_array_shared(self: Any, buffer: Any, config: dict[str, Any]) -> Any:
        width, height = config["size"]
        if config["format"] in DEPTHS and buffer.size == width * height * 3 // 2:
            return _from_nv12(buffer, (width, height), config["format"])
        return shared(self, buffer, config)

    cameras.configure_ = configure_
    Helpers._make_array_shared = make_array_shared


def _convert_when_imported() -> None:
    """Wait for picamera2's class: it exists when picamera2 first asks for the camera manager."""
    singleton = libcamera.CameraManager.singleton
    done: list[bool] = []

    def first(*arguments: Any) -> Any:
        if not done:
            done.append(True)
            _convert_arrays()
        return singleton(*arguments)

    libcamera.CameraManager.singleton = staticmethod(first)


def _give_modes() -> None:
    generate = libcamera.Camera.generate_configuration
    raw, viewfinder = libcamera.StreamRole.Raw, libcamera.StreamRole.Viewfinder

    def generate_configuration(self: Any, roles: Any) -> Any:
        configuration = generate(self, list(roles))
        if configuration is None and list(roles) == [raw]:
            configuration = generate(self, [viewfinder])
        return configuration

    libcamera.Camera.generate_configuration = generate_configuration


class _Pacer:
    """Passes requests on one by one, every ``FRAME_S``, in a thread of its own."""

    def __init__(self) -> None:
        self._queue = libcamera.Camera.queue_request
        self._stop = libcamera.Camera.stop
        self._waiting: queue.Queue[tuple[int, Any, Any]] = queue.Queue()
        self._lock = threading.Lock()
        self._starts = 0
        threading.Thread(target=self._serve, name="pacer", daemon=True).start()

    def put(self, camera: Any, request: Any) -> None:
        self._waiting.put((self._starts, camera, request))

    def end(self, camera: Any) -> Any:
        with self._lock:
            self._starts += 1  # drops the requests that wait
            return self._stop(camera)

    def _serve(self) -> None:
        while True:
            start, camera, request = self._waiting.get()
            time.sleep(FRAME_S)
            while STUCK.exists() and start == self._starts:
                time.sleep(0.1)
            with self._lock:
                if start == self._starts:
                    with suppress(RuntimeError):  # the camera was closed
                        self._queue(camera, request)
            del camera, request


def _pace() -> None:
    pacer = _Pacer()

    def queue_request(self: Any, request: Any) -> None:
        pacer.put(self, request)

    def stop(self: Any) -> Any:
        return pacer.end(self)

    libcamera.Camera.queue_request = queue_request
    libcamera.Camera.stop = stop


class _Mapped:
    """Instead of picamera2's class, which tells the kernel of each access to a DMA buffer."""

    def __init__(self, allocator: Any, buffer: Any, _write: bool) -> None:
        self._memory = allocator.mapped_buffers[buffer]

    def __enter__(self) -> Any:
        return self._memory

    def __exit__(self, *_: object) -> None:
        pass

    def get_buffer(self) -> Any:
        return self._memory


def _planes(descriptor: int, stream: Any) -> list[Any]:
    luma = stream.stride * stream.size.height
    planes = []
    for offset, length in [(0, luma), (luma, stream.frame_size - luma)]:
        plane = libcamera.FrameBuffer.Plane()
        plane.fd, plane.offset, plane.length = descriptor, offset, length
        planes.append(plane)
    return planes


def _init(self: Any) -> None:
    from picamera2.allocators.allocator import Allocator

    Allocator.__init__(self)
    self.dmaHeap = None
    self.mapped_buffers, self.mapped_buffers_used = {}, {}
    self.frame_buffers, self.open_fds, self.libcamera_fds = {}, [], []
    self.sync = _Mapped


def _allocate(self: Any, configuration: Any, _use_case: Any) -> None:
    self.libcamera_fds = []
    self.cleanup()
    for descriptor in self.open_fds:
        os.close(descriptor)
    self.frame_buffers, self.open_fds = {}, []
    for stream in configuration:
        self.frame_buffers[stream.stream] = [
            _buffer(self, stream) for _ in range(stream.buffer_count)
        ]


def _buffer(self: Any, stream: Any) -> Any:
    descriptor = os.memfd_create("frame")
    os.ftruncate(descriptor, stream.frame_size)
    self.open_fds.append(descriptor)
    buffer = libcamera.FrameBuffer(_planes(descriptor, stream))
    duplicate = buffer.planes[0].fd  # libcamera's
    self.libcamera_fds.append(duplicate)
    self.mapped_buffers_used[duplicate] = False
    self.mapped_buffers[buffer] = mmap.mmap(descriptor, stream.frame_size)
    return buffer


def _adapt() -> None:
    from picamera2.allocators.dmaallocator import DmaAllocator

    success = libcamera.FrameMetadata.Status.Success
    libcamera.FrameMetadata.status = property(lambda _: success)
    DmaAllocator.__init__ = _init
    DmaAllocator.allocate = _allocate
    _give_modes()
    _convert_when_imported()
    _pace()


_adapt()
