"""Files that people have, read as streams of messages for the gate."""
