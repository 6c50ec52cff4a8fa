"""Calling a function for each of many files in worker processes, which a damaged file may crash."""
