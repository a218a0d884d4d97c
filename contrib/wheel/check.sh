#!/usr/bin/env bash
# Builds the wheel, installs it into an empty environment, and lets it answer on fixtures/small-archive.
# Arguments go to `maturin build`, for example `--release --zig --target x86_64-unknown-linux-musl`, or `--profile dev` for a quick look.
set -euo pipefail
cd "$(dirname "$0")/../.."

maturin=${MATURIN:-maturin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$maturin" build --locked --out "$work/wheels" "${@:---release}"
python3 -m venv "$work/empty"
"$work/empty/bin/pip" install --quiet --disable-pip-version-check --no-index "$work"/wheels/*.whl

program="$work/empty/bin/firstseen"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
"$program" --version | head -n 1 | grep -qF "$version"
"$program" scan fixtures/small-archive --format csv -o "$work/findings.csv" --quiet
findings=$(($(wc -l < "$work/findings.csv") - 1))
if [ "$findings" -lt 1 ]; then
    echo "the installed program found nothing in fixtures/small-archive" >&2
    exit 1
fi
echo "$(basename "$work"/wheels/*.whl): $findings findings in fixtures/small-archive"
if [ -n "${WHEELS:-}" ]; then
    mkdir -p "$WHEELS"
    cp "$work"/wheels/*.whl "$WHEELS"
fi
