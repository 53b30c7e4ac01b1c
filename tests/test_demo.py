"""The demo at a size that a test can afford: the same road, a few steps long."""

from pathlib import Path

import pytest

from vitrina import demo


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(demo, "PRODUCTS", 60)
    monkeypatch.setattr(demo, "CODEBOOK", ("steps=4", "batch_rows=8", "model.size_px=32"))
    patches = ("model.image.patch_px=16", "model.image.layers=1", "batch_rows=8")
    monkeypatch.setattr(demo, "FLAVA", ("steps=6", "checkpoint_every=3", *patches))


def test_the_demo_walks_the_whole_road_and_can_walk_it_again(short, tmp_path: Path, capsys):
    report = demo.demo(tmp_path / "demo")
    said = capsys.readouterr().out
    assert "zapatillas azules" in said and "R@10" in said and "base rate" in said
    page = report.read_text(encoding="utf-8")
    assert "<html" in page and "data:image" in page
    weights = sorted((tmp_path / "demo").rglob("*.safetensors"))
    before = [path.stat().st_mtime_ns for path in weights]
    demo.demo(tmp_path / "demo")
    assert [path.stat().st_mtime_ns for path in weights] == before
