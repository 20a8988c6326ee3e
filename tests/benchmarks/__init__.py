"""How fast, as ratios measured in one run on one database: `make bench`, `make bench ONLY=name`."""
