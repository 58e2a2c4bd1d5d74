"""Arrays of three kinds, checks of input, whole files."""
