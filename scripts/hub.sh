#!/bin/sh
# `pnpm hub …`: this checkout's hub command line; unless told otherwise, for the demo that runs from it, if one does.
demo=node_modules/.cache/demo-data
if [ -z "$DATA_DIR" ] && [ -z "$DATABASE_URL" ] && [ -r "$demo" ]; then
  read -r dir <"$demo"
  if [ -d "$dir" ]; then
    DATA_DIR=$dir
    export DATA_DIR
  fi
fi
TSX_TSCONFIG_PATH=packages/hub/tsconfig.json exec node --import tsx packages/hub/src/main.ts "$@"
