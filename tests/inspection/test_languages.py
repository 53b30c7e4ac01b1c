import pytest

from vitrina.inspection.languages import guess

# Written for this test; the word lists were made before and without them.
SENTENCES = {
    "en": ["A sturdy bag with room for all your things and a strap", "The lamp is easy to clean and lasts for years"],
    "es": ["Una mochila resistente con espacio para todas tus cosas", "La lámpara se limpia con facilidad y dura años"],
    "fr": [
        "Un sac solide avec de la place pour toutes vos affaires",
        "La lampe est facile à nettoyer et dure des années",
    ],
    "de": ["Eine robuste Tasche mit viel Platz und einem Gurt für die Schulter", "Die Lampe ist leicht zu reinigen"],
    "it": ["Una borsa robusta con spazio per tutte le tue cose", "La lampada si pulisce facilmente e dura per anni"],
    "pt": [
        "Uma bolsa resistente com espaço para todas as suas coisas",
        "A luminária é fácil de limpar e não gasta muito",
    ],
    "nl": ["Een stevige tas met ruimte voor al je spullen", "De lamp is makkelijk schoon te maken en gaat jaren mee"],
    "sv": ["En stadig väska med plats för alla dina saker", "Lampan är lätt att rengöra och håller i många år"],
    "pl": ["Solidna torba z miejscem na wszystkie twoje rzeczy", "Lampa jest łatwa do czyszczenia i działa przez lata"],
    "ru": ["Прочная сумка с местом для всех ваших вещей"],
    "el": ["Μια γερή τσάντα με χώρο για όλα τα πράγματά σας"],
    "ja": ["すべての荷物が入る丈夫なバッグ"],
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_about_goods_shows_its_language(language: str):
    assert [guess(text).language for text in SENTENCES[language]] == [language] * len(SENTENCES[language])


@pytest.mark.parametrize("text", ["", "XK-4000 12.5", "Adidas Puma Nike", "123"])
def test_names_and_numbers_show_none(text: str):
    assert guess(text).language is None


def test_what_two_languages_share_is_a_tie_of_the_two():
    found = guess("para este producto")
    assert found.language is None or found.language == "es"
    assert {"es"} <= set(found.candidates)
    assert not found.is_sure
