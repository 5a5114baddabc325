from __future__ import annotations

import resource
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edge.cameras.recorded import VideoCamera
from edge.diagnose.video import AnnotatedVideo
from edge.errors import RecordingError
from edge.values import Box, Decision, Face, Frame, Grey, Picture, SmileScore

SMILE = SmileScore(Face(1, Box(80, 40, 60, 60), 9.0), 0.9)
SHAPE = (120, 160)


def record(path: Path, times: Sequence[float], shapes: Sequence[tuple[int, int]] = ()) -> None:
    """Write grey frames, each darker than the one before; the second fires."""
    with closing(AnnotatedVideo(path, 10.0, 0.8)) as video:
        for index, time in enumerate(times):
            grey: Grey = np.full(shapes[index] if shapes else SHAPE, 200 - 50 * index, np.uint8)
            video(Frame(index, time, grey), [SMILE], Decision(time, fire=index == 1))


def pictures(path: Path) -> list[Picture]:
    with closing(VideoCamera(str(path), path.resolve())) as camera:
        assert camera.fps == pytest.approx(10.0)
        return [frame.picture for frame in iter(camera.read, None)]


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "A.MP4", "http:a.mp4", "%03d.mp4"])
def test_frames_keep_their_times_whatever_their_distance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    record(Path(name), [0.0, 0.1, 0.8])
    assert [path.name for path in tmp_path.iterdir()] == [name]
    shown = [float(np.median(picture)) for picture in pictures(Path(name))]
    assert shown == pytest.approx([200, *[150] * 7, 100], abs=5)


def test_a_gap_of_hours_as_of_a_wrong_time_is_shortened(tmp_path: Path) -> None:
    record(tmp_path / "a.avi", [0.0, 0.1, 7200.0, 7200.1])
    assert len(pictures(tmp_path / "a.avi")) == pytest.approx(10 * AnnotatedVideo.GAP_S, abs=3)


def test_a_slow_source_keeps_all_frames(tmp_path: Path) -> None:
    with closing(AnnotatedVideo(tmp_path / "a.avi", 0.01, 0.8)) as video:
        for index in range(5):
            video(Frame(index, 100.0 * index, np.zeros(SHAPE, np.uint8)), [], Decision(0.0))
    with closing(VideoCamera("a.avi", tmp_path / "a.avi")) as camera:
        assert len(list(iter(camera.read, None))) == 5


def test_a_smiling_face_has_a_green_box_and_a_firing_is_told_for_a_while(tmp_path: Path) -> None:
    record(tmp_path / "a.avi", [0.0, 0.1, 0.2, 0.7], [(480, 640)] * 4)
    shown = pictures(tmp_path / "a.avi")
    blue, green, red = (int(value) for value in shown[0][70, 80])
    assert green > blue + 40
    assert green > red + 40
    word = [bool(picture[32:40, :30].std() > 30) for picture in shown]
    assert [word[index] for index in (0, 1, 2, -1)] == [False, True, True, False]


def test_pictures_of_other_sizes_fit_into_the_first(tmp_path: Path) -> None:
    record(tmp_path / "a.avi", [0.0, 0.1, 0.2], [SHAPE, (240, 160), (60, 400)])
    shown = pictures(tmp_path / "a.avi")
    assert [picture.shape for picture in shown] == [(120, 160, 3)] * 3
    assert shown[1][110, 60:].max() > 60
    assert shown[1][:, 100:].max() < 30


@pytest.fixture
def small_files() -> Iterator[None]:
    """As on a full disk, writes fail: here beyond 2,000 bytes of a file."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("name", ["a.mp4", "a.avi"])
def test_a_full_disk_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingError, match=r"expected a video of 31 frames, got \d+") as caught:
        record(tmp_path / name, [0.0, 0.1, 3.0])
    assert caught.value.path == tmp_path / name


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(RecordingError, match="expected a video file to write to, got none"):
        record(tmp_path / "a.mp4", [0.0])


def test_without_a_frame_there_is_no_file(tmp_path: Path) -> None:
    record(tmp_path / "a.mp4", [])
    assert not list(tmp_path.iterdir())
