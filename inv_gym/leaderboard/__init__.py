"""The leaderboard: who plays, the played tables, and how they are shown and written."""
