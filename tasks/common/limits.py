"""What an estimate and the code that it estimates must agree on, importable without NumPy."""

IMAGES = 2**28
"""Bytes, as float32, from which on images stay in their file; smaller ones are faster in memory."""
