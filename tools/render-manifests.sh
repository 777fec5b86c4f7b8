#!/usr/bin/env bash
# Renders deploy/manifests from deploy/chart, and copies the definitions of deploy/crds into the chart.
#   tools/render-manifests.sh              rewrites them
#   tools/render-manifests.sh DIRECTORY    writes them elsewhere, touching nothing else (a test compares)
set -euo pipefail
cd "$(dirname "$0")/.."
helm=.tools/helm
[ -x "$helm" ] || helm=$(command -v helm) || { echo "render-manifests: helm is missing: run tools/install-test-tools.sh" >&2; exit 1; }
target=${1:-deploy/manifests}
if [ $# -eq 0 ]; then
    rm -f deploy/chart/crds/*.yaml
    cp deploy/crds/*.yaml deploy/chart/crds/
fi
mkdir -p "$target"

{
    echo "# Rendered by tools/render-manifests.sh. Apply first, and wait until the definitions are established."
    printf 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: kubeflex-system\n'
    for crd in deploy/crds/*.yaml; do echo "---"; cat "$crd"; done
} >"$target/crds.yaml"

# A password does not belong into a file: the Secret is made by hand (docs/install.md). Helm is not here, so its marks are not either.
{
    echo "# Rendered by tools/render-manifests.sh from deploy/chart. Needs crds.yaml and the Secret postgres-postgresql (docs/install.md)."
    "$helm" template kubeflex-operator deploy/chart --namespace kubeflex-system --set postgresql.createSecret=false |
        grep -vE '^# Source: |^ *helm\.sh/chart: |^ *app\.kubernetes\.io/managed-by: Helm$' | sed '1{/^---$/d}'
} >"$target/operator.yaml"
