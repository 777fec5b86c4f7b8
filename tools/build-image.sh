#!/usr/bin/env bash
# Builds the operator's image as a file, without a container engine: artifacts/image/kubeflex-manager-<arch>.tar, for docker load, podman load,
# ctr images import and kind load image-archive.
#   tools/build-image.sh                 on Microsoft's base image if its registry answers, else on nothing (as --scratch)
#   tools/build-image.sh --scratch       on nothing: the program with its runtime, and this machine's C library and OpenSSL; no registry is asked
#   tools/build-image.sh --base          on Microsoft's base image, or fail
# $RID is the platform (default linux-x64; linux-arm64 needs --base or such a machine), $NAME the image (default ghcr.io/kubestellar/kubeflex/manager).
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
fail() { echo "build-image: $*" >&2; exit 1; }
rid=${RID:-linux-x64}
name=${NAME:-ghcr.io/kubestellar/kubeflex/manager}
version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
registry=mcr.microsoft.com base=$registry/dotnet/runtime-deps:10.0-noble-chiseled
case $rid in linux-x64) arch=amd64 ;; linux-arm64) arch=arm64 ;; *) fail "RID=$rid: expected linux-x64 or linux-arm64" ;; esac
out=$PWD/artifacts/image
archive=$out/kubeflex-manager-$arch.tar
mkdir -p "$out"

mode=${1:-auto}
if [ "$mode" = auto ]; then
    if curl -fsS -o /dev/null --max-time 10 "https://$registry/v2/" 2>/dev/null; then mode=--base; else mode=--scratch; echo "build-image: $registry does not answer: no base image" >&2; fi
fi

publish() {
    dotnet publish src/KubeFlex.Server -c Release -r "$rid" --self-contained true --nologo -v quiet -p:KubeFlexLauncher=true \
        "-p:ArtifactsPath=$PWD/artifacts/image-build" -p:PublishReadyToRun=true -p:PublishReadyToRunComposite=false -p:DebugType=none -p:GenerateDocumentationFile=false "$@"
}

if [ "$mode" = --base ]; then
    publish -t:PublishContainer -p:ContainerBaseImage="$base" -p:ContainerRepository="${name#*/}" -p:ContainerImageTag="$version" \
        -p:ContainerWorkingDirectory=/app -p:ContainerArchiveOutputPath="$archive"
    echo "$archive"
    exit
fi
[ "$mode" = --scratch ] || fail "unknown argument $mode"
[ "$(uname -s)" = Linux ] || fail "--scratch takes the C library of this machine, which must be Linux"
case $arch-$(uname -m) in amd64-x86_64 | arm64-aarch64) ;; *) fail "--scratch takes the C library of this machine, which is $(uname -m): build $arch on such a machine, or with --base" ;; esac

app=$out/app root=$out/rootfs
rm -rf "$app" "$root"
publish -o "$app"
rm -f "$app"/*.pdb "$app"/*.xml "$app"/createdump "$app"/*.staticwebassets.endpoints.json

mkdir -p "$root"/etc/ssl/certs "$root"/tmp "$root"/home/nonroot
chmod 1777 "$root/tmp"
printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
[ -f /etc/ssl/certs/ca-certificates.crt ] && cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"

# What the program's files are linked with, what .NET opens by name (OpenSSL), and what that is linked with; where the loader looks for it.
opened=$(/sbin/ldconfig -p 2>/dev/null | sed -nE 's/.*lib(ssl|crypto)\.so\.3 .*=> (.*)/\2/p')
[ -n "$opened" ] || fail "OpenSSL 3 (libssl.so.3) is not on this machine"
# LTTng tracing is optional and brings half a system along.
find "$app" -name '*.so' ! -name 'libcoreclrtraceptprovider.so' -print0 | xargs -0 ldd "$app/kubeflex-server" $opened 2>/dev/null |
    sed -nE 's/.* => (\/[^ ]+) .*/\1/p; s/^[[:space:]]*(\/[^ ]+) \(0x.*/\1/p' | { cat; printf '%s\n' $opened; } | sort -u |
    while read -r library; do
        case $library in "$app"/*) continue ;; esac
        mkdir -p "$root${library%/*}"
        cp -L "$library" "$root$library"
    done
rm -f "$app/libcoreclrtraceptprovider.so"

dotnet run --project tools/ImageBuilder -c Release -v quiet -- --output "$archive" --name "$name:$version" --arch "$arch" --user 65532:65532 \
    --entrypoint /app/kubeflex-server --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt --env HOME=/home/nonroot \
    --layer "$root=/" --layer "$app=/app"
