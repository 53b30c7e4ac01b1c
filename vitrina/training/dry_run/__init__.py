"""The dry run: what training would meet, cost and start from, before it starts."""

from vitrina.training.dry_run.rehearsal import DryRun, dry_run

__all__ = ["DryRun", "dry_run"]
