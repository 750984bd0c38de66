#!/bin/sh
# QuartzNet in FP32 on the shared folder's clips: `swiftlet transcribe` must give the texts that ONNX Runtime gives
# (Tests/EndToEnd/Golden/quartznet15x5.tsv, made by speech_texts.py); a microphone that gives a clip, the clip's. For release builds: unoptimised ones compile the model for minutes.
# Usage: [SWIFTLET_SHARED=…] speech.sh SWIFTLET
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=${SWIFTLET_SHARED:-$root/../shared}
if [ ! -e "$shared/models/quartznet15x5.onnx" ]; then
  echo "SKIPPED: speech, there is no model in $shared; set SWIFTLET_SHARED"
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" compile "$shared/models/quartznet15x5.onnx" --recipe "$root/Calibration/recipes/quartznet15x5.yaml" -o "$folder/quartznet.swiftlet" >/dev/null
"$1" inspect "$folder/quartznet.swiftlet" | grep -q "golden values   of 1 output(s) at the largest size" || {
  echo "speech: the package has no golden outputs: devices couldn't test what it computes" >&2
  exit 1
}
"$1" transcribe "$folder/quartznet.swiftlet" "$shared/data/speech" | sed "s|^.*/\([^/]*\): |\1\t|" >"$folder/texts.tsv"
diff -u "$root/Tests/EndToEnd/Golden/quartznet15x5.tsv" "$folder/texts.tsv"
echo "speech: $(wc -l <"$folder/texts.tsv") clips have ONNX Runtime's text"

# In windows of bounded look-ahead; the same rule in numpy, by ONNX Runtime, wrote the file.
"$1" transcribe "$folder/quartznet.swiftlet" "$shared/data/speech" --look-ahead 1 | sed "s|^.*/\([^/]*\): |\1\t|" >"$folder/ahead.tsv"
diff -u "$root/Tests/EndToEnd/Golden/quartznet15x5-ahead.tsv" "$folder/ahead.tsv"
echo "speech: heard in windows, $(wc -l <"$folder/ahead.tsv") clips have ONNX Runtime's text, too"

# ALSA's file plugin as a microphone. It gives the clip as fast as it is read, and then, for ever, what happens to stand in memory.
clip=librivox_sense_and_sensibility_01_austen_64kb-0870
tail -c +45 "$shared/data/speech/$clip.wav" >"$folder/clip.raw"
printf 'pcm.clip { type file slave.pcm { type null } file /dev/null infile "%s" format raw }\n' "$folder/clip.raw" >"$folder/asound.conf"
export ALSA_CONFIG_PATH="$folder/asound.conf"
"$1" transcribe "$folder/quartznet.swiftlet" --microphone clip --voice-activity none --seconds 7.1 2>"$folder/notes" | sed "s|^|$clip.wav\t|" >"$folder/live.tsv"
grep "^$clip" "$root/Tests/EndToEnd/Golden/quartznet15x5.tsv" | diff -u - "$folder/live.tsv"
grep -q 'listening to clip (S16, 16000 Hz, 1 channel)' "$folder/notes"

# What it hears as utterances unless told otherwise, with the same words and how likely each was speech.
"$1" transcribe "$folder/quartznet.swiftlet" --microphone clip --seconds 7.1 --json 2>"$folder/notes" >"$folder/live.jsonl"
python3 - "$folder/live.jsonl" "$root/Tests/EndToEnd/Golden/quartznet15x5.tsv" "$clip" <<'CHECK'
import json, sys
pieces = [json.loads(line) for line in open(sys.argv[1])]
expected = next(line.split("\t")[1].split() for line in open(sys.argv[2]) if line.startswith(sys.argv[3]))
heard = " ".join(piece["text"] for piece in pieces).split()
assert sum(a != b for a, b in zip(expected, heard)) + abs(len(expected) - len(heard)) <= 2, (expected, heard)
assert all(0.35 < piece["speech"] <= 1 and piece["start"] < piece["end"] <= 7.2 for piece in pieces), pieces
CHECK

# Partial results grow until the final one.
"$1" transcribe "$folder/quartznet.swiftlet" --microphone clip --seconds 7.1 --json --partial 2>"$folder/notes" >"$folder/partial.jsonl"
python3 - "$folder/live.jsonl" "$folder/partial.jsonl" <<'CHECK'
import json, sys
whole, lines = ([json.loads(line) for line in open(path)] for path in sys.argv[1:])
assert [line["text"] for line in lines if line["final"]] == [line["text"] for line in whole], lines
# How many there are is a matter of how busy the machine is.
assert sum(not line["final"] for line in lines) >= 1, lines
for before, after in zip(lines, lines[1:]):
    if not before["final"] and not after.get("revised"):
        assert after["text"].split()[: len(before["text"].split())] == before["text"].split(), (before, after)
CHECK

# In windows they come with their words, none is taken back, and the final one begins with them.
"$1" transcribe "$folder/quartznet.swiftlet" --microphone clip --seconds 7.1 --json --partial --look-ahead 1 2>"$folder/notes" >"$folder/ahead.jsonl"
python3 - "$folder/live.jsonl" "$folder/ahead.jsonl" <<'CHECK'
import json, sys
whole, lines = ([json.loads(line) for line in open(path)] for path in sys.argv[1:])
assert [line["utterance"] for line in lines if line["final"]] == [line["utterance"] for line in whole], lines
assert sum(not line["final"] for line in lines) >= 3 and not any("revised" in line for line in lines), lines
for before, after in zip(lines, lines[1:]):
    if not before["final"]:
        assert after["words"][: len(before["words"])] == before["words"], (before, after)
heard, expected = (" ".join(line["text"] for line in part if line["final"]).split() for part in (lines, whole))
assert sum(a != b for a, b in zip(expected, heard)) + abs(len(expected) - len(heard)) <= 2, (expected, heard)
CHECK
"$1" transcribe "$folder/quartznet.swiftlet" --microphone clip --seconds 7.1 --json --voice-activity none --look-ahead 1 2>"$folder/notes" >"$folder/ahead.jsonl"
grep "^$clip" "$root/Tests/EndToEnd/Golden/quartznet15x5-ahead.tsv" >"$folder/expected.tsv"
python3 -c 'import json, sys; print(sys.argv[1] + "\t" + " ".join(json.loads(line)["text"] for line in sys.stdin))' "$clip.wav" <"$folder/ahead.jsonl" \
  | diff -u "$folder/expected.tsv" -

# Asked to stop, it ends in order, having said what it heard; that this isn't the limit's doing, the lack of one shows.
"$1" transcribe "$folder/quartznet.swiftlet" --microphone clip --voice-activity none --json >"$folder/live.jsonl" 2>/dev/null &
listener=$!
timeout 60 sh -c "until grep -q '\"start\": 0' '$folder/live.jsonl'; do sleep 0.1; done"
kill -INT $listener
wait $listener
grep -q '"text": "and mister john dashwood' "$folder/live.jsonl"

status=0
"$1" transcribe "$folder/quartznet.swiftlet" --microphone nobody 2>"$folder/notes" || status=$?
[ $status -eq 1 ]
grep -q "^swiftlet: there is no capture device ‘nobody’; this machine has " "$folder/notes"
echo "speech: a microphone gives the clip's text, ends when asked, and is missed where it isn't"

# Listening for phrases alone: the clips that end with one, and nothing in the others.
printf 'yes\nstop\n# two more of one word\nstart\nRepeat.\n\nyoung man\n' >"$folder/phrases.txt"
"$1" transcribe "$folder/quartznet.swiftlet" "$shared/data/speech" --phrases "$folder/phrases.txt" | sed "s|^.*/\([^/]*\): |\1\t|" >"$folder/phrases.tsv"
awk -F'\t' '{ print $1 "\t" ($2 ~ /^(yes|stop|start|repeat)$/ ? $2 : $2 ~ / young man$/ ? "young man" : "") }' \
  "$root/Tests/EndToEnd/Golden/quartznet15x5.tsv" | diff -u - "$folder/phrases.tsv"
echo "speech: phrases are heard where they are said, and nowhere else"

# The agent hears a clip, and a command at its end.
clip=librivox_sense_and_sensibility_01_austen_64kb-0880
mkdir "$folder/sounds"
cp "$shared/data/speech/$clip.wav" "$folder/sounds"
for vocabulary in open commands ahead; do
  case $vocabulary in ahead) settings="look_ahead: 1 s" ;; *) settings="vocabulary: $vocabulary" ;; esac
  cat >"$folder/$vocabulary.yaml" <<CONFIGURATION
device: {id: d, site: s}
storage: {path: $vocabulary}
microphones: {desk: {source: "folder:sounds", loop: false}}
pipelines:
  voice: {microphone: desk, model: ./quartznet.swiftlet, $settings, commands: [{say: [Young man, old man], then: [event]}]}
CONFIGURATION
  "$1" run --config "$folder/$vocabulary.yaml" 2>"$folder/$vocabulary.notes" &
done
wait
python3 - "$folder" "$root/Tests/EndToEnd/Golden/quartznet15x5.tsv" "$clip" <<'CHECK'
import json, sqlite3, sys
expected = next(line.rstrip("\n").split("\t")[1] for line in open(sys.argv[2]) if line.startswith(sys.argv[3]))
for vocabulary, text in [("open", expected), ("commands", "young man"), ("ahead", expected)]:
    with sqlite3.connect(f"{sys.argv[1]}/{vocabulary}/outbox.sqlite") as outbox:
        told = [json.loads(payload) for (payload,) in outbox.execute("SELECT payload FROM messages ORDER BY id")]
    assert [message["schema"] for message in told] == ["swiftlet/transcript/1", "swiftlet/spoken-command/1"], told
    assert told[0]["text"] == text and told[0]["captured_at"] < told[1]["captured_at"] < told[1]["ended_at"] <= told[0]["ended_at"], told
    assert told[1]["command"] == "Young man" and told[1]["heard"] == "young man" and told[1]["confidence"] > 0.8, told
CHECK
echo "speech: the agent tells what it hears, in windows, too, and obeys a command"
