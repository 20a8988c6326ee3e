"""Processes that append events derived from others, through the doors."""
