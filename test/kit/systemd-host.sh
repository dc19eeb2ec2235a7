#!/bin/sh
# A host that systemd runs, in namespaces of its own over a copy-on-write view of this machine's files: WORK is an empty
# directory that is its scratch. Services of this machine are not started; the network is shared.
set -eu
mount --make-rprivate /
mount -t tmpfs none "$WORK"
mkdir "$WORK/upper" "$WORK/work" "$WORK/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$WORK/upper,workdir=$WORK/work" "$WORK/root"
root=$WORK/root
for wants in local-fs sysinit basic sockets timers multi-user paths; do
  rm -rf "$root/lib/systemd/system/$wants.target.wants" "$root/etc/systemd/system/$wants.target.wants"
done
cat >"$root/etc/systemd/system/stoa-test.target" <<UNIT
[Unit]
Description=A host for tests
Requires=dbus.socket
UNIT
: >"$root/etc/fstab"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs none "$root/run"
umount -R "$root/sys/fs/cgroup"
mount -t tmpfs none "$root/sys/fs/cgroup"
mkdir "$root/sys/fs/cgroup/systemd"
mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd" 2>/dev/null || {
  umount "$root/sys/fs/cgroup"
  mount -t cgroup2 none "$root/sys/fs/cgroup"
}
cd "$root"
exec chroot "$root" /usr/bin/env -i container=stoa-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=stoa-test.target --log-target=console --show-status=false
