"""Versions: every commit can be opened by its digest, until the catalogue is compacted."""

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from vitrina.catalogue.compact import compact
from vitrina.catalogue.history import history
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.remove import remove
from vitrina.catalogue.store import Catalogue, write_catalogue


def make(number: int, *, version: int = 0) -> Product:
    return Product(id=str(number), titles=(Text(f"title {number} {version}"),), pictures=(bytes([number]) * 99,))


def products_of(catalogue: Catalogue) -> list[Product]:
    return catalogue.read(range(len(catalogue)))


def lived(folder: Path) -> list[tuple[str, list[Product]]]:
    """A catalogue's first four versions: digest and products of each, oldest first."""
    states = []
    for change in (
        lambda: write_catalogue(folder, [make(i) for i in range(10)]),
        lambda: write_catalogue(folder, [make(i, version=1) for i in range(8, 12)]),
        lambda: remove(folder, ids=["0", "9"]),
        lambda: write_catalogue(folder, [make(i, version=2) for i in range(12)]),
    ):
        change()
        catalogue = Catalogue.open(folder)
        states.append((catalogue.digest, products_of(catalogue)))
    return states


def test_every_version_opens_by_its_digest_and_is_what_it_was(tmp_path: Path) -> None:
    states = lived(tmp_path / "shop")
    assert len({digest for digest, _ in states}) == 4
    for digest, products in states:
        for name in (digest, digest[:6], digest[:12].upper()):
            old = Catalogue.open(tmp_path / "shop", digest=name)
            assert old.digest == digest
            assert products_of(old) == products
            assert old.facts()["id"].to_pylist() == [product.id for product in products]


def test_the_log_says_when_and_what_newest_first(tmp_path: Path) -> None:
    states = lived(tmp_path / "shop")
    found = history(tmp_path / "shop")
    assert [version.digest for version in found.versions] == [digest for digest, _ in reversed(states)]
    assert [version.products for version in found.versions] == [12, 10, 12, 10]
    assert [version.number for version in found.versions] == [4, 3, 2, 1]
    changes = [(each.action, each.added, each.replaced, each.removed) for each in found.versions]
    assert changes == [("ingest", 2, 10, 0), ("remove", 0, 0, 2), ("ingest", 2, 2, 0), ("ingest", 10, 0, 0)]
    for version in found.versions:
        offset = datetime.fromisoformat(version.when).utcoffset()
        assert offset is not None and not offset
    assert found.available == {1, 2, 3, 4}
    assert found.bytes == sum(each.stat().st_size for each in (tmp_path / "shop").iterdir())
    assert 0 < found.earlier_bytes < found.bytes
    lines = found.text().splitlines()
    assert len(lines) == 5
    assert "12 products" in lines[0] and "vitrina compact" in lines[0]
    assert "remove: 2 removed" in lines[2] and states[2][0][:12] in lines[2]


def test_after_a_compaction_the_log_stays_and_the_versions_say_when_they_went(tmp_path: Path) -> None:
    states = lived(tmp_path / "shop")
    compact(tmp_path / "shop")
    found = history(tmp_path / "shop")
    assert [version.action for version in found.versions] == ["compact", "ingest", "remove", "ingest", "ingest"]
    assert found.available == {5}
    assert found.earlier_bytes == 0
    assert found.text().count("compacted away") == 3  # the last one opens: the compacted one is the same
    day = found.versions[0].when[:10]
    with pytest.raises(ValueError, match=rf"version {states[0][0][:12]} of .*shop was compacted away on {day}"):
        Catalogue.open(tmp_path / "shop", digest=states[0][0][:8])
    assert products_of(Catalogue.open(tmp_path / "shop", digest=states[3][0])) == states[3][1]
    after = write_catalogue(tmp_path / "shop", [make(77)])
    assert history(tmp_path / "shop").available == {5, 6}
    assert products_of(Catalogue.open(tmp_path / "shop", digest=states[3][0])) == states[3][1]
    assert Catalogue.open(tmp_path / "shop", digest=after.digest).digest == after.digest


def test_a_state_that_came_back_opens_though_it_was_once_compacted_away(tmp_path: Path) -> None:
    first = write_catalogue(tmp_path / "shop", [make(1)])
    write_catalogue(tmp_path / "shop", [make(2)])
    compact(tmp_path / "shop")
    remove(tmp_path / "shop", ids=["2"])
    assert Catalogue.open(tmp_path / "shop", digest=first.digest).read([0]) == [make(1)]


@pytest.mark.parametrize(
    ("digest", "words"),
    [
        ("abcde", "at least 6 of its signs"),
        ("latest", "is no digest of a version"),
        ("0" * 64, r"never had a version '0000.*vitrina log .*shop"),
    ],
)
def test_a_digest_that_names_nothing_is_answered_with_words(tmp_path: Path, digest: str, words: str) -> None:
    write_catalogue(tmp_path / "shop", [make(1)])
    with pytest.raises(ValueError, match=words):
        Catalogue.open(tmp_path / "shop", digest=digest)


def test_a_beginning_that_two_digests_share_is_refused(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [make(1)])
    write_catalogue(tmp_path / "shop", [make(2)])
    path = tmp_path / "shop" / "manifest.json"
    data = json.loads(path.read_text())
    now = data["digest"]
    data["versions"][0]["digest"] = now[:8] + ("0" if now[8] != "0" else "1") * 56
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match="begins several digests"):
        Catalogue.open(tmp_path / "shop", digest=now[:7])
    assert Catalogue.open(tmp_path / "shop", digest=now[:9]).digest == now


def as_version_one(folder: Path) -> None:
    """The manifest as it was written before versions were kept."""
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    del data["versions"]
    path.write_text(json.dumps({**data, "version": 1}))


def test_a_catalogue_from_before_versions_opens_and_is_brought_up_by_the_next_write(tmp_path: Path) -> None:
    old = write_catalogue(tmp_path / "shop", [make(i) for i in range(3)])
    as_version_one(tmp_path / "shop")
    assert Catalogue.open(tmp_path / "shop", digest=old.digest[:10]).digest == old.digest
    (only,) = history(tmp_path / "shop").versions
    assert (only.products, only.digest, only.action) == (3, old.digest, "ingest")
    new = write_catalogue(tmp_path / "shop", [make(1, version=1)])
    assert json.loads((tmp_path / "shop" / "manifest.json").read_text())["version"] == 2
    assert [version.digest for version in history(tmp_path / "shop").versions] == [new.digest, old.digest]
    assert products_of(Catalogue.open(tmp_path / "shop", digest=old.digest)) == [make(i) for i in range(3)]


def test_a_writing_that_changes_nothing_is_no_version(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop", [make(i) for i in range(3)])
    write_catalogue(tmp_path / "shop", [make(1)])
    assert len(history(tmp_path / "shop").versions) == 1


def test_a_lost_version_is_named_with_its_mend_and_takes_nothing_with_it(tmp_path: Path) -> None:
    states = lived(tmp_path / "shop")
    shutil.copytree(tmp_path / "shop", tmp_path / "copy")
    (tmp_path / "shop" / "version-000002.json").unlink()
    with pytest.raises(ValueError, match=r"version-000002.json is missing: .*vitrina compact"):
        Catalogue.open(tmp_path / "shop", digest=states[1][0])
    write_catalogue(tmp_path / "shop", [make(50)])
    shutil.copy(tmp_path / "copy" / "version-000002.json", tmp_path / "shop")
    assert products_of(Catalogue.open(tmp_path / "shop", digest=states[1][0])) == states[1][1]


def test_a_damaged_version_is_named_and_the_others_open(tmp_path: Path) -> None:
    states = lived(tmp_path / "shop")
    (tmp_path / "shop" / "version-000001.json").write_text("{")
    with pytest.raises(ValueError, match=r"version-000001.json cannot be read: .*vitrina compact"):
        Catalogue.open(tmp_path / "shop", digest=states[0][0])
    shutil.copy(tmp_path / "shop" / "version-000002.json", tmp_path / "shop" / "version-000003.json")
    with pytest.raises(ValueError, match=r"version-000003.json cannot be read: it is another version"):
        Catalogue.open(tmp_path / "shop", digest=states[2][0])
    assert products_of(Catalogue.open(tmp_path / "shop", digest=states[1][0])) == states[1][1]
    compact(tmp_path / "shop")
    assert sorted(each.name for each in (tmp_path / "shop").glob("version-*")) == []


def test_no_catalogue_has_no_history(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere is not a catalogue"):
        history(tmp_path / "nowhere")
