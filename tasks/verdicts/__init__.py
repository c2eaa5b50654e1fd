"""Verdicts held against each other, against what is asked, and against their own intervals. No stage depends on it."""
