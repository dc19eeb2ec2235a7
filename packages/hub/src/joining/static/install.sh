#!/bin/sh
# Installs the Stoa agent of the hub below, and joins this host to the region of a join token.
#
# What is trusted, and why: the token that you copied from the console carries the fingerprint of the region's root key.
# The hub shows that root key, which must hash to the fingerprint; the root signed the certificate of the region's
# authority key; the authority signed the manifest; the manifest names the archive's SHA-256 and size. Each step is
# checked here, by openssl, before anything of the archive is run. No option turns that off.
#
# Read it all you like: until the last line is there, nothing of it runs.

HUB='@@HUB@@'
NETWORK='@@NETWORK@@'
UNITS=/etc/systemd/system
UNIT=$UNITS/stoa-agent.service
ROOT_SOCKET=$UNITS/stoa-agent-root.socket
ROOT_UNIT=$UNITS/stoa-agent-root.service
ROOT_CONFIG=/etc/stoa-agent
ROOT_STATE=/var/lib/stoa-agent-root
COMMAND=/usr/local/bin/stoa-agent
SERVICE_USER=stoa
USUAL_PREFIX=/opt/stoa-agent
USUAL_DATA=/var/lib/stoa-agent
KEPT='CHAINWEB_URL CHAINWEB_P2P_URL CHAINWEB_NETWORK STOA_AGENT_COMMITTED_PATH STOA_AGENT_COMMITTED_GB
STOA_AGENT_CA_FILE https_proxy HTTPS_PROXY no_proxy NO_PROXY'

usage() {
  cat <<TEXT
Installs the Stoa agent of $HUB.

  sh install.sh [options] [TOKEN]

The join token may also be in STOA_TOKEN, or be the first line of standard input.

  --dry-run      verify everything, say what would be done, change nothing
  --version V    this version of the agent instead of the hub's newest, also an older one than is here
  --prefix DIR   install below DIR instead of $USUAL_PREFIX; its data is then in DIR/data
  --no-service   no user, no systemd unit: install and join only
  --uninstall    take everything away again but the node's identity, settings and logs
  --purge        with --uninstall: these too
  --help         this text

Needs root, unless both --prefix and --no-service are given. Running it again changes only what differs.
Settings of the agent that are in the environment ($KEPT)
are kept in agent.env below the prefix, which is yours to edit.
TEXT
}

say() { printf '%s\n' "$*"; }
die() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}
# Does it, or says in a dry run that it would.
act() {
  what=$1
  shift
  if [ "$DRY_RUN" = yes ]; then say "would: $what"; else
    say "$what"
    "$@" || die "could not $what"
  fi
}
has() { command -v "$1" >/dev/null 2>&1; }

# ---- bytes -------------------------------------------------------------------------------------------------------

# Standard input, base64url without padding, as bytes.
unbase64url() {
  encoded=$(tr -- '-_' '+/' | tr -d '\n')
  case $((${#encoded} % 4)) in
  2) encoded="$encoded==" ;;
  3) encoded="$encoded=" ;;
  esac
  printf '%s' "$encoded" | openssl base64 -d -A
}
hex() { od -An -v -tx1 | tr -d ' \n'; }
size_of() { wc -c <"$1" | tr -d ' '; }
# FILE OFFSET COUNT
slice() { dd if="$1" bs=1 skip="$2" count="$3" 2>/dev/null; }
# FILE OFFSET: one byte as a number; 0 past the end.
byte_at() {
  number=$(od -An -v -tu1 -j "$2" -N 1 "$1" 2>/dev/null | tr -d ' \n')
  printf '%s' "${number:-0}"
}
sha256_of() {
  if has sha256sum; then sha256sum <"$1" | cut -c 1-64; else openssl dgst -sha256 -binary <"$1" | hex; fi
}

# ---- signatures --------------------------------------------------------------------------------------------------

# KEY (32 bytes) CONTEXT MESSAGE SIGNATURE: whether Ed25519 holds over the context, a zero byte and the message.
holds() {
  { printf '\060\052\060\005\006\003\053\145\160\003\041\000' && cat "$1"; } >"$WORK/key.der"
  { [ -z "$2" ] || printf '%s\000' "$2"; cat "$3"; } >"$WORK/signed"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$WORK/key.der" -rawin -in "$WORK/signed" -sigfile "$4" \
    >/dev/null 2>&1
}

# A vector of RFC 8032 must hold, and the same over another message must not: then this openssl can judge.
require_openssl() {
  has openssl || die "openssl is not installed, and signatures cannot be checked without it: install openssl 3 or newer"
  printf 'PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw' | unbase64url >"$WORK/rfc.key"
  printf 'kqAJqfDUyrhyDoILX2QlQKKye1QWUD-Ps3YiI-vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA' |
    unbase64url >"$WORK/rfc.signature"
  printf 'r' >"$WORK/rfc.message"
  printf 's' >"$WORK/rfc.other"
  if ! holds "$WORK/rfc.key" '' "$WORK/rfc.message" "$WORK/rfc.signature" ||
    holds "$WORK/rfc.key" '' "$WORK/rfc.other" "$WORK/rfc.signature"; then
    die "this openssl ($(openssl version 2>/dev/null)) cannot check Ed25519 signatures: install openssl 3 or newer"
  fi
}

# ---- the join token ----------------------------------------------------------------------------------------------

# Sets TOKEN_HUB, TOKEN_REGION, TOKEN_OWNER, TOKEN_ROOT and TOKEN_ID. The secret stays in the file.
read_token() {
  damaged="the join token is damaged: copy it whole from the console"
  case $TOKEN in
  stoa1_*) ;;
  '') die "no join token: give it as the argument, in STOA_TOKEN, or on standard input" ;;
  *) die "a join token starts with 'stoa1_': copy it whole from the console" ;;
  esac
  case ${TOKEN#stoa1_} in *[!A-Za-z0-9_-]*) die "$damaged" ;; esac
  printf '%s' "${TOKEN#stoa1_}" | unbase64url >"$WORK/token" || die "$damaged"
  at=0
  next_text
  TOKEN_HUB=$field
  next_text
  TOKEN_REGION=$field
  next_text
  TOKEN_OWNER=$field
  [ "$(size_of "$WORK/token")" -eq $((at + 88)) ] || die "$damaged"
  TOKEN_ROOT=$(slice "$WORK/token" "$at" 32 | hex)
  TOKEN_ID=$(slice "$WORK/token" $((at + 32)) 16 | hex)
  [ "$TOKEN_HUB" = "$HUB" ] || die "the join token is for the hub $TOKEN_HUB, this script is of $HUB: take the script from there"
}
# The text at AT, a byte of length before it.
next_text() {
  length=$(byte_at "$WORK/token" "$at")
  [ "$length" -gt 0 ] || die "$damaged"
  field=$(slice "$WORK/token" $((at + 1)) "$length" | tr -d '\000-\037\177')
  at=$((at + 1 + length))
}

# ---- downloads ---------------------------------------------------------------------------------------------------

# GNU's; busybox's crashes when it is given a limit of time, and knows no --version.
use_wget() {
  if wget --version >/dev/null 2>&1; then wget -q -T 60 "$@"; else wget -q "$@"; fi
}
# URL FILE: goes on where an earlier try was cut.
fetch() {
  if has curl; then
    curl -fsS --connect-timeout 20 --speed-limit 1 --speed-time 60 -H "stoa-join: ${TOKEN_ID:-}" -C - -o "$2" "$1"
  else
    use_wget --header "stoa-join: ${TOKEN_ID:-}" -c -O "$2" "$1"
  fi
}
fetch_patiently() {
  for pause in 1 3 0; do
    code=0
    fetch "$1" "$2" || code=$?
    case $code in
    0) return 0 ;;
    # An answer of the hub itself (curl 22, wget 8) stays the same.
    8 | 22) return 1 ;;
    esac
    [ "$pause" = 0 ] || sleep "$pause"
  done
  return 1
}
# URL FILE: tells the hub, for the checklist of the console; nothing depends on it.
post() {
  if has curl; then
    curl -fsS --max-time 20 -o /dev/null -H "stoa-join: $TOKEN_ID" -H 'content-type: application/json' \
      --data-binary "@$2" "$1"
  else
    use_wget -O /dev/null --header "stoa-join: $TOKEN_ID" --header 'content-type: application/json' \
      --post-file "$2" "$1"
  fi
}

# Sets VERSION, SHA256 and SIZE to what the region's authority signed for this platform.
read_statement() {
  if [ -n "$WANTED" ]; then url=$HUB/download/$WANTED/statement; else url=$HUB/download/statement; fi
  fetch_patiently "$url" "$WORK/statement" || die "$url cannot be fetched: is the version right, and the hub reachable?"
  for name in root certificate signature manifest; do
    sed -n "s/^$name //p" "$WORK/statement" | unbase64url >"$WORK/$name" || die "the hub's statement is damaged at '$name'"
    [ -s "$WORK/$name" ] || die "the hub's statement lacks its '$name'"
  done
  [ "$(size_of "$WORK/root")" -eq 32 ] || die "the hub's root key is damaged"
  fingerprint=$(openssl dgst -sha512 -binary <"$WORK/root" | dd bs=32 count=1 2>/dev/null | hex)
  [ "$fingerprint" = "$TOKEN_ROOT" ] ||
    die "REFUSED: the hub shows the root key $fingerprint, the token was made for $TOKEN_ROOT"
  read_certificate
  holds "$WORK/authority" stoa/v1/artefacts "$WORK/manifest" "$WORK/signature" ||
    die "REFUSED: the manifest is not signed by the region's authority key"
  read_manifest
}

# Sealed: a length of two bytes, the body, 64 bytes of signature. Body: serial 4, region 1 + n, role 1, key 32, notAfter 8.
read_certificate() {
  bad="REFUSED: the certificate of the region's authority key"
  body=$(($(byte_at "$WORK/certificate" 0) * 256 + $(byte_at "$WORK/certificate" 1)))
  [ "$(size_of "$WORK/certificate")" -eq $((2 + body + 64)) ] || die "$bad is damaged"
  slice "$WORK/certificate" 2 "$body" >"$WORK/body"
  slice "$WORK/certificate" $((2 + body)) 64 >"$WORK/body.signature"
  holds "$WORK/root" stoa/v1/region-cert "$WORK/body" "$WORK/body.signature" || die "$bad is not signed by the root"
  name=$(byte_at "$WORK/body" 4)
  [ "$body" -eq $((4 + 1 + name + 1 + 32 + 8)) ] || die "$bad has another form than this script knows"
  region=$(slice "$WORK/body" 5 "$name")
  [ "$region" = "$TOKEN_REGION" ] || die "$bad is of region '$region', the token of '$TOKEN_REGION'"
  [ "$(byte_at "$WORK/body" $((5 + name)))" -eq 2 ] || die "$bad is for another role"
  slice "$WORK/body" $((6 + name)) 32 >"$WORK/authority"
  warn_of_end $((38 + name))
}
# OFFSET of the end in milliseconds. A warning only: a clock that nobody has proven must not keep a host from joining, and
# a thief who has the key signs with it before its end as well.
warn_of_end() {
  end=0
  for place in 0 1 2 3 4 5 6 7; do end=$((end * 256 + $(byte_at "$WORK/body" $(($1 + place))))); done
  now=$(date +%s 2>/dev/null) || return 0
  [ "$now" -gt $((end / 1000)) ] || return 0
  say "WARNING: by the clock of this host the certificate of the region's authority key ended $(((now - end / 1000) / 86400)) days ago."
  say "If the clock is right, ask whoever runs $HUB before you go on: they renew it once a year."
}

read_manifest() {
  VERSION=$(sed -n '1s/^stoa-agent \([0-9][0-9.]*\)$/\1/p' "$WORK/manifest")
  [ -n "$VERSION" ] || die "the manifest names no version"
  [ -z "$WANTED" ] || [ "$WANTED" = "$VERSION" ] || die "REFUSED: asked for version $WANTED, the hub gave $VERSION"
  [ -z "$(sed -n '2s/^releases [0-9a-f]\{64\} development$/&/p' "$WORK/manifest")" ] ||
    say "NOTE: this agent takes releases of development keys, which lie where it was built: it is for tests only."
  line=$(sed -n "s/^$PLATFORM \\([0-9a-f]\\{64\\} [0-9]\\{1,12\\}\\)\$/\\1/p" "$WORK/manifest")
  [ -n "$line" ] || die "the hub has no agent $VERSION for $PLATFORM: whoever runs it builds one with pnpm build:artefact"
  SHA256=${line% *}
  SIZE=${line#* }
}

# ---- this host ---------------------------------------------------------------------------------------------------

detect_platform() {
  [ "$(uname -s)" = Linux ] || die "the agent runs on Linux, this is $(uname -s)"
  case $(uname -m) in
  x86_64 | amd64) PLATFORM=linux-x64 ;;
  aarch64 | arm64) PLATFORM=linux-arm64 ;;
  *) die "the agent runs on x86_64 and aarch64, this machine is $(uname -m)" ;;
  esac
  if has ldd; then libc=$(ldd --version 2>&1 || true); else libc=$(echo /lib/ld-musl-*.so.1); fi
  case $libc in
  *musl\ libc* | /lib/ld-musl-*[0-9_a-z].so.1)
    die "this system is built on musl libc; the agent needs glibc: Debian, Ubuntu, Fedora and their kin"
    ;;
  esac
}
detect_init() {
  if [ -d /run/systemd/system ] && has systemctl; then INIT=systemd; else INIT=none; fi
  if [ "$SERVICE" = yes ] && [ "$INIT" = none ]; then
    say "systemd does not run here: installing without a service; start it yourself with $PREFIX/bin/stoa-agent run"
    SERVICE=no
  fi
}
require_tools() {
  has curl || has wget || die "curl or wget is needed: install one of them"
  for tool in tar gzip od dd sed tr; do has "$tool" || die "$tool is needed: install it"; done
  require_openssl
}

# ---- installing --------------------------------------------------------------------------------------------------

is_installed() { [ "$(cat "$PREFIX/.sha256" 2>/dev/null)" = "$SHA256" ] && [ -x "$PREFIX/stoa-agent" ]; }
is_joined() { [ -e "$DATA/identities/default/identity" ]; }
# Sets HERE to the version that runs here, which its own updates may have brought.
read_version_here() { HERE=$("$PREFIX/bin/stoa-agent" --version 2>/dev/null | sed -n 's/^stoa-agent \([0-9][0-9.]*\)$/\1/p') || HERE=''; }
# VERSION as one number.
version_number() {
  IFS=.
  # shellcheck disable=SC2086
  set -- $1
  unset IFS
  printf '%s' $(((${1:-0} * 100000 + ${2:-0}) * 100000 + ${3:-0}))
}
is_newer_here() {
  [ -z "$WANTED" ] || return 1
  read_version_here
  [ -n "$HERE" ] && [ "$(version_number "$HERE")" -gt "$(version_number "$VERSION")" ]
}

download() {
  archive=$WORK/archive
  fetch_patiently "$HUB/download/sha256/$SHA256" "$archive" || die "the download was cut or refused: run this again, nothing was changed"
  [ "$(size_of "$archive")" -eq "$SIZE" ] || die "REFUSED: the archive has $(size_of "$archive") bytes, $SIZE were signed"
  [ "$(sha256_of "$archive")" = "$SHA256" ] || die "REFUSED: the archive is not the one that was signed"
  unpacked=$PREFIX/.new/stoa-agent-$VERSION
  rm -rf "$PREFIX/.new"
  { mkdir -p "$PREFIX/.new" && touch "$PREFIX/.stoa-agent"; } || return 1
  gzip -dc <"$archive" | tar -xf - -C "$PREFIX/.new" || return 1
  rm -f "$archive"
  [ -x "$unpacked/stoa-agent" ] || die "the archive holds no agent $VERSION"
  # The archive is public: whatever the umask, the service's user must be able to read and run it.
  chmod -R u=rwX,go=rX "$unpacked" && chmod 755 "$PREFIX" || return 1
  "$unpacked/stoa-agent" --selftest >/dev/null 2>"$WORK/selftest" || {
    rm -rf "$PREFIX/.new"
    die "the agent $VERSION does not run on this host, and nothing was changed: $(sed -n 1,3p "$WORK/selftest")"
  }
  "$unpacked/stoa-agent" --take-over "$PREFIX" check 2>"$WORK/selftest" || {
    rm -rf "$PREFIX/.new"
    die "REFUSED, and nothing was changed: $(sed -n 1,3p "$WORK/selftest")"
  }
  # A trial of another program ends here, first of all the count of its starts: its guard must not undo what follows.
  rm -f "$PREFIX/runtime-trial" "$PREFIX/runtime-failed" "$PREFIX/.sha256" || return 1
  for name in THIRD-PARTY-LICENCES stoa-agent.cdx.json guard.sh stoa-agent; do
    mv -f "$unpacked/$name" "$PREFIX/$name" || return 1
  done
  # On the medium before anything that could still put the one before back is gone.
  sync
  rm -rf "$PREFIX/stoa-agent.prev" "$PREFIX/.new"
  take_over || return 1
  printf '%s\n' "$SHA256" >"$PREFIX/.sha256"
}
# What a person installs is what runs, whatever the agent's own updates have brought, tried or rejected before.
take_over() { "$PREFIX/stoa-agent" --take-over "$PREFIX"; }
runs_another() {
  [ -n "$WANTED" ] || return 1
  read_version_here
  [ "$HERE" != "$VERSION" ]
}
# What earlier agents left here: a folder a version, and a link to the current one.
drop_old_layout() { rm -rf "$PREFIX/versions" "$PREFIX/current"; }

make_user() {
  if has useradd; then
    useradd --system --user-group --no-create-home --home-dir "$DATA" --shell /usr/sbin/nologin "$SERVICE_USER"
  else
    adduser -S -D -H -h "$DATA" -s /sbin/nologin "$SERVICE_USER"
  fi && touch "$PREFIX/.user-made"
}
make_data() { mkdir -p "$DATA" && chmod 700 "$DATA" && { [ "$SERVICE" = no ] || chown -R "$SERVICE_USER:" "$DATA"; }; }

# Started by root, the agent's commands become the service's user: what they write must be its own. Three stay root's: the
# local policy is a file that the agent's user must not be able to write, taking the agent away is root's affair, and `root`
# is what the privileged unit does.
command_text() {
  cat <<TEXT
#!/bin/sh
STOA_AGENT_DATA=\${STOA_AGENT_DATA:-$DATA}
set -a
[ ! -r "$PREFIX/agent.env" ] || . "$PREFIX/agent.env"
set +a
export STOA_AGENT_DATA
TEXT
  if [ "$SERVICE" = yes ]; then
    cat <<TEXT
case \$(id -u):\${1:-} in
0:policy | 0:uninstall | 0:root) ;;
0:*) exec runuser -u $SERVICE_USER -- "$PREFIX/stoa-agent" "\$@" ;;
esac
TEXT
  else
    # Without a unit of its own nothing else looks whether a new program starts at all.
    cat <<TEXT
[ "\${1:-}" != run ] || sh "$PREFIX/guard.sh"
TEXT
  fi
  cat <<TEXT
exec "$PREFIX/stoa-agent" "\$@"
TEXT
}

# Read by systemd and by a shell, so between quotes, and with nothing in it that either would take for more.
settings_text() {
  # A region is of one chain: an agent that asks for another finds no tips.
  CHAINWEB_NETWORK=${CHAINWEB_NETWORK:-$NETWORK}
  for name in $KEPT; do
    value=''
    eval "value=\${$name:-}"
    case $value in
    '') ;;
    *[!A-Za-z0-9./:@%_,~+=-]*) die "$name='$value' holds what cannot be kept in agent.env: write it there yourself" ;;
    *) printf "%s='%s'\\n" "$name" "$value" ;;
    esac
  done
}

# What the agent needs is little: outbound TCP, its own data, and to read what processes run here (so no ProtectProc). Its
# Node compiles nothing, so that no memory need be both written and run. The guard looks at a program on trial, as root.
unit_text() {
  cat <<TEXT
[Unit]
Description=Stoa agent
Documentation=$HUB
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
User=$SERVICE_USER
Group=$SERVICE_USER
Environment=STOA_AGENT_DATA=$DATA
EnvironmentFile=-$PREFIX/agent.env
ExecStartPre=-+/bin/sh $PREFIX/guard.sh
ExecStart=$PREFIX/stoa-agent run
Restart=always
RestartSec=5
TimeoutStopSec=20
UMask=0077
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=$DATA
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
DevicePolicy=closed
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources

[Install]
WantedBy=multi-user.target
TEXT
}

# What a job needs root for goes through this socket: only the agent's user may open it. However often what it starts ends,
# it is there: nobody but a person could bring a socket back that systemd has given up.
root_socket_text() {
  cat <<TEXT
[Unit]
Description=Stoa agent, privileged steps of signed jobs
Documentation=$HUB

[Socket]
ListenStream=/run/stoa-agent-root.sock
SocketUser=$SERVICE_USER
SocketGroup=$SERVICE_USER
SocketMode=0600
DirectoryMode=0755
Backlog=8
TriggerLimitIntervalSec=0

[Install]
WantedBy=sockets.target
TEXT
}

# Root without any capability and without a network: it verifies, and lets systemd start each step as a unit of its own.
# It sees what processes run here (so no ProtectProc), talks to systemd and Docker (so AF_UNIX, and no PrivateUsers), and
# puts the agent's updates in their places after it has verified them (so PREFIX is writable, and there is room for one).
# One that fails at its start is started again at once by what waits at the socket: a second of rest, and no limit.
root_unit_text() {
  cat <<TEXT
[Unit]
Description=Stoa agent, privileged steps of signed jobs
Documentation=$HUB
Requires=stoa-agent-root.socket
After=stoa-agent-root.socket
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=$PREFIX/stoa-agent root
ExecStopPost=-/bin/sh -c '[ "\$\$SERVICE_RESULT" = success ] || sleep 1'
TimeoutStopSec=30
UMask=0077
StateDirectory=stoa-agent-root
StateDirectoryMode=0700
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=$PREFIX
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateNetwork=yes
IPAddressDeny=any
DevicePolicy=closed
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources @mount
MemoryMax=512M
TasksMax=64
TEXT
}

# Whom the privileged unit obeys: the root that was just proven, and the node that has just joined. Root's own file.
pin_trust() {
  mkdir -p "$ROOT_CONFIG" && chmod 755 "$ROOT_CONFIG" &&
    (
      set -a
      # shellcheck disable=SC1091
      [ ! -r "$PREFIX/agent.env" ] || . "$PREFIX/agent.env"
      set +a
      "$PREFIX/stoa-agent" root pin --root "$TOKEN_ROOT" \
        --region "$TOKEN_REGION" --data "$DATA" --config "$ROOT_CONFIG"
    )
}
start_root() {
  systemctl daemon-reload && systemctl enable -q stoa-agent-root.socket && systemctl restart stoa-agent-root.socket
}

# FILE MODE: $WORK/new becomes it, whole or not at all. CHANGED tells whether it differed.
write_file() {
  if cmp -s "$WORK/new" "$1"; then return 0; fi
  if [ "$DRY_RUN" = yes ]; then
    say "would: write $1"
    return 0
  fi
  say "write $1"
  mkdir -p "${1%/*}"
  cp "$WORK/new" "$1.new"
  chmod "$2" "$1.new"
  mv -f "$1.new" "$1"
  CHANGED=yes
}

# What lies in $DATA is the agent's: its user may put a link there in place of any file, and root must not follow it.
as_agent() {
  if [ "$SERVICE" = yes ]; then runuser -u "$SERVICE_USER" -- "$@"; else "$@"; fi
}
join_region() {
  # shellcheck disable=SC2016
  printf '%s\n' "$TOKEN" | as_agent sh -c 'umask 077 && rm -f "$1" && cat >"$1"' sh "$DATA/join-token" || return 1
  joined=0
  "$PREFIX/bin/stoa-agent" enroll --token-file "$DATA/join-token" --yes || joined=1
  as_agent rm -f "$DATA/join-token"
  return "$joined"
}
start_service() {
  systemctl daemon-reload && systemctl enable -q stoa-agent.service && systemctl restart stoa-agent.service
}

# The agent makes its socket within a second or two; the doctor asks for it.
await_agent() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ ! -S "$DATA/status.sock" ] || return 0
    sleep 1
  done
}

run_doctor() {
  [ "$SERVICE" = no ] || await_agent
  say "How the doctor finds it:"
  report=$DATA/doctor.json
  as_agent rm -f "$report"
  "$PREFIX/bin/stoa-agent" doctor --report "$report" || say "(what the doctor found does not undo the installation)"
  as_agent dd if="$report" bs=65536 count=1 >"$WORK/doctor.json" 2>/dev/null || true
  as_agent rm -f "$report"
  if [ -n "$TOKEN_ID" ] && [ -s "$WORK/doctor.json" ]; then
    post "$HUB/join-report" "$WORK/doctor.json" 2>/dev/null || say "(the hub's checklist could not be told)"
  fi
}

install() {
  detect_platform
  detect_init
  require_tools
  [ -n "$TOKEN" ] || [ -n "$(cat "$PREFIX/.root" 2>/dev/null)" ] || [ -t 0 ] || IFS= read -r TOKEN || TOKEN=''
  if [ -n "$TOKEN" ] || ! [ -s "$PREFIX/.root" ]; then
    read_token
    say "$HUB, region $TOKEN_REGION, owner $TOKEN_OWNER"
  else
    # Installed before: the root that was proven then still holds.
    TOKEN_ROOT=$(cut -d ' ' -f 1 "$PREFIX/.root")
    TOKEN_REGION=$(cut -d ' ' -f 2 "$PREFIX/.root")
  fi
  read_statement
  say "stoa-agent $VERSION for $PLATFORM: the signatures hold, from root $TOKEN_ROOT to archive $SHA256"
  CHANGED=no
  if is_installed; then
    if runs_another; then
      act "run stoa-agent $VERSION, which $PREFIX has, instead of ${HERE:-what its updates brought}" take_over
      CHANGED=yes
    fi
  elif is_newer_here; then
    say "stoa-agent $HERE is here, which is newer: it stays, unless --version $VERSION asks for this one"
  else
    act "download stoa-agent $VERSION, test it, and put it in $PREFIX" download
    CHANGED=yes
  fi
  if [ "$SERVICE" = yes ] && ! id "$SERVICE_USER" >/dev/null 2>&1; then act "add the user $SERVICE_USER" make_user; fi
  [ -d "$DATA" ] || act "make $DATA" make_data
  command_text >"$WORK/new"
  write_file "$PREFIX/bin/stoa-agent" 755
  settings_text >"$WORK/new"
  if [ -s "$WORK/new" ] && ! [ -e "$PREFIX/agent.env" ]; then write_file "$PREFIX/agent.env" 600; fi
  printf '%s %s\n' "$TOKEN_ROOT" "$TOKEN_REGION" >"$WORK/new"
  write_file "$PREFIX/.root" 644
  if [ "$PREFIX" = "$USUAL_PREFIX" ] && [ "$(readlink "$COMMAND" 2>/dev/null)" != "$PREFIX/bin/stoa-agent" ]; then
    act "link $COMMAND" ln -sfn "$PREFIX/bin/stoa-agent" "$COMMAND"
  fi
  if is_joined; then
    [ -z "$TOKEN" ] || say "this host is a node already: the token was not used"
  else
    act "join region $TOKEN_REGION" join_region
    CHANGED=yes
  fi
  if [ "$SERVICE" = yes ]; then
    root_socket_text >"$WORK/new"
    write_file "$ROOT_SOCKET" 644
    root_unit_text >"$WORK/new"
    write_file "$ROOT_UNIT" 644
    [ -e "$ROOT_CONFIG/trust" ] || act "write $ROOT_CONFIG/trust, whom the privileged unit obeys" pin_trust
    if [ "$CHANGED" = yes ]; then act "start stoa-agent-root.socket" start_root; fi
    unit_text >"$WORK/new"
    write_file "$UNIT" 644
    if [ "$CHANGED" = yes ] || ! systemctl is-active -q stoa-agent.service; then
      act "start stoa-agent.service" start_service
    fi
  fi
  if [ -e "$PREFIX/versions" ]; then act "remove the programs of earlier agents, $PREFIX/versions" drop_old_layout; fi
  if [ "$DRY_RUN" = yes ]; then
    say "Dry run: nothing was changed."
  elif [ "$CHANGED" = no ]; then
    say "Nothing to do: it is installed and joined."
  else
    run_doctor
    say "Done. $(if [ "$SERVICE" = yes ]; then printf 'Look at it with: %s status' stoa-agent; else printf 'Start it with: %s run' "$PREFIX/bin/stoa-agent"; fi)"
  fi
}

# ---- taking it away ----------------------------------------------------------------------------------------------

remove_service() {
  if has systemctl && [ -d /run/systemd/system ]; then
    systemctl disable -q --now stoa-agent.service
    if [ -e "$ROOT_SOCKET" ]; then
      systemctl disable -q --now stoa-agent-root.socket
      systemctl stop stoa-agent-root.service
    fi
  fi
  rm -f "$UNIT" "$ROOT_SOCKET" "$ROOT_UNIT"
  if has systemctl && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
}
remove_program() {
  for name in stoa-agent stoa-agent.prev guard.sh THIRD-PARTY-LICENCES stoa-agent.cdx.json .sha256 .new versions current \
    slots roots runtimes selection.json runtime-trial runtime-failed bin/stoa-agent .root .stoa-agent .user-made; do
    rm -rf "${PREFIX:?}/$name"
  done
  rmdir "$PREFIX/bin" "$PREFIX" 2>/dev/null || true
}
remove_data() {
  rm -rf "$DATA" "$PREFIX/agent.env"
  if [ "$PREFIX" = "$USUAL_PREFIX" ]; then rm -rf "$ROOT_CONFIG" "$ROOT_STATE"; fi
  rmdir "$PREFIX" 2>/dev/null || true
}
remove_user() { if has userdel; then userdel "$SERVICE_USER"; else deluser "$SERVICE_USER"; fi; }

uninstall() {
  user_made=no
  [ ! -e "$PREFIX/.user-made" ] || user_made=yes
  if [ -e "$UNIT" ] && grep -q "^ExecStart=$PREFIX/" "$UNIT"; then act "stop and remove stoa-agent.service" remove_service; fi
  if [ "$(readlink "$COMMAND" 2>/dev/null)" = "$PREFIX/bin/stoa-agent" ]; then act "remove $COMMAND" rm -f "$COMMAND"; fi
  if [ -e "$PREFIX/.stoa-agent" ]; then
    act "remove the program from $PREFIX" remove_program
  else
    say "no agent is installed in $PREFIX"
  fi
  if [ "$PURGE" = yes ] && [ -d "$DATA" ]; then
    act "remove $DATA, the node's identity with it" remove_data
  elif [ -d "$DATA" ]; then
    say "kept: $DATA and agent.env, the node's identity, settings and logs; --purge removes them"
  fi
  if [ "$PURGE" = yes ] && [ "$user_made" = yes ] && id "$SERVICE_USER" >/dev/null 2>&1; then
    act "remove the user $SERVICE_USER" remove_user
  fi
  [ "$DRY_RUN" = yes ] || say "Done. The node is still on the hub's list: retire it there."
}

# ---- the command line --------------------------------------------------------------------------------------------

require_value() { [ -n "$2" ] || die "$1 takes a value: see --help"; }

main() {
  set -eu
  umask 022
  DRY_RUN=no SERVICE=yes UNINSTALL=no PURGE=no WANTED='' PREFIX=$USUAL_PREFIX
  TOKEN=${STOA_TOKEN:-} TOKEN_ID=''
  # Nothing that is started from here may see it.
  unset STOA_TOKEN
  complete=no
  while [ $# -gt 0 ]; do
    case $1 in
    end-of-script)
      [ $# -eq 1 ] || die "the last argument is no token"
      complete=yes
      ;;
    --dry-run) DRY_RUN=yes ;;
    --version) require_value "$1" "${2:-}" && WANTED=$2 && shift ;;
    --prefix) require_value "$1" "${2:-}" && PREFIX=$2 && shift ;;
    --no-service) SERVICE=no ;;
    --uninstall) UNINSTALL=yes ;;
    --purge) PURGE=yes ;;
    --help | -h)
      usage
      exit 0
      ;;
    -*) die "there is no option $1: see --help" ;;
    *) TOKEN=$1 ;;
    esac
    shift
  done
  [ "$complete" = yes ] || die "this script was cut on its way here: fetch it again"
  case $HUB in
  https://* | http://127.0.0.1 | http://127.0.0.1:* | http://localhost | http://localhost:*) ;;
  *) die "$HUB is no https:// address: whoever runs the hub sets PUBLIC_URL" ;;
  esac
  case $PREFIX in
  / | *//* | */ | *[!A-Za-z0-9/._-]* | */../* | */..) die "--prefix $PREFIX: an absolute path of letters, digits, '.', '_' and '-' expected" ;;
  /*) ;;
  *) die "--prefix $PREFIX: an absolute path expected" ;;
  esac
  case $WANTED in *[!0-9.]*) die "--version $WANTED: a version such as 0.1.0 expected" ;; esac
  [ "$PURGE" = no ] || [ "$UNINSTALL" = yes ] || die "--purge goes with --uninstall"
  if [ "$PREFIX" = "$USUAL_PREFIX" ]; then DATA=$USUAL_DATA; else DATA=$PREFIX/data; fi
  if [ "$(id -u)" != 0 ] && { [ "$SERVICE" = yes ] || [ "$PREFIX" = "$USUAL_PREFIX" ]; } && [ "$UNINSTALL$DRY_RUN" = nono ]; then
    die "run it as root (sudo sh), or with --prefix DIR --no-service"
  fi
  WORK=$(mktemp -d) || die "no temporary directory can be made"
  # shellcheck disable=SC2064
  trap "rm -rf '$WORK'" EXIT
  trap 'exit 130' INT TERM HUP
  chmod 700 "$WORK"
  if [ "$UNINSTALL" = yes ]; then uninstall; else install; fi
}

main "$@" end-of-script
