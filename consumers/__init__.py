"""What moves: the ports, and the processes between the store, the log and the views."""
