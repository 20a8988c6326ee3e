"""The ports: what doors and movers need from the outside, as protocols that adapters implement."""
