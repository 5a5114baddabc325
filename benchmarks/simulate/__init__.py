"""Stand-ins for a place. In: seeds and rates; out: frames with known faces, pins that count."""
