# One image for web, worker, clock, sender and the migration; docker-compose.yml says which runs what.
FROM node:24-slim AS assets
WORKDIR /assets
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM python:3.13-slim
ENV CAMPAIGN_ENVIRONMENT=given \
    CAMPAIGN_DATA_DIR=/data \
    PYTHONUNBUFFERED=1
# Letters for pictures of results: without them the server draws none.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-noto-cjk && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --no-cache-dir --require-hashes --no-deps --only-binary=:all: -r requirements/runtime.txt
COPY . .
COPY --from=assets /assets/node_modules/htmx.org/dist/htmx.min.js static/vendor/htmx.min.js
COPY --from=assets /assets/node_modules/htmx.org/LICENSE static/vendor/htmx.LICENSE.txt
COPY --from=assets /assets/node_modules/echarts/dist/echarts.common.min.js static/vendor/echarts.common.min.js
COPY --from=assets /assets/node_modules/echarts/LICENSE static/vendor/echarts.LICENSE.txt
COPY --from=assets /assets/node_modules/echarts/NOTICE static/vendor/echarts.NOTICE.txt
RUN python -c "from campaign.kit.catalogue import compile_all; compile_all()" \
    && useradd --uid 10001 --no-create-home xinji \
    && install -d -o xinji -g xinji /data
USER xinji
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "granian", "--interface", "wsgi", "--factory", "campaign.app:create_app", "--host", "0.0.0.0", "--port", "8000"]
