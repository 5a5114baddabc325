"""Settings, scores and boxes that hypothesis shows a trigger."""

from __future__ import annotations

import hypothesis
from hypothesis import strategies as st

from edge.settings import TriggerSettings
from edge.values import Box

RULES = hypothesis.settings(derandomize=True, deadline=None, max_examples=150)

FACES = (1, 2, 3)
HERE, THERE = Box(0, 0, 100, 100), Box(300, 50, 160, 160)

scores = st.sampled_from([0.0, 0.1, 0.9, 1.0]) | st.floats(0, 1)
levels = st.tuples(scores, scores, scores) | scores.map(lambda score: (score, score, score))
places = st.sampled_from([HERE, Box(10, 0, 90, 120), THERE]) | st.builds(
    Box, st.integers(0, 400), st.integers(0, 300), st.integers(40, 200), st.integers(40, 200)
)
# No sum of frame intervals is such a time, so that no comparison hangs on the last bit.
durations = st.just(0.0) | st.integers(0, 7).map(lambda tenths: tenths / 10 + 1 / 997)


@st.composite
def trigger_settings(draw: st.DrawFn) -> TriggerSettings:
    threshold_off, threshold_on = sorted(draw(st.just((0.4, 0.8)) | st.tuples(scores, scores)))
    return TriggerSettings(
        threshold_on=threshold_on,
        threshold_off=threshold_off,
        smoothing_s=draw(st.sampled_from([0.0, 0.1]) | st.floats(0.04, 1)),
        hold_s=draw(durations),
        cooldown_s=draw(durations | st.floats(0, 5)),
        bridge_s=draw(durations),
        jump_widths=draw(st.sampled_from([0.5, 10.0]) | st.floats(0.1, 10)),
        min_face_px=draw(st.sampled_from([0, 80])),
        who=draw(st.sampled_from(["any", "any", "largest", "all", "count"])),
        count=draw(st.integers(1, 3)),
        neutral_first=draw(st.booleans()),
        neutral_s=draw(durations),
        max_per_minute=draw(st.integers(1, 4) | st.just(600)),
    )
