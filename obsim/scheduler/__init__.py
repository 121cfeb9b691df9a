"""The event queue of the cluster and each tenant's DAG scheduler with its priorities (engine.md 5)."""
