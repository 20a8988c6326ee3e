"""Where events and commands come in."""
