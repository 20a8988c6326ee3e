"""What is said by the system itself, and goes back to the doors."""
