"""Cameras of all kinds, and recorded clips, behind one interface. The SPEC of a source comes in;
``Frame`` values, pictures with their times, go out."""
