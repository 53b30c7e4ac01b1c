"""Meaning and words in one figure: each by its share, words as a share of the best match."""

import numpy as np

from vitrina.index.finding import _added, _Worded


def test_words_count_by_their_share_and_as_a_share_of_the_best_match():
    rows, meaning = np.array([0, 2, 5, 7]), np.array([0.8, 0.4, -np.inf, 0.1])
    words = _Worded(np.array([2, 5]), np.array([12.0, 3.0], dtype=np.float32))
    found = _added(rows, meaning, words=words, share=0.25)
    np.testing.assert_allclose(found, [0.6, 0.3 + 0.25, 0.0625, 0.075], atol=1e-6)
    twice = _Worded(words.rows, words.scores * 2)
    np.testing.assert_array_equal(_added(rows, meaning, words=twice, share=0.25), found)
