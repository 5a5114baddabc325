"""Proof of install.sh and the service on an emulated Raspberry Pi: arm64 Debian with systemd, a
simulated GPIO chip and libcamera's virtual camera. ``python -m tests.emulated_board IMAGE`` takes a
folder with the system's image, which it builds if need be, and prints a table of passed checks.

In the guest run ``checks``, ``guest_state`` and ``registers``; the other modules run on the host.
"""
