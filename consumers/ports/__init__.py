"""Ports: what doors, movers, emitters and questions need of the outside, as protocols."""
