"""Prices as shops write them."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

_ISO_CODES = frozenset(
    """AED ARS AUD BGN BHD BOB BRL CAD CHF CLP CNY COP CRC CZK DKK DOP DZD EGP EUR GBP GEL GTQ HKD HNL HRK HUF IDR ILS
    INR ISK JOD JPY KES KRW KWD KZT LBP LKR MAD MXN MYR NGN NIO NOK NZD OMR PAB PEN PHP PKR PLN PYG QAR RON RSD RUB SAR
    SEK SGD THB TND TRY TWD UAH USD UYU VES VND ZAR""".split()  # noqa: SIM905  # a table reads better in lines
)
# A dollar alone is taken for the US one, ¥ for the yen, Rs for the Indian rupee; kr could be any of four.
_SIGNS: dict[str, str | None] = {
    "us$": "USD", "u$s": "USD", "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD",
    "s$": "SGD", "mx$": "MXN", "r$": "BRL", "nt$": "TWD", "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "円": "JPY",
    "￥": "JPY", "₹": "INR", "₨": "INR", "rs.": "INR", "rs": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₫": "VND",
    "฿": "THB", "₪": "ILS", "₴": "UAH", "zł": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "лв": "BGN", "s/.": "PEN",
    "s/": "PEN", "fr.": "CHF", "kr.": None, "kr": None, "euros": "EUR", "euro": "EUR", "dollars": "USD",
    "dólares": "USD", "pesos": None, "pounds": "GBP", "libras": "GBP", "rupees": "INR", "rupias": "INR",
}  # fmt: skip
_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})  # currencies with three decimals
_SHARED = ("$", "¥", "￥", "£", "₨", "rs", "rs.")  # signs that an ISO code beside them may overrule
_SIGN_OR_CODE = "|".join(
    [re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True)] + sorted(code.lower() for code in _ISO_CODES)
)
_PRICE = re.compile(
    rf"(?:(?:price|precio|pvp|mrp)\s*:?\s*)?"
    rf"(?P<before>{_SIGN_OR_CODE})?\s*"
    r"(?P<number>\d[\d., ']*(?P<dash>[.,]-{1,2})?|[.,]\d+)\s*"
    r"(?P<scale>(?:k|M)(?![^\W\d_]))?\s*"
    rf"(?P<after>{_SIGN_OR_CODE})?"
    r"(?:\s*\(?(?:iva|vat|tax|mwst)\.?\s*(?:inc(?:l|luido|luded|lusive)?|inkl)\.?\)?)?",
    re.IGNORECASE,
)
_GROUPED = {
    ",": re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}"),  # 1,190,000 and the Indian 11,90,000
    ".": re.compile(r"\d{1,3}(?:\.\d{3})+"),
    "'": re.compile(r"\d{1,3}(?:'\d{3})+"),
    " ": re.compile(r"\d{1,3}(?: \d{3})+"),
}
_STEP = Decimal("0.000001")
_LIMIT = Decimal(10) ** 15


@dataclass(frozen=True)
class Price:
    """An amount, zero or more, and its ISO 4217 currency where the text says one."""

    amount: Decimal
    currency: str | None


def parse_price(text: str | int | float | Decimal, *, currency: str | None = None) -> Price | None:
    """The price that a text or a number states, or None where it states none, several, a range or a negative one.

    `currency` is the code that a shop states elsewhere: it counts where the text names none.

    Points, commas, apostrophes and spaces are understood by these rules. With both a point and a comma, the last one
    is the decimal sign. One that stands several times separates thousands (or Indian lakhs). A single one with exactly
    three digits behind it and one to three before it, not beginning with 0, separates thousands (`1.190`, `1,190`);
    otherwise it is the decimal sign (`12,5`, `0.125`), and so it is in currencies of three decimals (`1.190 KWD`).
    `k` and `M` multiply, and then a single sign is decimal. `$` alone is read as US dollars, `¥` as yen;
    `kr` and pesos have no currency, being several. Amounts are rounded to six decimals.

    >>> parse_price("1.190,00 €")
    Price(amount=Decimal('1190.00'), currency='EUR')
    """
    if isinstance(text, (int, float, Decimal)):
        return _bounded(Decimal(str(text)), currency) if not isinstance(text, bool) else None
    plain = " ".join(text.replace("’", "'").split())
    match = _PRICE.fullmatch(plain)
    if match is None or match["scale"] == "m":  # metres and minutes are no millions
        return None
    scale = {"k": 1_000, "M": 1_000_000, "K": 1_000}.get(match["scale"], 1)
    number = match["number"].strip()
    stated = [each.lower() for each in (match["before"], match["after"]) if each]
    codes = (currency_code(each) for each in sorted(stated, key=_SHARED.__contains__))
    code = next((each for each in codes if each), currency)
    may_group = scale == 1 and code not in _THOUSANDTHS
    amount = _number(number.rstrip(".,-") if match["dash"] else number, may_group=may_group)
    if amount is None or (len(stated) == 2 and not _agree(*stated)):
        return None
    return _bounded(amount * scale, code)


def currency_code(text: str) -> str | None:
    """The ISO 4217 code that a text or sign (`"eur"`, `"€"`) means, or None."""
    plain = text.strip().lower()
    return plain.upper() if plain.upper() in _ISO_CODES else _SIGNS.get(plain)


def _agree(before: str, after: str) -> bool:
    """Whether two signs can stand at one price: "$12 MXN" is pesos, "€12 USD" is a mistake."""
    codes = [currency_code(each) for each in (before, after)]
    return codes[0] == codes[1] or None in codes or before in _SHARED or after in _SHARED


def _number(text: str, *, may_group: bool) -> Decimal | None:
    """`may_group`: whether a single sign with three digits behind it may separate thousands."""
    spaces = [sign for sign in " '" if sign in text]
    if len(spaces) > 1:
        return None
    if spaces:
        head, decimal_sign, tail = _cut_decimals(text, spaces[0])
        if not _GROUPED[spaces[0]].fullmatch(head):
            return None
        return _decimal(head.replace(spaces[0], ""), tail if decimal_sign else "")
    points, commas = text.count("."), text.count(",")
    if points and commas:
        decimal_sign = max(".,", key=text.rfind)
        group_sign = "," if decimal_sign == "." else "."
        head, tail = text.rsplit(decimal_sign, 1)
        if decimal_sign in head or not _GROUPED[group_sign].fullmatch(head):
            return None
        return _decimal(head.replace(group_sign, ""), tail)
    if points + commas == 0:
        return _decimal(text, "")
    sign = "." if points else ","
    head, _, tail = text.rpartition(sign)
    if points + commas > 1:
        return _decimal(text.replace(sign, ""), "") if _GROUPED[sign].fullmatch(text) else None
    is_group = len(tail) == 3 and 1 <= len(head) <= 3 and not head.startswith("0") and may_group
    return _decimal(head + tail, "") if is_group else _decimal(head, tail)


def _cut_decimals(text: str, group_sign: str) -> tuple[str, str, str]:
    """Head, decimal sign and tail of a number whose thousands stand apart by spaces or apostrophes."""
    place = max(text.rfind("."), text.rfind(","))
    if place < 0 or group_sign in text[place:]:
        return text, "", ""
    return text[:place], text[place], text[place + 1 :]


def _decimal(head: str, tail: str) -> Decimal | None:
    try:
        return Decimal(f"{head or '0'}.{tail or '0'}" if tail else head)
    except InvalidOperation:
        return None


def _bounded(amount: Decimal, currency: str | None) -> Price | None:
    if not amount.is_finite() or amount < 0 or amount >= _LIMIT:
        return None
    exponent = amount.as_tuple().exponent
    is_long = isinstance(exponent, int) and exponent < -6
    return Price(amount.quantize(_STEP, ROUND_HALF_EVEN) if is_long else abs(amount), currency)
