"""The checker of data lists."""
