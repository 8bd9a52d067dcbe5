# The sidecar: one binary, with ONNX Runtime and the model inside, on a base without a shell or a package manager.
#
#   docker build --tag groundwire .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges \
#       --publish 127.0.0.1:8080:8080 groundwire serve --config /etc/groundwire/groundwire.toml --upstream https://api.openai.com

FROM rust:1.95-slim-bookworm AS build
# Bookworm's glibc is the base image's, too. Python is there to unpack ONNX Runtime from its wheel, which is pinned by hash.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# What does not judge is not shipped; the demonstration needs no network.
RUN cargo build --locked --release \
    && target/release/groundwire demo \
    && target/release/groundwire check --upstream http://upstream.invalid examples/deploy/container.toml

# "cc" has the C++ library, which ONNX Runtime needs.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="groundwire" \
      org.opencontainers.image.description="Inference-time grounding in front of LLM APIs: asks before it guesses" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /src/target/release/groundwire /usr/local/bin/groundwire
COPY --from=build /src/examples/deploy/container.toml /etc/groundwire/groundwire.toml
# By number, so that Kubernetes' runAsNonRoot can tell.
USER 65532:65532
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 CMD ["/usr/local/bin/groundwire", "health"]
ENTRYPOINT ["/usr/local/bin/groundwire"]
CMD ["serve", "--config", "/etc/groundwire/groundwire.toml"]
