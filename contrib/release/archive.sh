#!/usr/bin/env bash
# Packs what a release contains: the program, its completions, its manual pages and the licences.
# Usage: archive.sh FOLDER-OF-PROGRAM NAME OUT. For Windows OUT/NAME.zip, else OUT/NAME.tar.gz.
# RUNNER is a command that runs a program for another system, such as qemu-aarch64.
set -euo pipefail
cd "$(dirname "$0")/../.."

programs=$1 name=$2 out=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folder="$work/$name"
mkdir -p "$folder/completions" "$folder/man" "$out"

program="$programs/firstseen"
if [ -f "$program.exe" ]; then program="$program.exe"; fi
read -r -a run <<< "${RUNNER:-}"
run+=("$program")
cp "$program" README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT "$folder"
"${run[@]}" completions bash > "$folder/completions/firstseen.bash"
"${run[@]}" completions zsh > "$folder/completions/_firstseen"
"${run[@]}" completions fish > "$folder/completions/firstseen.fish"
"${run[@]}" completions powershell > "$folder/completions/_firstseen.ps1"
"${run[@]}" man --output "$folder/man"

case $program in
    *.exe) python3 -c 'import shutil, sys; shutil.make_archive(*sys.argv[1:])' "$out/$name" zip "$work" "$name" ;;
    *) tar -czf "$out/$name.tar.gz" -C "$work" "$name" ;;
esac
