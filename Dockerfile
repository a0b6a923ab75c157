# The core, the plugins and the exchange in one image; what runs is chosen by the command.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/indexmaker && /opt/indexmaker/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /opt/indexmaker/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
COPY --from=build /opt/indexmaker /opt/indexmaker
RUN useradd --create-home --uid 10001 indexmaker
USER indexmaker
WORKDIR /home/indexmaker
ENV PATH=/opt/indexmaker/bin:$PATH PYTHONUNBUFFERED=1
ENTRYPOINT ["indexmaker"]
CMD ["up", "--config", "/etc/indexmaker/indexmaker.toml"]
