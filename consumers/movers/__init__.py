"""Processes that move events: from the store to the log and back, and from the log into views."""
