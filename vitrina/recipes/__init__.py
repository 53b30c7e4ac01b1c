"""Recipes: functions that return a complete `Recipe`. Their names are the words of `vitrina train`."""

from vitrina.recipes.clip import clip
from vitrina.recipes.codebook import codebook
from vitrina.recipes.early_fusion import early_fusion
from vitrina.recipes.flava import flava
from vitrina.recipes.groupvit import groupvit

__all__ = ["clip", "codebook", "early_fusion", "flava", "groupvit"]
