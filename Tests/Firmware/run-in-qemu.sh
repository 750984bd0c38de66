#!/bin/sh
# Runs the gate controller's firmware in QEMU (a Cortex-M4) with both its lines on pseudo-terminals, and gate-trial against it. Usage:
#   run-in-qemu.sh GATE_TRIAL [ARGUMENTS OF GATE_TRIAL]…     by default --watchdog
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
trial=$1
shift
if ! command -v qemu-system-arm >/dev/null; then
  echo "SKIPPED: the gate's firmware in QEMU: there is no qemu-system-arm" >&2
  exit 0
fi
[ $# -gt 0 ] || set -- --watchdog
folder=$(mktemp -d)
: >"$folder/log"
qemu=
trap '[ -z "$qemu" ] || kill "$qemu" 2>/dev/null; rm -rf "$folder"' EXIT
qemu-system-arm -M mps2-an386 -display none -monitor none -kernel "$root/Firmware/.build/armv7em-none-none-eabi/release/gate-controller" \
  -serial pty -serial pty >"$folder/log" 2>&1 &
qemu=$!
tries=0
until [ "$(grep -c 'redirected to /dev/pts' "$folder/log")" = 2 ]; do
  tries=$((tries + 1))
  if [ $tries -gt 200 ] || ! kill -0 "$qemu" 2>/dev/null; then
    cat "$folder/log" >&2
    exit 1
  fi
  sleep 0.05
done
path() { sed -n "s/.* redirected to \(.*\) (label serial$1).*/\1/p" "$folder/log"; }
"$trial" "$(path 0)" "$(path 1)" "$@"
