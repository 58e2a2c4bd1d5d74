"""The backtest: every policy on every series of a table of sales, and what each series says."""
