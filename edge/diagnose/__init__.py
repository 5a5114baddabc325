"""What sets up a gate in its place and finds out what is wrong with it: look, calibrate, replay,
doctor. Settings, a camera or a labelled clip come in; annotated pictures, thresholds, a score or
findings go out."""
