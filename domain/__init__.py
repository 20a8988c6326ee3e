"""What is true: events, decisions and rules. Pure: no I/O, no clock, no random source."""
