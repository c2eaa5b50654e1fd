"""Measurements that take minutes: each is one command, prints a table, and adds a line a figure to history.csv."""
