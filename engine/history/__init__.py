"""The tree's git repository: what is in it, and what of it is written to disk."""
