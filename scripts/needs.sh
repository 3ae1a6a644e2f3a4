# Sourced by ./run, ./test and ./bench: finds or installs what they need. Debian package names; nothing is downloaded by hand.

# need_dotnet: the .NET 10 SDK, or a clear end.
need_dotnet() {
    command -v dotnet >/dev/null || { echo "The .NET 10 SDK is missing: 'dotnet' is not on PATH. Install the SDK (package dotnet-sdk-10.0), then run this again." >&2; exit 1; }
    dotnet --list-sdks | grep -qE '^(10|[1-9][1-9])\.' || { echo "The .NET 10 SDK is missing: 'dotnet --list-sdks' names $(dotnet --list-sdks | cut -d' ' -f1 | xargs echo none). Install the SDK (package dotnet-sdk-10.0)." >&2; exit 1; }
}

# need PACKAGE=PROBE ...: PROBE is a program on PATH, or a file pattern when it holds a slash. Installs what is missing
# when this is root on a Debian machine; otherwise names it and returns 1.
need() {
    local missing=() entry package probe
    for entry in "$@"; do
        package=${entry%%=*} probe=${entry#*=}
        case $probe in
            */*) compgen -G "$probe" >/dev/null || missing+=("$package") ;;
            *) PATH="$PATH:/usr/sbin:/sbin" command -v "$probe" >/dev/null || missing+=("$package") ;;
        esac
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing: ${missing[*]}" >&2
        local log; log=$(mktemp)
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 && { rm -f "$log"; return 0; }
        tail -5 "$log" >&2; rm -f "$log"
    fi
    echo "Missing: ${missing[*]}. Install with: apt-get install ${missing[*]}" >&2
    return 1
}

LIBRARIES=(
    'libsodium23=/usr/lib/*/libsodium.so.*'
    'libsqlite3-0=/usr/lib/*/libsqlite3.so.0'
)

# The second database of Control, started by the tests themselves.
DATABASES=('postgresql=/usr/lib/postgresql/*/bin/initdb')

# What the tests of src/Ssh and of 'keyhole ssh' hold their work against.
OPENSSH=(openssh-client=ssh)

# The OpenID provider of the tests; its packages come by tests/Control.Tests/OpenIdProvider/package-lock.json.
OPENID=(nodejs=node npm=npm)

# The browser of the tests with pages that need a script.
BROWSER=(chromium=chromium)

LAB=(
    wireguard-tools=wg wireguard-go=wireguard-go iproute2=ip nftables=nft iperf3=iperf3 iputils-ping=ping
    miniupnpd-nftables=miniupnpd curl=curl ethtool=ethtool procps=sysctl util-linux=setpriv dbus-daemon=dbus-daemon
    zbar-tools=zbarimg openssh-server=sshd sudo=sudo systemd=systemd-analyze faketime=faketime tcpdump=tcpdump
)

# unpack_resolved: systemd-resolved as a file for the lab. To install the package would hand this machine's resolv.conf over to it.
unpack_resolved() {
    [ -x /usr/lib/systemd/systemd-resolved ] && return 0
    compgen -G 'out/tools/resolved/*/systemd/systemd-resolved' >/dev/null && return 0
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
    local folder package; folder=$(mktemp -d)
    if (cd "$folder" && apt-get download systemd-resolved libsystemd-shared) >/dev/null 2>&1; then
        mkdir -p out/tools/resolved
        for package in "$folder"/*.deb; do dpkg -x "$package" out/tools/resolved; done
    fi
    rm -rf "$folder"
    compgen -G 'out/tools/resolved/*/systemd/systemd-resolved' >/dev/null
}

# What compiles perf/baselines.
BASELINES=(gcc=gcc 'libc6-dev=/usr/include/stdio.h')
