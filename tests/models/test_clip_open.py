"""Checkpoints in open_clip's layout, written here by its documented names from weights of transformers' `CLIPModel`."""

import json
from pathlib import Path

import pytest
import torch
from models.little_clip import END, texts, theirs, write_openai_tokenizer
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPModel

from vitrina.models.clip import Clip
from vitrina.models.published import layout_of

IMAGE = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8, "mlp_ratio": 2.5}
TEXT = {"context_length": 20, "vocab_size": 60, "width": 24, "heads": 2, "layers": 2, "mlp_ratio": 80 / 24}
CONFIG = {
    "model_cfg": {"embed_dim": 16, "vision_cfg": IMAGE, "text_cfg": TEXT, "quick_gelu": True},
    "preprocess_cfg": {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.3], "resize_mode": "shortest"},
}


def in_their_names(model: CLIPModel) -> dict[str, Tensor]:
    """The weights as open_clip 3 names them: query, key and value in one matrix, projections from the other side."""
    state = model.state_dict()
    found = {
        "logit_scale": state["logit_scale"],
        "text_projection": state["text_projection.weight"].T,
        "positional_embedding": state["text_model.embeddings.position_embedding.weight"],
        "token_embedding.weight": state["text_model.embeddings.token_embedding.weight"],
        "visual.proj": state["visual_projection.weight"].T,
        "visual.class_embedding": state["vision_model.embeddings.class_embedding"],
        "visual.positional_embedding": state["vision_model.embeddings.position_embedding.weight"],
        "visual.conv1.weight": state["vision_model.embeddings.patch_embedding.weight"],
    }
    norms = {"visual.ln_pre": "vision_model.pre_layrnorm", "visual.ln_post": "vision_model.post_layernorm"}
    parts = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
    layers = norms | {"ln_final": "text_model.final_layer_norm"}
    for tower, other in (("visual.transformer", "vision_model"), ("transformer", "text_model")):
        for number in range(2):
            mine, layer = f"{tower}.resblocks.{number}", f"{other}.encoder.layers.{number}"
            layers |= {f"{mine}.{name}": f"{layer}.{part}" for name, part in parts.items()}
            layers[f"{mine}.attn.out_proj"] = f"{layer}.self_attn.out_proj"
            for part in ("weight", "bias"):
                three = [state[f"{layer}.self_attn.{each}_proj.{part}"] for each in "qkv"]
                found[f"{mine}.attn.in_proj_{part}"] = torch.cat(three)
    for name, layer in layers.items():
        found |= {f"{name}.{part}": state[f"{layer}.{part}"] for part in ("weight", "bias")}
    return {name: each.contiguous().clone() for name, each in found.items()}


def save(folder: Path, *, config: dict | None = None, **tensors: Tensor) -> Path:
    folder.mkdir(exist_ok=True)
    save_file(in_their_names(theirs()) | tensors, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps(CONFIG if config is None else config))
    return folder


def changed(part: str, **settings: object) -> dict:
    config = json.loads(json.dumps(CONFIG))
    config["model_cfg"][part] |= settings
    return config


def test_it_is_the_same_model(tmp_path: Path):
    ours, wanted = Clip.from_open_clip(save(tmp_path)), Clip.from_transformers(theirs())
    assert all(torch.equal(each, wanted.state_dict()[name]) for name, each in ours.state_dict().items())
    assert ours.config.mean == (0.4, 0.5, 0.6) and ours.config.text.end == "highest"
    text = texts(end=END)
    with torch.no_grad():
        features = theirs().get_text_features(text.ids).pooler_output
        torch.testing.assert_close(ours.eval().project_texts(text), features, atol=1e-5, rtol=1e-5)


def test_it_leaves_in_transformers_layout(tmp_path: Path):
    Clip.from_open_clip(save(tmp_path / "open")).to_transformers(tmp_path / "out")
    opened, wanted = CLIPModel.from_pretrained(tmp_path / "out").state_dict(), theirs().state_dict()
    assert opened.keys() == wanted.keys() and all(torch.equal(opened[name], wanted[name]) for name in wanted)


def test_a_text_tower_of_its_own_and_its_own_end_are_read(tmp_path: Path):
    tensors = in_their_names(theirs())
    tower = {name if name.startswith(("visual.", "logit")) else f"text.{name}": each for name, each in tensors.items()}
    save(tmp_path, config=changed("text_cfg", pool_type="eos", eos_id=END, pad_id=1))
    save_file(tower, tmp_path / "open_clip_model.safetensors")
    assert Clip.from_open_clip(tmp_path).config.text.end == END


def test_its_tokenizer_comes_along(tmp_path: Path):
    write_openai_tokenizer(save(tmp_path, config=changed("text_cfg", vocab_size=600), **{
        "token_embedding.weight": torch.randn(600, 24)
    }))  # fmt: skip
    assert Clip.from_open_clip(tmp_path).embed_texts(["red mug", "taza"]).shape == (2, 16)


@pytest.mark.parametrize(
    ("part", "settings", "words"),
    [
        ("vision_cfg", {"layers": [3, 4, 6, 3]}, "has a ResNet for its pictures"),
        ("vision_cfg", {"timm_model_name": "vit_base"}, r"tower of another library \(vit_base\)"),
        ("text_cfg", {"hf_model_name": "roberta-base"}, r"tower of another library \(roberta-base\)"),
        ("vision_cfg", {"pool_type": "avg"}, "no plain CLIP, for its pool_type"),
        ("vision_cfg", {"qk_norm": True, "no_ln_pre": True}, "for its no_ln_pre, qk_norm"),
        ("text_cfg", {"no_causal_mask": True, "pool_type": "last"}, "for its no_causal_mask"),
        ("text_cfg", {"pool_type": "last"}, "pools its texts by 'last'"),
        ("text_cfg", {"proj_type": "none"}, "for its proj_type"),
    ],
)
def test_what_is_no_clip_of_two_transformers_is_refused(part: str, settings: dict, words: str, tmp_path: Path):
    with pytest.raises(ValueError, match=words):
        Clip.from_open_clip(save(tmp_path, config=changed(part, **settings)))


def test_pickled_weights_and_other_tensors_are_refused_in_words(tmp_path: Path):
    with pytest.raises(ValueError, match="unexpected tensors: logit_bias"):
        Clip.from_open_clip(save(tmp_path, logit_bias=torch.zeros(())))
    (tmp_path / "open_clip_model.safetensors").rename(tmp_path / "open_clip_pytorch_model.bin")
    with pytest.raises(ValueError, match=r"can run foreign code.*save_file\(model\.state_dict\(\)"):
        Clip.from_open_clip(tmp_path)
    with pytest.raises(ValueError, match=r"open_clip's layout: read it by Clip\.from_open_clip"):
        Clip.from_transformers(tmp_path)


def test_transformers_layout_goes_first_where_a_folder_has_both(tmp_path: Path):
    save(tmp_path)
    assert layout_of(tmp_path) == "open_clip"
    (tmp_path / "config.json").write_text('{"architecture": "vit_base_patch16_clip_224"}')
    assert layout_of(tmp_path) == "open_clip", "another library's configuration says nothing"
    theirs().save_pretrained(tmp_path)
    assert layout_of(tmp_path) == "transformers"
    (tmp_path / "model.safetensors").unlink()
    assert layout_of(tmp_path) == "open_clip", "its weights alone are there"
