#!/bin/sh
# A service manager of one service, for a mount namespace without systemd: starts what the unit says, as its user.
unit=/etc/systemd/system/stoa-agent.service
pid=/run/stoa-agent.pid
case $* in
*is-active*) kill -0 "$(cat "$pid" 2>/dev/null)" 2>/dev/null ;;
*restart*)
  [ ! -e "$pid" ] || kill "$(cat "$pid")"
  data=$(sed -n 's/^Environment=//p' "$unit")
  # shellcheck disable=SC2046
  setsid runuser -u stoa -- env "$data" CHAINWEB_URL="$CHAINWEB_URL" CHAINWEB_NETWORK="$CHAINWEB_NETWORK" \
    $(sed -n 's/^ExecStart=//p' "$unit") >/dev/null 2>&1 &
  echo $! >"$pid"
  ;;
*disable*)
  kill "$(cat "$pid")"
  rm "$pid"
  ;;
esac
