"""The components that accept events and commands."""
