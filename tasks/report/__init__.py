"""The report of a study: which way of carrying knowledge over wins, by how much, and how sure that is."""
