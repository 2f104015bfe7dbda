# One image; the command chooses: api (default), worker, migrate.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
# For short messages (短信): --build-arg LOCK=requirements-sms.lock
ARG LOCK
COPY requirements.lock requirements-sms.lock requirements-build.lock ./
RUN python -m venv /venv \
 && /venv/bin/python -m pip install --no-cache-dir --require-hashes -r "${LOCK:-requirements.lock}" \
 && python -m venv /build \
 && /build/bin/python -m pip install --no-cache-dir --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY workers workers
COPY sandbox sandbox
COPY migrations migrations
RUN /build/bin/hatchling build -t wheel \
 && /venv/bin/python -m pip install --no-cache-dir --no-deps dist/lianxin-0.1.0-py3-none-any.whl

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /srv --shell /usr/sbin/nologin lianxin
COPY --from=build /venv /venv
WORKDIR /srv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LIANXIN_ENV=production \
    LIANXIN_HOST=0.0.0.0
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["lianxin"]
CMD ["api"]
