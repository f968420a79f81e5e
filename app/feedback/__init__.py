"""What the public reports about items, and its answer."""
