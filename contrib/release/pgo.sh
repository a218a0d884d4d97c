#!/usr/bin/env bash
# Builds the program twice: the first counts what it does on logs of its own making, the second is optimised for that. A scan then takes less CPU
# (docs/performance.md has figures). Usage: pgo.sh [FLAGS of cargo build]. Prints the path of the program.
# Needs llvm-profdata of the LLVM that rustc was built with: `rustup component add llvm-tools`, or a package such as Debian's llvm-22.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
host=$(rustc -vV | sed -n 's/^host: //p')
for profdata in "$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata" "llvm-profdata-$version" llvm-profdata none; do
    if command -v "$profdata" > /dev/null; then break; fi
done
if [ "$profdata" = none ]; then
    echo "llvm-profdata is not found: rustup component add llvm-tools, or install llvm-$version" >&2
    exit 1
fi

folder=$PWD/target/pgo
counts=$folder/counts
mkdir -p "$folder"
rm -rf "$counts"

# Each build has a target folder of its own, since other flags build everything anew.
build() {
    RUSTFLAGS="${RUSTFLAGS:-} $2" cargo build --locked --release --bin firstseen --target-dir "$folder/$1" --message-format=json-render-diagnostics "${@:3}" |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1
}

# Runs the counting program on an archive that does not outlast this script.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
train() { LLVM_PROFILE_FILE="$1/%p-%m.profraw" "$program" "${@:2}" > "$work/out" 2> "$work/err" || [ $? = 3 ]; }

program=$(build counting "-Cprofile-generate=$counts" "$@")
# Of logs that synth makes: layouts, sizes and orders of keys vary, and no name in them matters. Making them is not counted.
train "$work/uncounted" synth "$work/archive" --gb 0.3 --seed 1
train "$work/uncounted" synth "$work/small" --gb 0.02 --seed 2
# What people run most.
train "$counts" scan "$work/archive" --threads 1 --format csv
train "$counts" scan "$work/archive" --threads 2 --format csv
train "$counts" scan "$work/small" --format json
train "$counts" triage "$work/archive" --format csv
train "$counts" index "$work/archive" -o "$work/baseline"
train "$counts" events "$work/small" --format csv

"$profdata" merge -o "$work/all.profdata" "$counts"/*.profraw
# Cargo compares names of files, not what is in them.
profile=$folder/$(sha256sum "$work/all.profdata" | cut -c1-16).profdata
mv "$work/all.profdata" "$profile"
build optimised "-Cprofile-use=$profile" "$@"
