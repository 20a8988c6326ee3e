"""The door and the views over HTTP. See docs/adr/0009-http.md."""
