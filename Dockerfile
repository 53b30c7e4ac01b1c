# The page and the API of a run and a catalogue:
#
#   docker build --build-arg TORCH_INDEX=ADDRESS -t vitrina .
#   docker run -p 8000:8000 -e VITRINA_TOKEN=... -v $PWD/runs/clip:/shop/run -v $PWD/catalogue:/shop/catalogue:ro vitrina
#
# TORCH_INDEX is the address of PyTorch's wheels for CPUs, as "Get Started" on pytorch.org names it; without it pip asks
# the index that it always asks, whose build for Linux brings CUDA along and works too. The run's folder is written to:
# its index is kept there. Make it writable for user 10001, or take a volume.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 OMP_WAIT_POLICY=PASSIVE HF_HUB_OFFLINE=1

# First, so that nothing later chooses another; a layer of its own, because it is large and changes seldom.
ARG TORCH_INDEX=""
RUN pip install --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch==2.13.0

WORKDIR /srv/vitrina
COPY pyproject.toml README.md LICENSE ./
COPY vitrina vitrina
RUN pip install --no-cache-dir torch==2.13.0 ".[serve,index]"

RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin shop
USER 10001
WORKDIR /shop

EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=300s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/api/health', timeout=4)"]

# The token comes from the environment (VITRINA_TOKEN), where a list of processes does not show it.
ENTRYPOINT ["vitrina", "serve"]
CMD ["/shop/run", "/shop/catalogue", "--host", "0.0.0.0", "--port", "8000"]
