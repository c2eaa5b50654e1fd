"""How the DAG is run: DVC declares and records it, Prefect drives it. Knows no stage by name."""
