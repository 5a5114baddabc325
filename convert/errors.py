"""The error of every conversion."""

from edge.errors import SmileGateError


class ConvertError(SmileGateError, ValueError):
    """A model can't be converted, or the result is not good enough for the device."""
