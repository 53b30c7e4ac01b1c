"""The application: the API, the page, and the words for what goes wrong."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from vitrina.serving.answers import Problem, RefusedError
from vitrina.serving.api import add_api
from vitrina.serving.gate import App, gated
from vitrina.serving.pages import add_pages
from vitrina.serving.shop import Shop
from vitrina.serving.worker import Worker

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)

_MODEL_SECONDS = 30.0
_WAITING_FOR_MODEL = 16
_PICTURE_SECONDS = 20.0
_WAITING_FOR_PICTURES = 256
_LONGEST_SHOWN = 200


def create_app(shop: Shop, *, token: str | None = None, model_seconds: float = _MODEL_SECONDS) -> App:
    """The shop's API and page as one ASGI application, behind its gate; `token` as `serve` has it.

    A request that keeps the model longer than `model_seconds` is answered with words.
    """
    from fastapi import FastAPI

    thinking = Worker("model", threads=1, waiting=_WAITING_FOR_MODEL, seconds=model_seconds)
    looking = Worker("pictures", threads=2, waiting=_WAITING_FOR_PICTURES, seconds=_PICTURE_SECONDS)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        for close in (thinking.close, looking.close, shop.close):
            await asyncio.to_thread(close)

    app = FastAPI(
        title="Vitrina",
        summary="Search a catalogue, and ask its model about pictures.",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        lifespan=lifespan,
    )
    _add_errors(app)
    add_api(app, shop=shop, thinking=thinking, looking=looking)
    add_pages(app, token=token)
    return gated(app, token=token)


def _add_errors(app: "FastAPI") -> None:
    """Every error is a `Problem`: a word and a sentence. None says where something lies on this machine."""
    from fastapi import Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException

    def answer(problem: Problem, *, status: int) -> JSONResponse:
        return JSONResponse({"code": problem.code, "message": problem.message}, status_code=status)

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> JSONResponse:
        response = answer(Problem(error.code, str(error)), status=error.status)
        if error.status == 503:
            response.headers["Retry-After"] = "2"
        return response

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        what = ".".join(str(part) for part in first["loc"][1:]) or "request"
        return answer(Problem("bad_value", f"{what}: {first['msg']}"[:_LONGEST_SHOWN]), status=422)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        words = {404: "There is nothing at this address.", 405: "This address cannot be used in that way."}
        message = words.get(error.status_code, "This request cannot be answered.")
        return answer(Problem(f"http_{error.status_code}", message), status=error.status_code)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        words = "Something went wrong here; the server's log says what. Try again, or ask who runs it."
        return answer(Problem("failed", words), status=500)
