"""What takes long: `make trials`, or `make trials ONLY="NAME …"`."""
