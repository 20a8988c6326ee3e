"""The processes between the log and the views."""
