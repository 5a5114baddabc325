"""How fast the device's path is: windows after a warm-up, medians, the raw log kept."""
