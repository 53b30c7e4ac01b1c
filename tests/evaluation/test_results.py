import json

import pytest

from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, read_results, write_result


def result(name: str = "retrieval", value: float = 0.646) -> Result:
    metric = Metric("R@10", value, low=0.61, high=0.68, base=0.01)
    return Result(name, "Search on fashion", "python benchmarks/retrieval.py", 0, (Row("dual | encoder", (metric,)),))


def test_a_result_is_kept_with_machine_seed_and_commit_and_shown_on_the_page(tmp_path):
    path = write_result(result(), folder=tmp_path / "results")
    stored = json.loads(path.read_text())
    assert stored["rows"][0]["metrics"][0]["value"] == 0.646
    assert {"commit", "cores", "torch"} <= stored["machine"].keys()
    page = (tmp_path / "RESULTS.md").read_text()
    assert "| dual \\| encoder | 64.6 % [61.0 – 68.0] |" in page
    assert "| *knowing nothing* | 1.0 % |" in page
    assert "`python benchmarks/retrieval.py`" in page
    assert f"{stored['machine']['cores']} cores" in page


def test_the_page_is_made_of_all_results_and_a_second_run_replaces_its_own(tmp_path):
    folder = tmp_path / "results"
    write_result(result("speed"), folder=folder)
    write_result(result(value=0.1), folder=folder)
    write_result(result(value=0.2), folder=folder)
    assert [each.result.name for each in read_results(folder)] == ["retrieval", "speed"]
    page = (tmp_path / "RESULTS.md").read_text()
    assert page.count("## Search on fashion") == 2
    assert "20.0 %" in page
    assert "10.0 %" not in page


def test_what_was_written_is_read_again_unchanged(tmp_path):
    write_result(result(), folder=tmp_path)
    assert read_results(tmp_path)[0].result == result()


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="name of a result"):
        write_result(result(name), folder=tmp_path)


def test_a_result_without_figures_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no figures"):
        write_result(Result("empty", "t", "c", 0, ()), folder=tmp_path)


def test_a_damaged_result_is_named(tmp_path):
    (tmp_path / "old.json").write_text("{}")
    with pytest.raises(ValueError, match=r"old\.json is not a result"):
        read_results(tmp_path)
