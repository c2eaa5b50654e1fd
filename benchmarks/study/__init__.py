"""A whole study against the plain script that does the same trainings the way a notebook would."""
