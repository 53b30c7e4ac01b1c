import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import load_file

from vitrina.index.mapped import Blocks, Rows, mapped, write_blocks


@pytest.fixture
def arrays():
    draw = np.random.default_rng(0)
    return {
        "keys": draw.integers(256, size=(11, 3), dtype=np.uint8),
        "has": draw.random(11) < 0.5,
        "vectors": draw.normal(size=(11, 5)).astype(np.float32),
    }


def test_what_is_written_in_blocks_is_what_the_library_reads(arrays, tmp_path):
    path = tmp_path / "new" / "one.safetensors"
    write_blocks(path, tensors={name: Blocks.of([each[:4], each[4:4], each[4:]]) for name, each in arrays.items()})
    for read in (load_file(path), mapped(path, names=list(arrays))):
        assert read.keys() == arrays.keys()
        for name, wanted in arrays.items():
            assert read[name].dtype == wanted.dtype and (read[name] == wanted).all()
    assert [each.name for each in path.parent.iterdir()] == ["one.safetensors"]


def test_mapped_vectors_lie_where_the_machine_reads_them_fast_and_cannot_be_changed(arrays, tmp_path):
    path = tmp_path / "one.safetensors"
    write_blocks(path, tensors={name: Blocks.of([each]) for name, each in arrays.items()})
    vectors = mapped(path, names=["vectors"])["vectors"]
    assert vectors.flags.aligned and not vectors.flags.writeable


def test_a_write_that_fails_leaves_the_old_file(arrays, tmp_path):
    path = tmp_path / "one.safetensors"
    write_blocks(path, tensors={"keys": Blocks.of([arrays["keys"]])})
    before = path.read_bytes()

    def fails():
        yield arrays["keys"][:4]
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        write_blocks(path, tensors={"keys": Blocks((11, 3), "U8", fails())})
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_a_file_cut_short_or_without_an_array_is_refused_with_words(arrays, tmp_path):
    path = tmp_path / "one.safetensors"
    write_blocks(path, tensors={"keys": Blocks.of([arrays["keys"]])})
    with pytest.raises(SafetensorError, match="it has no vectors"):
        mapped(path, names=["keys", "vectors"])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SafetensorError):
        mapped(path, names=["keys"])
    with pytest.raises(FileNotFoundError):
        mapped(tmp_path / "none.safetensors", names=["keys"])


def test_rows_of_several_parts_are_read_as_those_of_one_array():
    draw = np.random.default_rng(1)
    whole = draw.normal(size=(20, 4)).astype(np.float32)
    places = draw.integers(20, size=50)
    rows = Rows([whole[:7], whole[7:7], whole[7:]], places=places)
    wanted = whole[places]
    assert (len(rows), rows.shape) == (50, (50, 4))
    for some in (
        slice(None),
        slice(10, 30, 3),
        slice(5, 5),
        np.array([49, 0, 7, 7]),
        places % 2 == 0,
        np.array([], int),
    ):
        assert (rows[some] == wanted[some]).all() and rows[some].shape == wanted[some].shape
    for one in (0, 7, np.int64(-1)):
        assert rows[one].shape == (4,) and (rows[one] == wanted[one]).all()
