"""Recipes: functions that return a complete `Recipe`. Their names are the words of `vitrina train`."""

from vitrina.recipes.codebook import codebook
from vitrina.recipes.dual_encoder import dual_encoder
from vitrina.recipes.flava import flava

__all__ = ["codebook", "dual_encoder", "flava"]
