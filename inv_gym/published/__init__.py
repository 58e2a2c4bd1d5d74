"""Published tables beside ours: as printed, exactly, and by simulation."""
