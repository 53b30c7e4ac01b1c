"""Prompts for names, in the words that product titles use: singular, with who it is for, beside a noun."""

from collections.abc import Mapping, Sequence

TEMPLATES: dict[str, tuple[str, ...]] = {
    "en": ("{}", "{} for men", "{} for women", "men {}", "women {}", "black {}", "white {}", "a photo of {}"),
    "es": ("{}", "{} de hombre", "{} de mujer", "{} para niños", "{} de color negro", "{} blanco", "una foto de {}"),
}

_FEMININE = ("a", "as", "ción", "sión", "dad")


def templated(
    name: str, *, languages: Sequence[str], templates: Mapping[str, Sequence[str]] | None = None
) -> list[str]:
    """Every prompt of a category name: plain and singular, in each language's templates; no prompt twice.

    `templates` are one's own, each with `{}` for the name; a language without any gets the bare name.

    >>> templated("Watches", languages=["en"])[:2]
    ['Watches', 'Watch']
    """
    own = TEMPLATES if templates is None else templates
    prompts = [
        template.replace("{}", word)
        for language in languages
        for template in own.get(language, ("{}",))
        for word in (name, singular(name, language=language))
    ]
    return list(dict.fromkeys(prompts))


def beside_nouns(value: str, *, nouns: Sequence[str], languages: Sequence[str]) -> list[str]:
    """Every prompt of an attribute's value: alone, and beside each noun where titles of the language put it.

    >>> beside_nouns("Rojo", nouns=["Camisetas"], languages=["es"])
    ['Rojo', 'Camiseta roja']
    """
    prompts = [value]
    for language in languages:
        for noun in nouns:
            one = singular(noun, language=language)
            if language == "es":
                prompts.append(f"{one} {_agreeing(value, noun=one)}")
            else:
                prompts.append(f"{value} {one}")
    return list(dict.fromkeys(prompts))


def singular(name: str, *, language: str) -> str:
    """The last word of an English name, or every word of a Spanish one, in the singular; by rule, so not always right.

    Names of other languages stay as they are.

    >>> singular("Casual Shoes", language="en"), singular("Pantalones cortos", language="es")
    ('Casual Shoe', 'Pantalón corto')
    """
    words = name.split()
    if language == "es":
        return " ".join(_singular_es(word) for word in words)
    if language == "en" and words:
        return " ".join([*words[:-1], _singular_en(words[-1])])
    return name


def _agreeing(value: str, *, noun: str) -> str:
    """A Spanish value as it stands behind a noun: small, and feminine where the noun is; `azul` stays."""
    low = value[:1].lower() + value[1:] if value[1:].islower() else value
    first = noun.split()[0].lower() if noun.split() else ""
    is_feminine = first.endswith(_FEMININE)
    return low[:-1] + "a" if is_feminine and low.endswith("o") and " " not in low else low


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
