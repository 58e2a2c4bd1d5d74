"""Orders of today for the series of a table of sales."""
