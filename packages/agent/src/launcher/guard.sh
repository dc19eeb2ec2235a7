#!/bin/sh
# Before each start of the service, as root (ExecStartPre=-+): a runtime on trial that was started three times and did not
# prove itself gives way to the one before it. That runtime may die before any code of its own, so this is none of its code.
# Whatever goes wrong here, the service is started.
cd "$(dirname "$0")" || exit 0
[ -f runtime-trial ] || exit 0
count=3 about=''
read -r count about <runtime-trial || :
case $count in '' | *[!0-9]*) count=3 ;; esac
if [ "$count" -lt 3 ] && [ -f stoa-agent.prev ]; then
  # A start that can't be counted must not be one of many.
  printf '%s %s\n' "$((count + 1))" "$about" >runtime-trial.new && mv -f runtime-trial.new runtime-trial && exit 0
fi
# The exchange was cut before it was one: there is nothing to judge.
if cmp -s stoa-agent stoa-agent.prev; then
  rm -f runtime-trial stoa-agent.prev
  exit 0
fi
[ ! -f stoa-agent.prev ] || mv -f stoa-agent.prev stoa-agent || exit 0
rm -f runtime-trial.new
mv -f runtime-trial runtime-failed || rm -f runtime-trial
sync
exit 0
