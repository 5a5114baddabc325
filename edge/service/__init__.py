"""Runs the pipeline as a daemon that systemd supervises. Settings, signals and status requests come
in; events, log lines, a status report and systemd's notifications go out."""
