"""GroupViT's picture tower: patches join groups, stage by stage, and the groups become what is compared with words.

A stage is a vision transformer over patches (or over the groups of the stage before) and a few learned group tokens; at
its end every patch is assigned to one group (Xu et al. 2022, section 3.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vitrina.models.layers import QuickGELU, Transformer, TransformerConfig, attend, initialise
from vitrina.models.row_noise import gumbel
from vitrina.models.towers import ConvolutionStem, ImageTowerConfig, PatchStem, Stem

_ASSIGN_EPS = 1.0  # in the mean over a group's members: a group without any has a divisor
_TOKEN_RATIO, _CHANNEL_RATIO = 0.5, 4  # widths inside a grouping block's two MLPs


@dataclass(frozen=True)
class GroupingTowerConfig(TransformerConfig):
    """A square picture of `size_px` in patches of `patch_px`, and `layers` blocks in stages of `depths`.

    Every stage but the last ends in `groups` many groups. The base size is the published shape: 6, 3 and 3 blocks, 64
    groups and then 8. Raises ValueError where the depths do not add up, or where there is not one stage more than
    there are groupings.
    """

    size_px: int = 224
    patch_px: int = 16
    stem: Stem = "patch"
    depths: tuple[int, ...] = (6, 3, 3)
    groups: tuple[int, ...] = (64, 8)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.groups or len(self.depths) != len(self.groups) + 1:
            raise ValueError(
                f"depths {list(self.depths)} and groups {list(self.groups)} do not fit: there is one depth more than "
                "there are groupings, as in depths=6,3,3 and groups=64,8"
            )
        if min(self.groups) < 1 or min(self.depths) < 0:
            raise ValueError(
                f"depths {list(self.depths)} and groups {list(self.groups)}: depths are 0 or more, groups 1 or more"
            )
        if sum(self.depths) != self.layers:
            raise ValueError(f"layers is {self.layers} where depths {list(self.depths)} add up to {sum(self.depths)}")
        assert self.square.patches

    @property
    def square(self) -> ImageTowerConfig:
        """The picture's geometry and stem as other picture towers have them; ValueError where they do not fit."""
        return ImageTowerConfig(
            self.width, self.heads, self.layers, size_px=self.size_px, patch_px=self.patch_px, stem=self.stem
        )

    @property
    def grid(self) -> int:
        """Patches along a side."""
        return self.size_px // self.patch_px

    @property
    def patches(self) -> int:
        return self.grid**2

    @property
    def members(self) -> tuple[int, ...]:
        """How many things each grouping assigns: the patches, then the groups of the stage before."""
        return (self.patches, *self.groups[:-1])

    def blocks(self, layers: int) -> TransformerConfig:
        """The shape of a stage's `layers` blocks."""
        return TransformerConfig(self.width, self.heads, layers, self.mlp_ratio, self.eps, self.activation)


@dataclass(frozen=True)
class Grouped:
    """`groups` (b, g, d), the last stage's groups after the final LayerNorm, and `assigned`: of each grouping (b, g, n)
    float32 logits, how much each of its n members belongs to each of its g groups."""

    groups: Tensor
    assigned: tuple[Tensor, ...]

    def shares(self) -> Tensor:
        """(b, p, g): the share of every patch in every last group, through all stages, by soft assignment."""
        found = self.assigned[0].softmax(dim=1).transpose(1, 2)
        for later in self.assigned[1:]:
            found = found @ later.softmax(dim=1).transpose(1, 2)
        return found


class GroupingTower(nn.Module):
    """Normalised pixels (b, 3, h, w) -> `Grouped`."""

    def __init__(self, config: GroupingTowerConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = PatchStem(config.square) if config.stem == "patch" else ConvolutionStem(config.square)
        self.entry_norm = nn.LayerNorm(config.width, eps=config.eps)
        self.positions = nn.Parameter(torch.empty(1, config.patches, config.width))
        nn.init.trunc_normal_(self.positions, std=0.02, a=-0.04, b=0.04)
        before = (0, *config.groups[:-1])
        self.stages = nn.ModuleList(
            GroupingStage(config, layers=layers, groups=groups, before=former)
            for layers, groups, former in zip(config.depths, config.groups, before, strict=False)
        )
        self.transformer = Transformer(config.blocks(config.depths[-1]))
        self.norm = nn.LayerNorm(config.width, eps=config.eps)
        self.transformer.apply(initialise)

    def draw(self, keys: Tensor, *, seed: int) -> tuple[Tensor, ...]:
        """The noise of every grouping, each (b, g, n), from the rows' keys (b, 3)."""
        return tuple(
            gumbel(keys, name=f"grouping {number}", shape=(groups, members), seed=seed)
            for number, (groups, members) in enumerate(zip(self.config.groups, self.config.members, strict=True))
        )

    def forward(self, pixels: Tensor, *, noise: Sequence[Tensor] = ()) -> Grouped:
        """`noise`, one (b, g, n) per grouping as `draw` gives it, is added before a member's group is chosen; none in
        evaluation. Raises ValueError for pictures of another size."""
        side = self.config.size_px
        if pixels.shape[-2:] != (side, side):
            raise ValueError(f"pictures are {tuple(pixels.shape[-2:])} pixels where the model takes {(side, side)}")
        x = self.entry_norm(self.stem(pixels)) + self.positions
        tokens, assigned = None, []
        for number, stage in enumerate(self.stages):
            x, tokens, logits = stage(x, tokens, noise=noise[number] if noise else None)
            assigned.append(logits)
        return Grouped(self.norm(self.transformer(x)), tuple(assigned))


class GroupingStage(nn.Module):
    """Blocks over members and group tokens together, and the grouping at their end.

    The tokens of a later stage begin at what those of the stage before, `before` of them, have become.
    """

    def __init__(self, config: GroupingTowerConfig, *, layers: int, groups: int, before: int) -> None:
        super().__init__()
        self.tokens = nn.Parameter(torch.empty(1, groups, config.width))
        nn.init.normal_(self.tokens)  # as large as the members, so that groups differ from the first step on
        self.from_before = _FromBefore(config, before=before, groups=groups) if before else None
        self.transformer = Transformer(config.blocks(layers))
        self.grouping = GroupingBlock(config, groups=groups)
        self.transformer.apply(initialise)

    def forward(self, x: Tensor, before: Tensor | None, *, noise: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Members (b, n, d) and the former stage's tokens -> groups (b, g, d), tokens (b, g, d), logits (b, g, n)."""
        tokens = self.tokens.expand(len(x), -1, -1)
        if self.from_before is not None:
            assert before is not None
            tokens = tokens + self.from_before(before)
        members = x.shape[1]
        x, tokens = self.transformer(torch.cat([x, tokens], dim=1)).split([members, tokens.shape[1]], dim=1)
        groups, logits = self.grouping(x, tokens, noise=noise)
        return groups, tokens, logits


class _FromBefore(nn.Module):
    """The former stage's tokens (b, g', d), mixed into as many as this one has (b, g, d)."""

    def __init__(self, config: GroupingTowerConfig, *, before: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.width, eps=config.eps)
        self.mix = _mlp(config, before, inner=config.width // 2, out=groups)
        self.apply(initialise)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.mix(self.norm(tokens).transpose(1, 2)).transpose(1, 2)


class GroupingBlock(nn.Module):
    """Group tokens look at the members, every member chooses a group, and a group is the mean of its members.

    (Xu et al. 2022, section 3.1.2, equations 3 to 5.)
    """

    def __init__(self, config: GroupingTowerConfig, *, groups: int) -> None:
        super().__init__()
        width, eps = config.width, config.eps
        self.norm_tokens = nn.LayerNorm(width, eps=eps)
        self.norm_members = nn.LayerNorm(width, eps=eps)
        self.mix = _mlp(config, groups, inner=int(_TOKEN_RATIO * width), out=groups)
        self.norm_mixed = nn.LayerNorm(width, eps=eps)
        self.look = CrossBlock(config)
        self.assign = Assign(width)
        self.norm_groups = nn.LayerNorm(width, eps=eps)
        self.mlp = _mlp(config, width, inner=_CHANNEL_RATIO * width, out=width)
        self.apply(initialise)
        # From smaller weights the noise alone decides who belongs where, and nothing about groups is learnt for long.
        nn.init.xavier_uniform_(self.assign.query.weight)
        nn.init.xavier_uniform_(self.assign.key.weight)

    def forward(self, members: Tensor, tokens: Tensor, *, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """Members (b, n, d) and tokens (b, g, d) -> groups (b, g, d) and the logits of the assignment (b, g, n)."""
        tokens, members = self.norm_tokens(tokens), self.norm_members(members)
        tokens = self.norm_mixed(self.mix(tokens.transpose(1, 2)).transpose(1, 2))
        tokens = self.look(tokens, members)
        means, logits = self.assign(tokens, members, noise=noise)
        groups = means + tokens
        return groups + self.mlp(self.norm_groups(groups)), logits


class CrossBlock(nn.Module):
    """Attention from tokens to members, an MLP, each beside the identity, and a LayerNorm. (b, g, d) -> (b, g, d)."""

    def __init__(self, config: GroupingTowerConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=config.eps)
        self.mlp = _mlp(config, width, inner=round(width * config.mlp_ratio), out=width)
        self.norm_out = nn.LayerNorm(width, eps=config.eps)

    def forward(self, tokens: Tensor, members: Tensor) -> Tensor:
        q = self.query(tokens).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        k, v = self.key_value(members).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        tokens = tokens + self.out(attend(q, k, v, bias=None).transpose(1, 2).flatten(2))
        return self.norm_out(tokens + self.mlp(self.norm(tokens)))


class Assign(nn.Module):
    """Every member to one group: the likeliest one, with a gradient as if it had gone to all by their share.

    In float32 under autocast: published training in half precision ended in NaN. In training noise decides among the
    groups (Gumbel softmax, Jang et al. 2017, section 2.2), in evaluation there is none.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, tokens: Tensor, members: Tensor, *, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """Tokens (b, g, d) and members (b, n, d) -> the groups' means (b, g, d) and the logits (b, g, n), float32."""
        with torch.autocast(tokens.device.type, enabled=False):
            tokens, members = tokens.float(), members.float()
            logits = (self.query(tokens) @ self.key(members).transpose(1, 2)) * tokens.shape[-1] ** -0.5
            soft = (logits if noise is None else logits + noise).softmax(dim=1)
            hard = torch.zeros_like(soft).scatter_(1, soft.argmax(dim=1, keepdim=True), 1.0)
            chosen = hard - soft.detach() + soft
            means = (chosen / (chosen.sum(dim=2, keepdim=True) + _ASSIGN_EPS)) @ self.value(members)
            return self.out(means), logits


def _mlp(config: GroupingTowerConfig, width: int, *, inner: int, out: int) -> nn.Sequential:
    activation = nn.GELU() if config.activation == "gelu" else QuickGELU()
    return nn.Sequential(nn.Linear(width, inner), activation, nn.Linear(inner, out))
