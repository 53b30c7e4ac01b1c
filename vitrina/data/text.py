"""Text: a tokenizer trained on the catalogue, the special tokens of any tokenizer, and the key of a text."""

import hashlib
import json
import unicodedata
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SPECIAL_TOKENS = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")

# A word may hold hyphens and apostrophes (xl-40, t-shirt), dots beside a digit (12.5, v2.0), and commas or slashes
# between digits (1,5 and 38/40). It carries the space before it. Anything else that is not a space stands as a run.
_WORD = (
    r" ?[\p{L}\p{M}\p{N}]+"
    r"(?:(?:[-'’](?=[\p{L}\p{N}])|(?<=\p{N})[.,/](?=\p{N})|(?<=\p{N})\.(?=\p{L})|(?<=\p{L})\.(?=\p{N}))[\p{L}\p{M}\p{N}]+)*"
    r"| ?[^\s\p{L}\p{M}\p{N}]+|\s+"
)


def train_tokenizer(texts: Iterable[str], *, vocabulary: int) -> Tokenizer:
    """A byte-level BPE tokenizer (Sennrich et al. 2016; Radford et al. 2019, section 2.2) of up to `vocabulary` tokens.

    Texts are NFKC-normalised and lower-cased; accents and digits stay, and sizes such as `12.5` or `xl-40` are whole
    words. No text is unknown to it. Special tokens are [PAD]=0 [CLS]=1 [SEP]=2 [MASK]=3 [UNK]=4, and a sequence reads
    `[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]`, B and its [SEP] of type 1. Raises ValueError for a vocabulary that
    cannot hold every byte, and where there is no text.

    >>> train_tokenizer(["Taza roja 12.5 cm"], vocabulary=300).encode("taza").tokens[0]
    '[CLS]'
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    smallest = len(alphabet) + len(SPECIAL_TOKENS)
    if vocabulary < smallest:
        raise ValueError(f"A vocabulary of {vocabulary} cannot hold every byte: ask for {smallest} tokens or more.")
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.normalizer = _normalizer()
    tokenizer.pre_tokenizer = _pre_tokenizer()
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=alphabet,
        show_progress=False,
    )
    count = 0

    def counted() -> Iterable[str]:
        nonlocal count
        for text in texts:
            count += 1
            yield text

    tokenizer.train_from_iterator(counted(), trainer=trainer)
    if count == 0:
        raise ValueError(
            "There is no text to train a tokenizer on: the training products have no title or description."
        )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    return tokenizer


def _normalizer() -> normalizers.Normalizer:
    return normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
            # The first word looks like every other: `red` is one token wherever it stands.
            normalizers.Prepend(" "),
        ]
    )


def _pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORD), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def splits_at_spaces(tokenizer: Tokenizer) -> bool:
    """Whether what follows a space surely changes no token before it: so of our own tokenizers, and of BERT's."""
    parts = json.loads(tokenizer.to_str())
    ours = Tokenizer(models.BPE())
    ours.normalizer, ours.pre_tokenizer = _normalizer(), _pre_tokenizer()
    own = json.loads(ours.to_str())
    if all(parts[name] == own[name] for name in ("normalizer", "pre_tokenizer")):
        return True
    kinds = [parts[name] and parts[name]["type"] for name in ("normalizer", "pre_tokenizer")]
    return kinds == ["BertNormalizer", "BertPreTokenizer"]


def text_key(text: str) -> int:
    """A stable number of 63 bits that two texts share when they differ in case, width or white space only.

    The text is NFKC-normalised, case-folded and its white space collapsed; accents and digits count.

    >>> text_key("Camión  ROJO") == text_key("camión rojo") != text_key("camion rojo")
    True
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    digest = hashlib.blake2b(" ".join(folded.split()).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def pad_id(tokenizer: Tokenizer) -> int:
    """The id that fills a sequence; 0 where the tokenizer names none, as no model looks at padding."""
    found = _first_id(tokenizer, ("[PAD]", "<pad>", "<|pad|>", "<PAD>"))
    return 0 if found is None else found


def mask_id(tokenizer: Tokenizer) -> int:
    """The id that hides a word. Raises ValueError where the tokenizer has no mask token or cannot tell words apart."""
    found = _first_id(tokenizer, ("[MASK]", "<mask>", "<|mask|>", "<MASK>"))
    if found is None:
        raise ValueError(
            "The tokenizer has no mask token ([MASK] or <mask>), so no word can be masked: "
            "use another tokenizer, or a recipe without masked language modelling."
        )
    words = {word for word in tokenizer.encode("una palabra otra palabra").word_ids if word is not None}
    if len(words) < 4:
        raise ValueError(
            "The tokenizer does not split its text into words, so whole words cannot be masked: "
            "use a tokenizer with a pre-tokenizer, or a recipe without masked language modelling."
        )
    return found


def special_ids(tokenizer: Tokenizer) -> frozenset[int]:
    """Ids of every token that is not text."""
    return frozenset(index for index, token in tokenizer.get_added_tokens_decoder().items() if token.special)


def _first_id(tokenizer: Tokenizer, names: tuple[str, ...]) -> int | None:
    for name in names:
        found = tokenizer.token_to_id(name)
        if found is not None:
            return found
    return None
