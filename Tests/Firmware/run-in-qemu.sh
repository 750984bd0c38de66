#!/bin/sh
# Runs the gate controller's firmware in QEMU (a Cortex-M4) with both its lines on pseudo-terminals, and gate-trial against it. Usage:
#   run-in-qemu.sh GATE_TRIAL [ARGUMENTS OF GATE_TRIAL]…     by default --watchdog
# Says how deep the stack was at its deepest, and fails where that is more than 30 KB; the linker leaves it 32.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
trial=$1
shift
if ! command -v qemu-system-arm >/dev/null; then
  echo "SKIPPED: the gate's firmware in QEMU: there is no qemu-system-arm" >&2
  # Where nobody reads the output, what wasn't tried must not look well.
  [ "${CI:-}" != true ] || exit 1
  exit 0
fi
[ $# -gt 0 ] || set -- --watchdog
folder=$(mktemp -d)
: >"$folder/log"
qemu=
trap '[ -z "$qemu" ] || kill "$qemu" 2>/dev/null; rm -rf "$folder"' EXIT
elf=$root/Firmware/.build/armv7em-none-none-eabi/release/gate-controller
mkfifo "$folder/monitor"
exec 3<>"$folder/monitor"
qemu-system-arm -M mps2-an386 -display none -monitor stdio -kernel "$elf" -serial pty -serial pty <"$folder/monitor" >"$folder/log" 2>&1 3>&- &
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
path() { sed -n "s/.* redirected to \([^ ]*\) (label serial$1).*/\1/p" "$folder/log"; }
"$trial" "$(path 0)" "$(path 1)" "$@" 3>&-

# Memory is zero when QEMU starts, and a reset leaves it: what isn't zero any more between the program's own and its last words (8 bytes) was stack.
command -v size >/dev/null || { echo "SKIPPED: the depth of the stack: there is no size" >&2; exit 0; }
echo "pmemsave 0x20000000 65536 \"$folder/memory\"" >&3
echo quit >&3
wait "$qemu" || true
qemu=
own=$(size "$elf" | awk 'NR == 2 { print $2 + $3 }')
cmp -l "$folder/memory" /dev/zero 2>/dev/null | awk -v own="$own" '
  $1 > own { deepest = 65528 - $1 + 1; exit }
  END {
    printf "firmware: %d bytes of stack at the deepest\n", deepest >"/dev/stderr"
    if (deepest < 256 || deepest > 30720) { print "FAILED: more than 30720 bytes of stack, or it can’t be told" >"/dev/stderr"; exit 1 }
  }'
