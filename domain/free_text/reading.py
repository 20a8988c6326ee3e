"""The former place of the interpreter, for installations that were made before it moved."""

from domain.free_text.interpreter import interpret as read

__all__ = ["read"]
