"""Proof on a stand-in for a Raspberry Pi: an emulated arm64 Debian with systemd, a simulated GPIO
chip and libcamera's virtual camera. Run by ``python -m tests.emulated_board IMAGE``, not by pytest.
"""
