# EventHub's image: the locked packages, the checkout, and a user who owns nothing but the instance folder.
FROM python:3.11-slim

ENV PATH=/srv/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --system --uid 10001 --home-dir /var/lib/eventhub --create-home eventhub
WORKDIR /srv/eventhub

# The packages change seldom and stand in a layer of their own.
COPY requirements.lock ./
RUN python -m venv /srv/venv && pip install --require-hashes -r requirements.lock

COPY . ./
RUN pip install --no-deps --no-build-isolation --editable . && python -m compileall -q eventhub solvers

USER eventhub
ENV EVENTHUB_INSTANCE=/var/lib/eventhub
VOLUME /var/lib/eventhub

# gunicorn listens on this port on every address of the container.
ENV PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import os, urllib.parse, urllib.request; host = urllib.parse.urlsplit(os.environ['EVENTHUB_BASE_URL']).netloc; urllib.request.urlopen(urllib.request.Request(f\"http://127.0.0.1:{os.environ['PORT']}/\", headers={'Host': host}), timeout=4)"]

# Two processes of four threads. The control socket would be opened in the home directory, for nobody.
CMD ["gunicorn", "--no-control-socket", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "wsgi:app"]
