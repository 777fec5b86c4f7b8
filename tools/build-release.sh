#!/usr/bin/env bash
# Builds what people download: kflex and kubeflex-server as self-contained single files, one archive for each platform, in artifacts/release/.
# The machine needs the .NET 10 SDK, not the platforms themselves.
#   tools/build-release.sh                       linux-x64 linux-arm64 osx-arm64 win-x64
#   tools/build-release.sh linux-x64 osx-x64     these
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
rids=("$@")
[ ${#rids[@]} -gt 0 ] || rids=(linux-x64 linux-arm64 osx-arm64 win-x64)
version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
out=artifacts/release
mkdir -p "$out"

for rid in "${rids[@]}"; do
    name=kubeflex-$version-$rid
    dir=$out/$name
    rm -rf "$dir"
    echo "== $rid"
    for project in KubeFlex.Cli KubeFlex.Server; do
        # Obj, bin and lock files of their own: the working tree's build and packages.lock.json stay as they are. Native libraries (SQLite) lie
        # beside the program rather than be unpacked somewhere at each first start.
        dotnet publish "src/$project" -c Release -r "$rid" -o "$dir" --nologo -v quiet -p:KubeFlexLauncher=true "-p:ArtifactsPath=$PWD/artifacts/release-build" \
            --self-contained true -p:PublishSingleFile=true -p:PublishReadyToRun=true -p:PublishReadyToRunComposite=false -p:DebugType=none -p:GenerateDocumentationFile=false
    done
    rm -f "$dir"/*.pdb "$dir"/*.xml "$dir"/*.staticwebassets.endpoints.json "$dir"/web.config
    cp LICENSE "$dir/"
    case $rid in
        win-*) (cd "$out" && rm -f "$name.zip" && if command -v zip >/dev/null; then zip -qr "$name.zip" "$name"; else python3 -m zipfile -c "$name.zip" "$name"; fi) ;;
        *) tar -C "$out" --sort=name --owner=0 --group=0 --numeric-owner -czf "$out/$name.tar.gz" "$name" ;;
    esac
done
(cd "$out" && shopt -s nullglob && archives=(kubeflex-"$version"-*.tar.gz kubeflex-"$version"-*.zip) && sha256sum "${archives[@]}" >SHA256SUMS && cat SHA256SUMS)
