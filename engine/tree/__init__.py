"""The tree of script directories: read it, watch it, guard it, add to it."""
