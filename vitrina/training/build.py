"""From a configuration to its model: the one place where the closed union of families meets their classes."""

from vitrina.data.inputs import Inputs
from vitrina.models.clip import Clip, ClipConfig
from vitrina.models.codebook import Codebook, CodebookConfig
from vitrina.models.early_fusion import EarlyFusion, EarlyFusionConfig
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.models.groupvit import GroupViT, GroupViTConfig
from vitrina.recipes.recipe import ModelConfig

Model = Flava | Clip | Codebook | EarlyFusion | GroupViT

Searches = Flava | Clip | EarlyFusion | GroupViT
"""The families whose pictures and texts meet in one space."""


def build(config: ModelConfig, *, inputs: Inputs | None) -> Model:
    """A model with random weights, drawn from torch's generator as it stands."""
    match config:
        case FlavaConfig():
            return Flava(config, inputs=inputs)
        case ClipConfig():
            return Clip(config, inputs=inputs)
        case CodebookConfig():
            return Codebook(config, inputs=inputs)
        case EarlyFusionConfig():
            return EarlyFusion(config, inputs=inputs)
        case GroupViTConfig():
            return GroupViT(config, inputs=inputs)
