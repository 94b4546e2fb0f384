"""The one optional HTTP door: beats of jobs, health, metrics, and status pages."""
