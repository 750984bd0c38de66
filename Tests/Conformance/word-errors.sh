# What counts of QuartzNet's words share, for scripts that are given the program: where things lie, a folder that goes with the script, and the counting.
# Ends the script where there is no model.
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=$(cd "${SWIFTLET_SHARED:-$root/../shared}" && pwd)
if [ ! -e "$shared/models/quartznet15x5.onnx" ]; then
  echo "SKIPPED: words in 8 bits, there is no model in $shared; set SWIFTLET_SHARED"
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
swiftlet=$1

compile() { "$swiftlet" compile "$shared/models/quartznet15x5.onnx" --recipe "$root/Calibration/recipes/quartznet15x5.yaml" "$@" >/dev/null; }

# errors PACKAGE SOUNDS: edits, and words that are said, in edits and said; SOUNDS lie in the folder
errors() {
  "$swiftlet" evaluate "$1" "$folder/$2" --threads 1 --json >"$folder/counted.json"
  sed 's/, "duration".*//; s/[{}"]//g; s/, /\n/g' "$folder/counted.json" >"$folder/counted"
  said=$(awk '$1 == "words:" { print $2 }' "$folder/counted")
  edits=$(awk '$1 == "substitutions:" || $1 == "deletions:" || $1 == "insertions:" { sum += $2; found++ } END { if (found == 3) print sum }' "$folder/counted")
  [ "${said:-0}" -gt 0 ] && [ -n "$edits" ] || { echo "$0: $1 counted no words of $2: $(cat "$folder/counted.json")" >&2; exit 1; }
}
