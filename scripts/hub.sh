#!/bin/sh
# `pnpm hub …`: this checkout's hub command line; unless told otherwise, for the demo that runs from it, if one does.
demo=node_modules/.cache/demo-data
settings=
if [ -z "$DATA_DIR" ] && [ -z "$DATABASE_URL" ] && [ -r "$demo" ]; then
  read -r dir <"$demo"
  [ -r "$dir/hub.env" ] && settings=--env-file=$dir/hub.env
fi
TSX_TSCONFIG_PATH=packages/hub/tsconfig.json exec node ${settings:+"$settings"} --import tsx packages/hub/src/main.ts "$@"
