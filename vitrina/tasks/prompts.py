"""Prompts for a category, in the words that product titles use: singular, with who it is for."""

from collections.abc import Sequence

TEMPLATES: dict[str, tuple[str, ...]] = {
    "en": ("{}", "{} for men", "{} for women", "men {}", "women {}", "black {}", "white {}", "a photo of {}"),
    "es": ("{}", "{} de hombre", "{} de mujer", "{} para niños", "{} de color negro", "{} blanco", "una foto de {}"),
}


def templated(name: str, *, languages: Sequence[str]) -> list[str]:
    """Every prompt of a category name: plain and singular, in each language's templates; no prompt twice.

    >>> templated("Watches", languages=["en"])[:2]
    ['Watches', 'Watch']
    """
    prompts = [
        template.format(word)
        for language in languages
        for template in TEMPLATES[language]
        for word in (name, singular(name, language=language))
    ]
    return list(dict.fromkeys(prompts))


def singular(name: str, *, language: str) -> str:
    """The last word of an English name, or every word of a Spanish one, in the singular; by rule, so not always right.

    >>> singular("Casual Shoes", language="en"), singular("Pantalones cortos", language="es")
    ('Casual Shoe', 'Pantalón corto')
    """
    words = name.split()
    if language == "es":
        return " ".join(_singular_es(word) for word in words)
    return " ".join([*words[:-1], _singular_en(words[-1])]) if words else name


def _singular_en(word: str) -> str:
    low = word.lower()
    if low.endswith("ies") and len(low) > 4:
        return word[:-3] + "y"
    if low.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if low.endswith("s") and not low.endswith(("ss", "us", "is")) and len(low) > 3:
        return word[:-1]
    return word


def _singular_es(word: str) -> str:
    low = word.lower()
    if low.endswith("ones") and len(low) > 4:
        return word[:-4] + "ón"
    if low.endswith("ces") and len(low) > 4:
        return word[:-3] + "z"
    if low.endswith(("des", "les", "res", "nes")) and len(low) > 5:
        return word[:-2]
    if low.endswith(("as", "es", "os")) and len(low) > 3:
        return word[:-1]
    return word
