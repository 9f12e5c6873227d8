#!/bin/bash
# Renders the scene small, in one piece and in uneven tiles, and compares the pixels. Exit code 77: POV-Ray is absent.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
command -v povray >/dev/null || { echo "SKIPPED: povray is not installed (tools/install demo)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

render() {
    povray "+I$here/scene.pov" "$@" +W160 +H120 +A0.1 +AM2 -J -D +WT1 >log 2>&1 || { cat log; exit 1; }
}
render +Owhole.png
tiles=()
for rows in 1-17 18-64 65-66 67-120; do
    render "+Otile$rows.png" "+SR${rows%-*}" "+ER${rows#*-}"
    tiles+=("tile$rows.png@$rows")
done
"$here/stitch.py" join joined.png "${tiles[@]}"
"$here/stitch.py" compare joined.png whole.png

# What must fail, fails: a missing row, a different picture, a damaged file.
must_fail() { if "$@" >/dev/null 2>&1; then echo "should have failed: $*"; exit 1; fi; }
must_fail "$here/stitch.py" join bad.png "${tiles[@]:1}"
must_fail "$here/stitch.py" compare tile1-17.png whole.png
head -c 3000 whole.png >cut.png
must_fail "$here/stitch.py" compare cut.png whole.png
