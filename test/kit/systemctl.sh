#!/bin/sh
# A service manager of one service, for a mount namespace without systemd: starts what the unit says, as its user.
unit=/etc/systemd/system/stoa-agent.service
pid=/run/stoa-agent.pid
case $* in
# Started by its socket, which nothing here would open: test/work/kinds-on-host.test.ts has a systemd for it.
*stoa-agent-root*) ;;
*is-active*) kill -0 "$(cat "$pid" 2>/dev/null)" 2>/dev/null ;;
*restart*)
  [ ! -e "$pid" ] || kill "$(cat "$pid")"
  unset CHAINWEB_URL CHAINWEB_NETWORK
  data=$(sed -n 's/^Environment=//p' "$unit")
  settings=$(tr -d "'" <"$(sed -n 's/^EnvironmentFile=-//p' "$unit")")
  # shellcheck disable=SC2046,SC2086
  setsid runuser -u stoa -- env "$data" $settings \
    $(sed -n 's/^ExecStart=//p' "$unit") >/dev/null 2>&1 &
  echo $! >"$pid"
  ;;
*disable*)
  kill "$(cat "$pid")"
  rm "$pid"
  ;;
esac
