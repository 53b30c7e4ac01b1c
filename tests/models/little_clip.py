"""Little CLIPs of transformers with random weights, batches for them, and a tokenizer like OpenAI's."""

import json
from pathlib import Path

import torch
from tokenizers import pre_tokenizers
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from vitrina.data.batch import PairBatch, Pictures, Texts
from vitrina.models.clip import Clip

SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 80}
WORDS, END, ROWS, TOKENS = 60, 59, 6, 11


def theirs(*, activation: str = "quick_gelu", end: int = 2) -> CLIPModel:
    """The towers have two widths; no weight is left at zero or one, where a wrong sign or place would not show."""
    torch.manual_seed(0)
    text = {**SHAPE, "hidden_size": 24, "vocab_size": WORDS, "max_position_embeddings": 20, "hidden_act": activation}
    picture = {**SHAPE, "image_size": 32, "patch_size": 8, "hidden_act": activation}
    config = CLIPConfig(
        text_config=text | {"bos_token_id": 1, "eos_token_id": end, "pad_token_id": 0},
        vision_config=picture,
        projection_dim=16,
    )
    model = CLIPModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


def texts(*, end: int) -> Texts:
    """Words, the end, and padding: by zeros, or by the end again, as transformers' tokenizer of CLIP fills up."""
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(3, WORDS - 10, (ROWS, TOKENS), generator=generator)
    is_token = torch.arange(TOKENS)[None] < torch.tensor([11, 4, 7, 2, 9, 6])[:, None]
    ids[:, 0] = 1
    ids[~is_token] = end
    ids[torch.arange(ROWS), is_token.sum(dim=1) - 1] = end
    return Texts(ids, is_token, torch.zeros_like(ids), ids.clone(), torch.zeros_like(is_token))


def pairs(text: Texts) -> PairBatch:
    """Six pictures with a text each, no twins among them."""
    pixels = torch.randint(0, 256, (ROWS, 3, 32, 32), generator=torch.Generator().manual_seed(2), dtype=torch.uint8)
    rows, none = torch.arange(ROWS), torch.zeros(0, dtype=torch.long)
    return PairBatch(
        keys=torch.stack([rows, rows, rows], dim=1),
        product=rows,
        text_key=rows + 100,
        text=text,
        text_matches=torch.ones(ROWS, dtype=torch.bool),
        picture=Pictures(pixels, none.view(0, 16).bool(), none.view(0, 16), none.view(ROWS, 0)),
        fused=Texts(*(each[:0] for each in (text.ids, text.is_token, text.types, text.ids, text.is_masked))),
        fused_matches=none.bool(),
        target=none,
    )


def seen(ours: Clip, batch: PairBatch) -> Tensor:
    return ours.normalise(batch.picture.pixels)


def write_openai_tokenizer(folder: Path) -> None:
    """vocab.json and merges.txt in the form of OpenAI's, with a handful of merges."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("r", "e"), ("re", "d</w>"), ("m", "u"), ("mu", "g</w>"), ("t", "a"), ("ta", "z"), ("taz", "a</w>")]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(pair) for pair in merges)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")
