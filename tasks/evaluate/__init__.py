"""Open the test part, once, and measure every method of a study on it."""
