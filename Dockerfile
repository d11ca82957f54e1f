# One recipe for every image of the suite:
#
#   docker build --build-arg SERVICE=desafio1-servidor -t malha/desafio1-servidor:0.1.0 .
#
# A static glibc binary on distroless: 2 MB of base, no shell, no package manager, DNS that works.

# checkov:skip=CKV_DOCKER_2: Kubernetes asks the admin port, and there is no program in the image that could
# The inventory of a release (SBOM) takes in Cargo.lock: a static binary does not say what it is made of.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true

ARG SERVICE
# Who wants several images names them all, the same for each: they are compiled once, side by side.
ARG SERVICES=$SERVICE

FROM rust:1.95-bookworm AS build
WORKDIR /malha
COPY . .
ARG SERVICES
ARG COMMIT=
# When it is said to have been built, in seconds since 1970: two builds of one commit are one image
# (k8s/reproducible).
ARG SOURCE_DATE_EPOCH=0
# `quick` builds in seconds after an edit: skaffold.yaml and tilt/Tiltfile use it.
ARG PROFILE=release
ARG TARGETARCH
# Another name is another cache, as for a build that finds nothing of an earlier one.
ARG CACHE=malha
# The caches are shared by all images: what the first one compiles, the next ones find. The target
# triple must be named, else the flags would reach build scripts and macros, which cannot be static;
# it is the builder's own, so the same lines are right for amd64 and arm64.
# The linker that Rust brings for amd64 makes one function of equal ones and packs relocations: a twentieth less.
# Cargo gives what it builds at once the same features, so the programs of packages that need no HTTP/2 are built
# apart, all of those packages each time, whichever programs are wanted.
RUN --mount=type=cache,id=${CACHE}-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=${CACHE}-target-${TARGETARCH},target=/malha/target,sharing=locked \
    triple="$(uname -m)-unknown-linux-gnu" && \
    export MALHA_COMMIT="$COMMIT" \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C target-feature=+crt-static" \
        CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,--icf=all,--pack-dyn-relocs=relr" && \
    for service in $SERVICES; do \
        if grep -qx "${service%%-*}" k8s/http1.txt; \
        then http1="$http1 --bin $service"; \
        else others="$others --bin $service"; \
        fi; \
    done && \
    build="cargo build --profile $PROFILE --locked --target $triple" && \
    ${http1:+$build $(printf -- '-p %s ' $(cat k8s/http1.txt)) $http1} && \
    ${others:+$build $others} && \
    mkdir /out && \
    for service in $SERVICES; do cp "target/$triple/$PROFILE/$service" /out/ || exit; done && \
    touch --date="@$SOURCE_DATE_EPOCH" /out/*

# The programs alone, for tilt/Tiltfile: `docker build --target programs --output DIRECTORY`.
FROM scratch AS programs
COPY --from=build /out /

FROM gcr.io/distroless/static-debian13:nonroot
ARG SERVICE
ARG COMMIT=
LABEL org.opencontainers.image.title="$SERVICE" \
      org.opencontainers.image.description="A service of Malha, distributed-systems exercises for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$COMMIT"
COPY --from=build /out/$SERVICE /service
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
ENTRYPOINT ["/service"]
