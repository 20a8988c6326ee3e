"""Use cases: what is answered and what an operator does, as functions of ports that return data."""
