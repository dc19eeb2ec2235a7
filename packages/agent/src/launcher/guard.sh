#!/bin/sh
# Before each start, by whoever owns the program (ExecStartPre=-+, or the command): a runtime on trial that was started three
# times in a row and never stayed up for a minute gives way to the one before it. That runtime may die before any code of its
# own, so this is none of its code. Whatever goes wrong here, the agent is started.
cd "$(dirname "$0")" || exit 0
[ -f runtime-trial ] || exit 0
count=3 verdict=yes
read -r count _ <runtime-trial || :
case $count in [0-2]) ;; *) count=3 ;; esac
if [ "$count" -lt 3 ] && [ -f stoa-agent.prev ]; then
  # In place: a full disk has room for that. A start that can't be counted must not be one of many, and is no verdict.
  printf %s "$((count + 1))" | dd of=runtime-trial bs=1 count=1 conv=notrunc 2>/dev/null && exit 0
  verdict=no
fi
# The exchange was cut before it was one: there is nothing to judge.
if cmp -s stoa-agent stoa-agent.prev; then
  rm -f runtime-trial stoa-agent.prev
  exit 0
fi
[ ! -f stoa-agent.prev ] || mv -f stoa-agent.prev stoa-agent || exit 0
if [ "$verdict" = no ] || ! mv -f runtime-trial runtime-failed; then rm -f runtime-trial; fi
sync
exit 0
