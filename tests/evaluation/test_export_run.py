"""Exported runs: what leaves answers as the run does, or does not leave."""

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trained
from huggingface_hub import ModelCard
from PIL import Image
from transformers import (
    AutoModel,
    AutoProcessor,
    AutoTokenizer,
    CLIPModel,
    FlavaForPreTraining,
    FlavaModel,
    GroupViTModel,
)

from vitrina.evaluation import export_run_transformers
from vitrina.evaluation.export_run import RunFormat, export_run
from vitrina.evaluation.export_run_check import Check, probe_of, refuse_failed
from vitrina.evaluation.export_run_towers import write_text_tower
from vitrina.evaluation.export_run_transformers import refuse_misfits
from vitrina.models.clip import Clip
from vitrina.models.flava import Flava, FlavaConfig
from vitrina.models.groupvit import GroupViT
from vitrina.recipes.recipe import Recipe, with_settings
from vitrina.training.card_facts import parameters_of
from vitrina.training.load import load
from vitrina.training.run_folder import RunFolder

AS_PUBLISHED = ("model.image.stem=patch", "model.pooling=cls", "geometry.size_px=32", "licence=mit")
GROUPS = (
    "model.image.stem=patch",
    "model.image.layers=3",
    "model.image.depths=1,1,1",
    "model.image.groups=4,2",
    "model.projector=16",
    "geometry.size_px=32",
)
AS_CLIP = (
    "model.image.stem=patch",
    "model.image.entry_norm=true",
    "model.image.stem_bias=false",
    "model.image.mask_token=false",
    "model.text.order=left_to_right",
    "model.text.types=0",
    "model.text.entry_norm=false",
    "model.text.width=32",
    "model.pooling=end",
    "model.spread=free",
    "model.projection_bias=false",
    "geometry.size_px=32",
)
NO_CODES = ("corruption.mim_share=0", "mixture.image=0")


def photo() -> bytes:
    """A wide picture whose two ends differ."""
    picture = Image.new("RGB", (90, 50), (200, 30, 40))
    picture.paste((20, 60, 190), (60, 0, 90, 50))
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=95)
    return buffer.getvalue()


def run_of(recipe: Recipe, *, settings: tuple[str, ...], at: Path) -> Path:
    shop = at.parent / "shop"
    if not shop.exists():
        trained.make_shop(at.parent)
    return trained.trained(with_settings(recipe, settings), shop=shop, run=at)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="module")
def flava(place: Path) -> Path:
    return run_of(trained.flava(place), settings=(*NO_CODES, *AS_PUBLISHED), at=place / "flava")


@pytest.fixture(scope="module")
def dual(place: Path) -> Path:
    """With its projection standardised: the exported one is the map that it is."""
    return run_of(trained.clip(), settings=AS_PUBLISHED, at=place / "dual")


@pytest.fixture(scope="module")
def clip(place: Path) -> Path:
    """Of CLIP's own shape, its towers of two widths; the pictures are padded."""
    return run_of(trained.clip(), settings=AS_CLIP, at=place / "clip")


@pytest.fixture(scope="module")
def runs_of_ours(place: Path, dual: Path) -> Path:
    """A codebook's run and one of early fusion."""
    for name, recipe in (("codebook", trained.codebook()), ("early_fusion", trained.early_fusion())):
        trained.trained(with_settings(recipe, ["steps=1"]), shop=place / "shop", run=place / "ours" / name)
    return place / "ours"


@pytest.fixture(scope="module")
def groupvit(place: Path) -> Path:
    return run_of(trained.groupvit(), settings=GROUPS, at=place / "groupvit")


@pytest.fixture(scope="module")
def onnx(place: Path) -> Path:
    """A FLAVA with a convolution stem and mean pooling, which transformers has no place for."""
    run = run_of(trained.flava(place), settings=(*NO_CODES, "geometry.size_px=32"), at=place / "own-shape")
    export_run(run, out=place / "own-shape-onnx", format="onnx")
    return place / "own-shape-onnx"


def code_in(folder: Path) -> str:
    return (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]


def numbers_in(printed: str) -> np.ndarray:
    """The two cosines that the card's lines print."""
    plain = printed.replace("tensor", "").translate(str.maketrans("[],()", "     "))
    return np.array([float(each) for each in plain.split()]).reshape(2, 1)


def scores_of(run: Path) -> np.ndarray:
    model = load(run)
    assert isinstance(model, Flava) or model.inputs is not None
    return model.embed_texts(["red mug", "blue shirt"]) @ model.embed_images([photo()]).T


def test_a_flava_opens_in_transformers_and_answers_the_same(flava: Path, tmp_path: Path):
    told = export_run(flava, out=tmp_path / "out").text()
    model, problems = FlavaForPreTraining.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not any(problems[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    ours = load(flava)
    assert isinstance(ours, Flava)
    read = AutoTokenizer.from_pretrained(tmp_path / "out")(["red mug 3"], return_tensors="pt")
    with torch.no_grad():
        theirs = torch.nn.functional.normalize(model.eval().flava.get_text_features(**read).pooler_output[:, 0], dim=-1)
    np.testing.assert_allclose(theirs.numpy(), ours.embed_texts(["red mug 3"]), atol=1e-5)
    assert "matching" in told and "tokens that differ: 0" in told and "transformers, 7 files" in told


def test_a_clip_opens_as_one_and_answers_the_same(clip: Path, tmp_path: Path):
    told = export_run(clip, out=tmp_path / "out").text()
    assert "tokens that differ: 0" in told and "tensors missing, unexpected or of another shape: 0" in told
    assert type(AutoModel.from_pretrained(tmp_path / "out")) is CLIPModel
    again, ours = Clip.from_transformers(tmp_path / "out"), load(clip)
    assert isinstance(ours, Clip)
    texts = ["red mug 3", "blue camisón"]
    np.testing.assert_allclose(again.embed_texts(texts), ours.embed_texts(texts), atol=1e-5)
    np.testing.assert_allclose(again.embed_images([photo()]), ours.embed_images([photo()]), atol=1e-5)


def test_the_towers_of_a_clip_are_onnx_graphs_too(clip: Path, tmp_path: Path):
    told = export_run(clip, out=tmp_path / "out", format="onnx").text()
    assert "text vector of no words" in told and sorted(path.name for path in (tmp_path / "out").glob("*.onnx")) == [
        "image.onnx",
        "text.onnx",
    ]


def test_a_groupvit_opens_as_one_and_answers_and_points_the_same(groupvit: Path, tmp_path: Path):
    told = export_run(groupvit, out=tmp_path / "out").text()
    assert "tokens that differ: 0" in told and "tensors missing, unexpected or of another shape: 0" in told
    assert type(AutoModel.from_pretrained(tmp_path / "out")) is GroupViTModel
    again, ours = GroupViT.from_transformers(tmp_path / "out"), load(groupvit)
    assert isinstance(ours, GroupViT)
    texts = ["red mug 3", "blue camisón"]
    np.testing.assert_allclose(again.embed_texts(texts), ours.embed_texts(texts), atol=1e-5)
    np.testing.assert_allclose(again.embed_images([photo()]), ours.embed_images([photo()]), atol=1e-5)
    ours.habits = None  # what transformers has no place for: its masks go by the picture alone
    one, other = (each.similarity_maps([photo()], words=texts)[0] for each in (again, ours))
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_groupvit_of_another_stem_is_told_of_onnx_which_has_a_place_for_it(place: Path, tmp_path: Path):
    run = run_of(trained.groupvit(), settings=("steps=1",), at=tmp_path / "run")
    with pytest.raises(ValueError, match=r'model\.image\.stem="patch".*--format onnx'):
        export_run(run, out=tmp_path / "out")
    told = export_run(run, out=tmp_path / "out", format="onnx").text()
    assert "picture vectors of noise" in told and "5 files" in told


def test_a_clip_on_flavas_towers_opens_as_a_flava_of_two_towers(dual: Path, tmp_path: Path):
    export_run(dual, out=tmp_path / "out")
    model, problems = FlavaModel.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not any(problems[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert len(model.multimodal_model.encoder.layer) == 0
    assert type(AutoModel.from_pretrained(tmp_path / "out")) is FlavaModel


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
def test_the_processor_shows_pictures_as_the_run_saw_them(fit: str, place: Path, tmp_path: Path):
    run = run_of(trained.clip(), settings=(*AS_PUBLISHED, f"geometry.fit={fit}"), at=tmp_path / "run")
    export_run(run, out=tmp_path / "out")
    processor = AutoProcessor.from_pretrained(tmp_path / "out")
    with Image.open(io.BytesIO(photo())) as picture:
        seen = processor(images=picture, return_tensors="pt")["pixel_values"][0]
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in
                 (processor.image_processor.image_mean, processor.image_processor.image_std))  # fmt: skip
    inputs = load(run).inputs
    assert inputs is not None
    expected = inputs.pictures([photo()])[0] / 255
    difference = (seen * std + mean - expected).abs().mean()
    assert difference < 0.02 < (seen * std + mean - expected.flip(-1)).abs().mean()
    corner = (seen * std + mean)[:, 0, 0]
    assert bool((corner > 0.99).all()) == (fit == "pad")


@pytest.mark.parametrize("family", ["flava", "dual", "clip", "groupvit"])
def test_the_lines_for_transformers_run_as_they_stand(
    family: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    run = request.getfixturevalue(family)
    export_run(run, out=tmp_path)
    (tmp_path / "photo.jpg").write_bytes(photo())
    monkeypatch.chdir(tmp_path)
    exec(code_in(tmp_path), {})
    np.testing.assert_allclose(numbers_in(capsys.readouterr().out), scores_of(run), atol=0.02)


def test_the_lines_for_onnx_run_without_vitrina_and_torch(onnx: Path, tmp_path: Path):
    code = code_in(onnx)
    for path in onnx.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "photo.jpg").write_bytes(photo())
    guard = "import sys; sys.modules.update(dict.fromkeys(['torch', 'vitrina', 'transformers']))\n"
    done = subprocess.run(
        [sys.executable, "-c", guard + code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    np.testing.assert_allclose(numbers_in(done.stdout), scores_of(onnx.parent / "own-shape"), atol=0.1)
    assert len([line for line in code.splitlines() if line and not line.startswith(("#", "import", "from"))]) <= 10


def test_onnx_towers_take_any_number_of_rows_and_tokens(onnx: Path):
    from onnxruntime import InferenceSession

    model = load(onnx.parent / "own-shape")
    assert isinstance(model, Flava)
    pictures = [photo(), *(trained.picture("red", shade=shade) for shade in range(4))]
    texts = ["red", "a green lamp of many words and more", "mug", "blue camisón 7", "x"]
    inputs = model.read_inputs()
    pixels, words = inputs.pictures(pictures).numpy(), inputs.texts(texts)
    tokens = {"ids": words.ids.numpy(), "mask": words.is_token.long().numpy()}

    def ask(name: str, given: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.asarray(InferenceSession(str(onnx / name)).run(None, dict(given))[0])

    np.testing.assert_allclose(ask("image.onnx", {"pixels": pixels}), model.embed_images(pictures), atol=1e-5)
    np.testing.assert_allclose(ask("text.onnx", tokens), model.embed_texts(texts), atol=1e-5)
    found = ask("match.onnx", {"pixels": pixels} | tokens)
    np.testing.assert_allclose(found, model.match_pairs(pictures, texts), atol=1e-5)
    alone = {name: each[:1, :3] for name, each in tokens.items()}
    np.testing.assert_allclose(ask("text.onnx", alone)[0], model.embed_texts(["red"])[0], atol=1e-5)


def test_a_graph_tells_nothing_of_this_machine_and_is_the_same_twice(onnx: Path, tmp_path: Path):
    for name in ("image.onnx", "text.onnx", "match.onnx"):
        content = (onnx / name).read_bytes()
        assert b".py" not in content and str(Path(__file__).parents[2]).encode() not in content
    about = json.loads((onnx / "config.json").read_text())
    kept = {name: about[name] for name in ("vitrina_weights", "licence")}
    model = load(onnx.parent / "own-shape")
    assert isinstance(model, Flava)
    write_text_tower(model, path=tmp_path / "text.onnx", about=kept)
    assert (tmp_path / "text.onnx").read_bytes() == (onnx / "text.onnx").read_bytes()


def test_exporting_twice_gives_the_same_files(flava: Path, tmp_path: Path):
    def files() -> dict[str, bytes]:
        export_run(flava, out=tmp_path / "out")
        return {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    first = files()
    assert files() == first
    assert str(flava.parent).encode() not in b"".join(first.values())


def test_an_export_carries_the_card_and_the_licence(flava: Path, tmp_path: Path):
    export_run(flava, out=tmp_path)
    card = ModelCard.load(tmp_path / "README.md")
    assert card.data.license == "mit" and card.data.library_name == "transformers"
    assert f"{sum(parameters_of(RunFolder(flava).recipe).values()):,} parameters" in card.text
    assert json.loads((tmp_path / "config.json").read_text())["licence"] == "mit"


def test_a_shape_that_transformers_lacks_is_refused_with_the_settings_to_train_with(onnx: Path, tmp_path: Path):
    with pytest.raises(ValueError, match=r"--set model\.image\.stem=patch --set model\.pooling=cls") as refused:
        export_run(onnx.parent / "own-shape", out=tmp_path / "out")
    assert "--format onnx" in str(refused.value) and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("part", "changes", "words"),
    [("text", {"width": 32}, "different widths"), ("image", {"entry_norm": True}, "before the first block")],
)
def test_what_no_setting_mends_is_refused_too(part: str, changes: dict[str, int], words: str, flava: Path):
    config = RunFolder(flava).recipe.model
    assert isinstance(config, FlavaConfig)
    refuse_misfits(config)
    misfit = replace(config, **{part: replace(getattr(config, part), **changes)})
    with pytest.raises(ValueError, match=words):
        refuse_misfits(misfit)


def test_what_answers_otherwise_does_not_leave(flava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = export_run_transformers._with_white_in_the_middle

    def wrong(model: Flava) -> object:
        moved = whole(model)
        with torch.no_grad():
            moved.image_projection.linear.bias.add_(1.0)
        return moved

    monkeypatch.setattr(export_run_transformers, "_with_white_in_the_middle", wrong)
    with pytest.raises(ValueError, match=r"answers otherwise than the run.*picture vectors, on the same pixels"):
        export_run(flava, out=tmp_path / "out")
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))


def test_a_figure_that_is_no_number_is_no_agreement():
    with pytest.raises(ValueError, match="vectors: nan"):
        refuse_failed([Check("vectors", float("nan"), 1e-4)], run=Path("run"))


def test_a_place_where_other_things_lie_is_refused(flava: Path, tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(ValueError, match=r"holds other files and no export \(thesis\.tex\)"):
        export_run(flava, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("family", ["codebook", "early_fusion"])
@pytest.mark.parametrize("format", ["onnx", "transformers"])
def test_what_no_format_has_a_place_for_is_refused_in_words(family: str, format: RunFormat, runs_of_ours: Path):
    with pytest.raises(ValueError, match=f"is a {family}'s run.*a clip or a groupvit"):
        export_run(runs_of_ours / family, out=runs_of_ours / "out", format=format)
    assert not (runs_of_ours / "out").exists()


def test_missing_packages_are_named(flava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"pip install 'vitrina\[onnx\]'"):
        export_run(flava, out=tmp_path / "out", format="onnx")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ImportError, match=r"pip install 'vitrina\[transformers\]'"):
        export_run(flava, out=tmp_path / "out")


def test_an_export_without_its_catalogue_is_asked_about_made_up_things(flava: Path, caplog: pytest.LogCaptureFixture):
    folder = RunFolder(flava)
    with_products = probe_of(folder, seed=0)
    moved = replace(folder.data(), catalogues=(replace(folder.data().catalogues[0], path="gone"),))
    without = probe_of(RunFolderWith(folder, moved), seed=0)
    assert len(with_products.pictures) == len(with_products.texts) > len(without.pictures) == len(without.texts) == 8
    assert "its products are not compared" in caplog.text


class RunFolderWith(RunFolder):
    """A run whose record of data says something else."""

    def __init__(self, folder: RunFolder, data: object) -> None:
        super().__init__(folder.path)
        self._data = data

    def data(self):
        return self._data
