"""Measurements that take minutes, each one command; what `history.note` is told goes to history.csv."""
