"""Delivery over HTTP: publishing, commands, views and the log. See docs/adr/0009-http.md."""
