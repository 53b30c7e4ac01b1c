"""Watching a run: a figure on held-out products every so many steps, the best weights kept, an early end."""

from vitrina.training.watch.watcher import Verdict, Watcher, refuse_unwatchable

__all__ = ["Verdict", "Watcher", "refuse_unwatchable"]
