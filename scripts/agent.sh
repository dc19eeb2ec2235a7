#!/bin/sh
# `pnpm agent …`: this checkout's agent command line; unless told otherwise, for the agent that `npm start` runs.
if [ -z "$STOA_AGENT_DATA" ]; then
  if [ "$(id -u)" = 0 ]; then hub=/var/lib/stoa-hub; else hub="$HOME/.local/share/stoa-hub"; fi
  STOA_AGENT_DATA="${DATA_DIR:-$hub}/agent"
  export STOA_AGENT_DATA
fi
# Node's type stripping is what a short command waits for; its cache makes `status` answer in a third of the time.
NODE_COMPILE_CACHE=node_modules/.cache/node exec node packages/agent/src/main.ts "$@"
