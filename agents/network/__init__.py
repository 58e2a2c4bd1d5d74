"""The network: what it sees, its encoder, its heads."""
