"""Products: batches, the sources that draw them, populations, economics, real tables."""
