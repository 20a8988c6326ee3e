"""The error that a command shows to the person at the terminal."""

from __future__ import annotations


class UserError(Exception):
    """A message for the person who started the command: what is wrong, and what to do next."""
