"""Listeners: they are told of events and change nothing."""
