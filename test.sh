#!/usr/bin/env bash
# Builds everything, runs every test, prints "N passed, N failed" last and exits non-zero on any failure.
#   ./test.sh               everything
#   ./test.sh Storage       only test projects whose name contains the word
set -uo pipefail
cd "$(dirname "$0")"
only=${1:-}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

fail() { echo "test.sh: $*" >&2; echo "0 passed, 1 failed"; exit 1; }

command -v dotnet >/dev/null || fail "the .NET SDK 10 is missing: install it (package dotnet-sdk-10.0, or https://dot.net) and run this again"

tools/install-test-tools.sh || fail "a component that the tests need could not be installed (see above)"

echo "== build"
dotnet build KubeFlex.slnx -c Release -warnaserror -v minimal --nologo 2>&1 | grep -vE '^\s*$| -> |All projects are up-to-date|Restored ' || true
[ "${PIPESTATUS[0]}" -eq 0 ] || fail "the build failed"
./kflex version >/dev/null || fail "./kflex does not build or start"

passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for project in test/*/*.csproj; do
    name=$(basename "$project" .csproj)
    [[ $name == *"$only"* ]] || continue
    # What tests share is no test.
    grep -q '<IsTestProject>true' "$project" || continue
    exe=artifacts/bin/$name/release/$name
    echo "== $name"
    timeout --kill-after=10 900 "$exe" -noLogo -noColor >"$log" 2>&1
    status=$?
    grep -E '\[FAIL\]|\[SKIP\]|^   [A-Za-z]' "$log" | head -50
    summary=$(grep -oE 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+(, Not Run: [0-9]+)?' "$log" | tail -n 1)
    if [ -z "$summary" ]; then
        tail -n 40 "$log"
        echo "   $name ended with $status and no summary"
        failed=$((failed + 1))
        continue
    fi
    read -r total errors fails skips <<<"$(sed -E 's/Total: ([0-9]+), Errors: ([0-9]+), Failed: ([0-9]+), Skipped: ([0-9]+).*/\1 \2 \3 \4/' <<<"$summary")"
    [ "$((fails + errors))" -eq 0 ] || sed -n '/\[FAIL\]/,$p' "$log" | head -150
    echo "   $summary"
    passed=$((passed + total - fails - skips))
    failed=$((failed + fails + errors))
    skipped=$((skipped + skips))
    if [ "$status" -ne 0 ] && [ "$((fails + errors))" -eq 0 ]; then
        echo "   $name ended with $status"
        failed=$((failed + 1))
    fi
done

[ "$skipped" -eq 0 ] || echo "$skipped skipped: a component is missing here (see [SKIP] above)"
if [ "$skipped" -gt 0 ] && [ "${CI:-}" = true ]; then
    failed=$((failed + skipped))
fi
[ "$((passed + failed))" -gt 0 ] || fail "no test ran"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
