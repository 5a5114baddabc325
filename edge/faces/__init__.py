"""Detects faces and tracks each of them from frame to frame.

A ``Frame`` comes in; ``Face`` values go out, whose ids stay the same as long as a face is tracked.
"""
