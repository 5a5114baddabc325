"""Sets up and mends a gate. In: settings, a camera or a clip; out: findings and thresholds."""
