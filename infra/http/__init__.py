"""The door and the views over HTTP. See docs/adr/0006-http.md."""
