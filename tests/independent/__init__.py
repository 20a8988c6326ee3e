"""What is reckoned here imports nothing of ours: import-linter sees to it."""
