"""The leaderboard as one page."""
def page(boards): return "<html></html>"
