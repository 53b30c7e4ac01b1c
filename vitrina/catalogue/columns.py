"""Which column of a product file says what: guessed from names in English and Spanish, overridden by the user."""

import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

from vitrina.catalogue.price import currency_code
from vitrina.catalogue.splits import split_name

Field = Literal[
    "id", "title", "description", "image", "price", "currency", "brand", "category", "language", "group", "split",
    "domain", "attributes",
]  # fmt: skip

# Names in order of preference, as `plain_name` writes them.
_WORDS = {
    "id": "id sku product_id item_id article_id id_producto id_articulo producto_id referencia "
    "reference ref uniq_id pid asin ean gtin upc codigo codigo_producto code variant_sku part_number part handle "
    "item_sku merchant_product_id aw_product_id",
    "title": "title name product_name product_title product_display_name item_name display_name nombre titulo "
    "nombre_producto nombre_articulo titulo_producto denominacion headline shop_title",
    "price": "price precio pvp sale_price current_price selling_price discounted_price final_price precio_venta "
    "precio_final price_tax_incl precio_iva_incl precio_iva_incluido precio_con_iva pvp_iva_incl pvp_iva_incluido "
    "pvp_con_iva search_price standard_price retail_price regular_price "
    "unit_price list_price mrp importe amount",
    "currency": "currency moneda divisa currency_code price_currency",
    "brand": "brand marca brand_name nombre_marca manufacturer fabricante vendor maker",
    "language": "lang language idioma lengua locale lang_code language_code",
    "group": "item_group_id group_id group parent parent_id parent_sku parent_asin family_id family variant_group "
    "style_id grupo producto_padre sku_padre",
    "split": "split subset partition particion",
    "domain": "domain dominio vertical marketplace",
    "attributes": "attributes atributos specifications especificaciones specs product_specifications properties "
    "caracteristicas features",
    "description": "description descripcion long_description descripcion_larga product_description short_description "
    "descripcion_corta body_html body details detalles detalle about_product summary resumen bullet_points "
    "caption captions text texto",
    "image": "image images imagen imagenes picture pictures photo photos foto fotos img imgs image_path image_paths "
    "image_file image_files image_filename file_name filename image_name image_link image_url image_urls image_src "
    "main_image main_photo main_picture imagen_principal foto_principal fotografia fotografias imagen_producto "
    "foto_producto ruta_imagen ruta_foto url_imagen url_foto imagen_url foto_url enlace_imagen "
    "main_image_url base_image product_image_url hosted_image_urls "
    "product_image_file merchant_image_url aw_image_url other_image_url additional_image_link "
    "additional_image_links additional_images extra_images imagenes_adicionales",
    "path": "category_path ruta_categoria categories categorias category_tree product_category_tree "
    "google_product_category breadcrumb breadcrumbs",
}
# Titles where nothing else is one, and only so: `product_no` is a number and no Norwegian title.
_BARE_TITLES = ("product", "producto", "articulo")
_ALIASES = {field: words.split() for field, words in _WORDS.items()}
_LEVELS = [
    each.split()
    for each in (
        "department departamento master_category super_category main_category categoria_principal familia seccion",
        "category categoria product_category category_name merchant_category clase class class_name label label_name",
        "sub_category subcategory subcategoria subfamilia subseccion",
        "article_type product_type tipo_producto tipo_articulo leaf_category sub_sub_category",
    )
]
_CONSTANTS = ("currency", "language", "split", "brand", "domain")
_NUMBERED_LEVEL = re.compile(r"(?:category|categoria|cat)_?(?:level|lvl|nivel)?_?(\d)|(?:level|lvl|nivel)_?(\d)")
_PARTICLE = re.compile(r"_(?:de|del|de_la|de_los|de_las)_(?=[a-z]{3})")  # nombre_del_producto, not title_de_at
_FAMILY_OF_MANY = 20
_FAMILY_SAMPLE = 40
# "id" is left out: it would turn the column `title_id` into an Indonesian title.
_LANGUAGES = frozenset(
    """af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu hy is it ja ka kk km kn ko
    ky lt lv mk ml mn mr ms mt nb ne nl nn no pa pl pt ro ru sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh""".split()  # noqa: SIM905
)
_LANGUAGE_NAMES = {
    "english": "en", "ingles": "en", "spanish": "es", "espanol": "es", "castellano": "es", "french": "fr",
    "frances": "fr", "german": "de", "aleman": "de", "italian": "it", "italiano": "it", "portuguese": "pt",
    "portugues": "pt", "catalan": "ca", "euskera": "eu", "gallego": "gl",
}  # fmt: skip


@dataclass(frozen=True)
class TextColumn:
    """A column of titles or descriptions, and the language that its name states (`title_es`)."""

    name: str
    language: str | None = None


@dataclass(frozen=True)
class Columns:
    """Where each fact of a product stands in one file. `category` holds a path column or level columns, widest first;
    `attribute` the columns left over; `currency_of_price` what the price column's name states (`price_eur`);
    `constants` what holds by field for a product whose row says nothing itself."""

    names: tuple[str, ...]
    id: str | None = None
    titles: tuple[TextColumn, ...] = ()
    descriptions: tuple[TextColumn, ...] = ()
    images: tuple[str, ...] = ()
    price: str | None = None
    currency: str | None = None
    currency_of_price: str | None = None
    brand: str | None = None
    category: tuple[str, ...] = ()
    language: str | None = None
    group: str | None = None
    split: str | None = None
    domain: str | None = None
    attributes: str | None = None
    attribute: tuple[str, ...] = ()
    doubtful_group: str | None = None
    constants: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def says_something(self) -> bool:
        """Whether a product of this file could have a text or a picture."""
        return bool(self.titles or self.descriptions or self.images)

    @property
    def used(self) -> set[str]:
        """The columns that stand for a field of their own."""
        return {name for _, names in self._fields() for name in names}

    def text(self) -> str:
        """One line: field = column, for every field that was found."""
        fields = [*self._fields(), ("attribute", self.attribute)]
        parts = [f"{field} = {', '.join(names)}" for field, names in fields if names]
        return "; ".join(
            [*parts, *(f'{field} = "{value}" where not stated' for field, value in self.constants.items())]
        )

    def _fields(self) -> list[tuple[str, Sequence[str]]]:
        pairs = [
            ("id", [self.id]),
            ("title", [each.name for each in self.titles]),
            ("description", [each.name for each in self.descriptions]),
            ("image", self.images),
            ("price", [self.price]),
            ("currency", [self.currency]),
            ("brand", [self.brand]),
            ("category", self.category),
            ("language", [self.language]),
            ("group", [self.group]),
            ("split", [self.split]),
            ("domain", [self.domain]),
            ("attributes", [self.attributes]),
        ]
        return [(field, [name for name in names if name]) for field, names in pairs]


def find_columns(
    names: Sequence[str],
    *,
    overrides: Mapping[str, str],
    sample: Sequence[Mapping[str, object]] = (),
) -> Columns:
    """Finds the columns of a file by their names, `overrides` (field to column) first.

    An override may name several columns with commas (levels of a category, several pictures), none (`""`), which
    leaves the field empty, or a constant (`"=EUR"`), which counts where a row says nothing. Overrides whose column
    this file does not have are passed over: `check_columns` refuses what no file has. `sample` are the first rows:
    with them, a column called `group` that has few values in many rows is taken for a class of products rather than a
    family of variants.
    """
    constants = {field: value[1:].strip() for field, value in overrides.items() if value.startswith("=")}
    overrides = {field: value for field, value in overrides.items() if field not in constants}
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(_PARTICLE.sub("_", plain_name(name)), name)
    taken = {name for value in overrides.values() for name in _named(value, names)}
    free = {key: name for key, name in plain.items() if name not in taken}

    def one(field: str) -> str | None:
        if field in overrides and (_named(overrides[field], names) or not overrides[field]):
            return next(iter(_named(overrides[field], names)), None)
        return next((free[alias] for alias in _ALIASES[field] if alias in free), None)

    def many(field: str, guesses: Iterable[str]) -> tuple[str, ...]:
        if field in overrides and (_named(overrides[field], names) or not overrides[field]):
            return _named(overrides[field], names)
        return tuple(guesses)

    group = one("group")
    is_doubtful = group is not None and "group" not in overrides and _is_class(group, sample)
    price, currency_of_price = one("price"), None
    if price is None and "price" not in overrides:
        price, currency_of_price = _price_in_currency(free)
    elif price is not None:
        _, currency_of_price = _price_in_currency({plain_name(price): price})
        currency_of_price = currency_of_price or _sign_in(price)
    titles = many("title", _titles(free))
    descriptions = many("description", _descriptions(free))
    found = Columns(
        names=tuple(names),
        id=one("id"),
        titles=tuple(TextColumn(each, _language_of(each)) for each in titles),
        descriptions=tuple(TextColumn(each, _language_of(each)) for each in descriptions),
        images=many("image", _images(free)),
        price=price,
        currency=one("currency"),
        currency_of_price=currency_of_price,
        brand=one("brand"),
        category=many("category", _category(free)),
        language=one("language"),
        group=None if is_doubtful else group,
        split=one("split"),
        domain=one("domain"),
        attributes=one("attributes"),
        doubtful_group=group if is_doubtful else None,
        constants={field: _constant(field, value) or value for field, value in constants.items()},
    )
    return replace(found, attribute=tuple(name for name in names if name.strip() and name not in found.used))


def check_fields(overrides: Mapping[str, str]) -> None:
    """Raises ValueError where an override names a field that products do not have or a constant that it cannot be."""
    for field, value in overrides.items():
        if field not in get_args(Field):
            raise ValueError(f"there is no field {field!r} to map: the fields are {', '.join(get_args(Field))}")
        if value.startswith("=") and _constant(field, value[1:]) is None:
            can = ", ".join(_CONSTANTS)
            why = f"that is no {field}" if field in _CONSTANTS else f"only {can} can be the same for all"
            raise ValueError(f"{field} cannot be {value[1:]!r} for every product: {why}")


def check_columns(overrides: Mapping[str, str], *, names: Sequence[str]) -> None:
    """Raises ValueError where an override names a column that is not among `names`."""
    for field, value in overrides.items():
        if value and not value.startswith("=") and not _named(value, names):
            raise ValueError(f"there is no column {value!r} for {field}: the columns are {', '.join(names)}")


def language_code(text: str) -> str | None:
    """`es_MX`, `ES`, `Spanish` or `español` as a BCP 47 code, or None where the text names no language."""
    plain = plain_name(text)
    if plain in _LANGUAGE_NAMES:
        return _LANGUAGE_NAMES[plain]
    match = re.fullmatch(r"([a-z]{2})(?:_([a-z]{2}))?", plain)
    if match is None or (match[1] not in _LANGUAGES and match[1] != "id"):
        return None
    return f"{match[1]}-{match[2].upper()}" if match[2] else match[1]


@lru_cache(maxsize=10_000)  # readers ask for the same names in every row
def plain_name(name: str) -> str:
    """`Título (ES)`, `tituloES` and `titulo-es` as `titulo_es`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    ascii_only = "".join(each for each in unicodedata.normalize("NFKD", snake) if not unicodedata.combining(each))
    return re.sub(r"[^a-z0-9]+", "_", ascii_only.lower()).strip("_")


def _constant(field: str, text: str) -> str | None:
    """What a field is for every product, in its own form; None where the text means none, or the field differs."""
    match field:
        case "currency":
            return currency_code(text)
        case "language":
            return language_code(text)
        case "split":
            return split_name(text)
        case "brand" | "domain":
            return text.strip() or None
        case _:
            return None


def _named(value: str, names: Sequence[str]) -> tuple[str, ...]:
    """The columns that an override names: one, or several with commas; none where one of them does not exist."""
    if value in names:
        return (value,)
    parts = tuple(part.strip() for part in value.split(","))
    return parts if all(part in names for part in parts) else ()


def _language_of(name: str) -> str | None:
    match = re.fullmatch(r".+?_([a-z]{2}(?:_[a-z]{2})?)", plain_name(name))
    return None if match is None or match[1][:2] not in _LANGUAGES else language_code(match[1])


def _titles(free: Mapping[str, str]) -> list[str]:
    """The columns of the first alias that exists, and those of any alias that name another language."""
    titles: list[str] = []
    for alias in _ALIASES["title"]:
        columns = _texts(alias, free)
        known = {None, *(_language_of(name) for name in titles)}
        titles += [name for name in columns if _language_of(name) not in known] if titles else columns
    return titles or [free[bare] for bare in _BARE_TITLES if bare in free][:1]


def _descriptions(free: Mapping[str, str]) -> list[str]:
    return [name for alias in _ALIASES["description"] for name in _texts(alias, free)]


def _texts(alias: str, free: Mapping[str, str]) -> list[str]:
    """The columns of that name, plain, numbered or with a language behind it."""
    variants = re.compile(rf"{alias}(?:_?\d{{1,2}})?(?:_([a-z]{{2}})(?:_[a-z]{{2}})?)?")
    matches = [(variants.fullmatch(plain), name) for plain, name in free.items()]
    return [name for match, name in matches if match and (match[1] is None or match[1] in _LANGUAGES)]


def _images(free: Mapping[str, str]) -> list[str]:
    """Every column of pictures: the main ones first, numbered ones in the order of their numbers."""
    found = []
    for plain, name in free.items():
        match = re.fullmatch(r"(.+?)_?(\d{1,2})(?:_(?:url|path|link|src|file))?", plain)
        alias, number = (match[1], int(match[2])) if match else (plain, 0)
        if alias in _ALIASES["image"]:
            found.append((_ALIASES["image"].index(alias) if number == 0 else len(_ALIASES["image"]), number, name))
    return [name for _, _, name in sorted(found, key=lambda each: each[:2])]


def _category(free: Mapping[str, str]) -> list[str]:
    """One column that holds a path, or else one column per level."""
    path = next((free[alias] for alias in _ALIASES["path"] if alias in free), None)
    if path is not None:
        return [path]
    numbered = sorted((plain, name) for plain, name in free.items() if _NUMBERED_LEVEL.fullmatch(plain))
    if numbered:
        return [name for _, name in numbered]
    levels = (next((free[alias] for alias in level if alias in free), None) for level in _LEVELS)
    return [name for name in levels if name is not None]


def _price_in_currency(free: Mapping[str, str]) -> tuple[str | None, str | None]:
    """A column like `price_eur`, and the currency in its name."""
    for alias in _ALIASES["price"]:
        for plain, name in free.items():
            code = currency_code(plain.removeprefix(f"{alias}_")) if plain.startswith(f"{alias}_") else None
            if code is not None:
                return name, code
    return None, None


def _sign_in(name: str) -> str | None:
    """The currency whose sign stands in a name: EUR for `Precio (€)`."""
    codes = (currency_code(sign) for sign in re.findall(r"[^\w\s()\[\]/.,:-]+", name))
    return next((code for code in codes if code is not None), None)


def _is_class(column: str, sample: Sequence[Mapping[str, object]]) -> bool:
    """Whether a column that could mean anything has so few values that they are no families of variants."""
    if plain_name(column) not in ("group", "grupo", "family"):
        return False
    values = [str(row[column]) for row in sample if row.get(column) is not None]
    return len(values) >= _FAMILY_SAMPLE and len(set(values)) * _FAMILY_OF_MANY <= len(values)
