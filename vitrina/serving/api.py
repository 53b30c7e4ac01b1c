"""The routes of the API: one for every action of the page, each typed by what it answers."""

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import unquote

from vitrina.serving.answers import (
    About,
    Facets,
    Filters,
    Found,
    Health,
    Mask,
    Problem,
    RefusedError,
    ShownProduct,
    Told,
    Uploaded,
    Wanted,
)
from vitrina.serving.pictures import MOST_UPLOAD_BYTES, Uploads, too_long
from vitrina.serving.shop import Shop
from vitrina.serving.worker import Worker

if TYPE_CHECKING:
    from fastapi import FastAPI

_MOST_TEXT = 300
_MOST_WORDS = 12
_MOST_TOP = 100
_MOST_SKIP = 2000
_DEAREST = 10**12
_UPLOAD_SECONDS = 60.0
_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"


def add_api(app: "FastAPI", *, shop: Shop, thinking: Worker, looking: Worker) -> None:
    """Adds the API; `thinking` does the model's work, `looking` what only reads the catalogue."""
    from fastapi import APIRouter, Depends, Path, Query, Request, Response

    uploads = Uploads()

    async def fresh() -> None:
        shop.renew()

    def filters_of(
        category: Annotated[str | None, Query(max_length=500, description="a path such as `Fashion > Shoes`")] = None,
        price_from: Annotated[Decimal | None, Query(ge=0, le=_DEAREST, decimal_places=6)] = None,
        price_to: Annotated[Decimal | None, Query(ge=0, le=_DEAREST, decimal_places=6)] = None,
        language: Annotated[str | None, Query(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")] = None,
        pictures: Annotated[bool, Query(description="only products with a picture")] = False,
    ) -> Filters:
        return Filters(category or None, price_from, price_to, language, pictures)

    def id_of(id: Annotated[str, Path(max_length=2000, description="a product's id, percent-encoded")]) -> str:
        try:
            return unquote(id, errors="strict")
        except UnicodeDecodeError:
            raise RefusedError("This is no product's id: it is not UTF-8.", code="no_product", status=404) from None

    api = APIRouter(prefix="/api", dependencies=[Depends(fresh)], responses={"4XX": {"model": Problem}})

    @api.get("/health", tags=["shop"])
    async def health() -> Health:
        """Whether the shop is open. Needs no token and waits for nothing."""
        return shop.health()

    @api.get("/about", tags=["shop"])
    async def about() -> About:
        """What there is, what the model can do, and words to try."""
        return shop.about()

    @api.get("/facets", tags=["search"])
    async def facets(filters: Annotated[Filters, Depends(filters_of)]) -> Facets:
        """The filters, and how many products each would leave."""
        return await looking.run(lambda: shop.facets(filters))

    @api.get("/search", tags=["search"])
    async def search(
        filters: Annotated[Filters, Depends(filters_of)],
        text: Annotated[
            str | None, Query(max_length=_MOST_TEXT, description="in any language of the catalogue")
        ] = None,
        picture: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$", description="an upload's handle")] = None,
        like: Annotated[str | None, Query(max_length=2000, description="a product's id")] = None,
        top: Annotated[int, Query(ge=1, le=_MOST_TOP)] = 24,
        skip: Annotated[int, Query(ge=0, le=_MOST_SKIP)] = 0,
    ) -> Found:
        """Products by words, by a picture, by a likeness, or by several at once; all of them where nothing is asked."""
        if picture is not None and like:
            raise RefusedError("Search by a picture or by a product, not by both.", code="bad_value", status=422)
        shown = None if picture is None else uploads.get(picture)
        wanted = Wanted(plain(text or "") or None, shown, like or None, filters, top, skip)
        return await thinking.run(lambda: shop.search(wanted))

    @api.post(
        "/pictures",
        tags=["pictures"],
        status_code=201,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    )
    async def upload(request: Request) -> Uploaded:
        """Takes a picture in, to search by and to ask about: the file itself is the body. It is kept in memory only,
        and forgotten when newer ones come."""
        body = await read_body(request, most_bytes=MOST_UPLOAD_BYTES)
        return await looking.run(lambda: uploads.take(body))

    @api.get("/pictures/{picture}", tags=["pictures"], response_class=Response)
    async def uploaded(picture: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]) -> Response:
        """An uploaded picture, as it was understood."""
        return Response(uploads.get(picture), media_type="image/jpeg", headers={"Cache-Control": "private"})

    @api.get("/products/{id}", tags=["product"])
    async def product(id: Annotated[str, Depends(id_of)]) -> ShownProduct:
        """Everything that the catalogue knows of a product."""
        return await looking.run(lambda: shop.product(id))

    @api.get("/products/{id}/pictures/{number}", tags=["product"], response_class=Response)
    async def product_picture(
        id: Annotated[str, Depends(id_of)],
        number: Annotated[int, Path(ge=0, le=10_000, description="which of its pictures, from 0")],
        width: Annotated[Literal["160", "320", "640"] | None, Query(description="smaller, in pixels")] = None,
        version: Annotated[str | None, Query(max_length=40, description="for ever the same, if it is given")] = None,
    ) -> Response:
        """A picture of a product."""
        if width is None:
            picture = await looking.run(lambda: shop.picture(id, number=number))
        else:
            picture = await looking.run(lambda: shop.thumbnail(id, number=number, width_px=int(width)))
        keep = _FOR_EVER if version else _ASK_AGAIN
        return Response(picture, media_type="image/jpeg", headers={"Cache-Control": keep})

    @api.get("/products/{id}/labels", tags=["product"])
    async def labels(
        id: Annotated[str, Depends(id_of)], words: Annotated[str, Query(max_length=_MOST_TEXT)] = ""
    ) -> Told:
        """What the model thinks that a product is, beside what is known; or which of your own `words` fit it.

        While it still learns what the catalogue's words mean, some answers are missing: ask again then."""
        asked = split_words(words) if words.strip() else ()
        return await thinking.run(lambda: shop.labels(id, words=asked))

    @api.get("/products/{id}/neighbours", tags=["product"])
    async def neighbours(
        id: Annotated[str, Depends(id_of)], top: Annotated[int, Query(ge=1, le=_MOST_TOP)] = 8
    ) -> Found:
        """The products that are most like one."""
        return await thinking.run(lambda: shop.search(Wanted(like=id, top=top)))

    @api.get("/segment", tags=["pictures"])
    async def segment(
        words: Annotated[str, Query(min_length=1, max_length=_MOST_TEXT, description="words, with commas between")],
        picture: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$", description="an upload's handle")] = None,
        product: str | None = None,
        number: Annotated[int, Query(ge=0)] = 0,
    ) -> Mask:
        """Where in a picture each of your words is: an uploaded `picture`, or one of a `product`."""
        shown = await picture_of(picture, product, number)
        asked = split_words(words)
        return await thinking.run(lambda: shop.segment(shown, words=asked))

    @api.get("/cutout", tags=["pictures"], response_class=Response, responses={200: {"content": {"image/png": {}}}})
    async def cutout(
        words: Annotated[str, Query(min_length=1, max_length=_MOST_TEXT, description="words, with commas between")],
        picture: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$", description="an upload's handle")] = None,
        product: str | None = None,
        number: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        """A picture as PNG, transparent but for what the words name."""
        shown = await picture_of(picture, product, number)
        asked = split_words(words)
        png = await thinking.run(lambda: shop.cutout(shown, words=asked))
        return Response(
            png, media_type="image/png", headers={"Content-Disposition": 'attachment; filename="cutout.png"'}
        )

    async def picture_of(handle: str | None, id_: str | None, number: int) -> bytes:
        if (handle is None) == (id_ is None):
            raise RefusedError("Name either a picture or a product.", code="bad_value", status=422)
        if handle is not None:
            return uploads.get(handle)
        assert id_ is not None
        return await looking.run(lambda: shop.picture(id_, number=number))

    async def read_body(request: Request, *, most_bytes: int) -> bytes:
        """The body of a request, given up as soon as it is too long or comes too slowly."""
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > most_bytes:
            raise too_long()
        body = bytearray()
        try:
            async with asyncio.timeout(_UPLOAD_SECONDS):
                async for piece in request.stream():
                    body += piece
                    if len(body) > most_bytes:
                        raise too_long()
        except TimeoutError:
            raise RefusedError("The picture came too slowly: try again.", code="too_slow", status=408) from None
        return bytes(body)

    app.include_router(api)


def plain(text: str) -> str:
    """One line without control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def split_words(text: str) -> tuple[str, ...]:
    """`"shoe, red bag"` as its words. Raises RefusedError (422) where there are none or too many."""
    words = tuple(dict.fromkeys(word for word in map(plain, text.split(",")) if word))
    if not 1 <= len(words) <= _MOST_WORDS:
        raise RefusedError(f"Give 1 to {_MOST_WORDS} words, with commas between.", code="bad_value", status=422)
    return words
