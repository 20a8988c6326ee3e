"""How fast ordermade is beside its peers: `make bench`, or `make bench ONLY="NAME …"`."""
