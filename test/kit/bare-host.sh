# A machine of its own as far as files, processes and network go: this one's files below, what is written above them in
# memory, and an sshd. Run as root by bare-host.ts within `ip netns exec NAME unshare --mount --pid --fork`.
# DIR SIZE ADDRESS USER PASSWORD SUDO IMAGE
set -e
dir=$1 size=$2 address=$3 user=$4 password=$5 sudo=$6 image=$7
mount --make-rprivate /
mount -t tmpfs -o "size=$size" tmpfs "$dir"
mkdir "$dir/up" "$dir/work" "$dir/root"
[ -z "$image" ] || cp -a "$image/." "$dir/up"
mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/up,workdir=$dir/work" "$dir/root"
mount -t proc proc "$dir/root/proc"
mount --rbind /dev "$dir/root/dev"
ip link set lo up
ip address add "$address/30" dev stoa0
ip link set stoa0 up
cat >"$dir/root/etc/stoa-sshd.conf" <<TEXT
Port 22
HostKey /etc/stoa-ssh-host
PidFile none
UsePAM no
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin no
Subsystem sftp internal-sftp
TEXT
cat >"$dir/root/tmp/stoa-setup" <<TEXT
set -e
userdel stoa 2>/dev/null || true
[ -n "$image" ] || rm -rf /opt/stoa-agent
rm -rf /var/lib/stoa-agent /usr/local/bin/stoa-agent /etc/systemd/system/stoa-agent.service
rm -f /etc/sudoers.d/*
ssh-keygen -q -t ed25519 -N '' -f /etc/stoa-ssh-host
useradd -m -s /bin/sh $user
echo '$user:$password' | chpasswd
case $sudo in
free) echo '$user ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/$user ;;
asks) echo '$user ALL=(ALL) ALL' >/etc/sudoers.d/$user ;;
esac
mkdir -p /run/sshd
TEXT
chroot "$dir/root" sh /tmp/stoa-setup
rm "$dir/root/tmp/stoa-setup"
# Not this shell's place: as process 1 it collects what orphans leave behind.
chroot "$dir/root" /usr/sbin/sshd -D -e -f /etc/stoa-sshd.conf &
while :; do wait $! && exit 0; done
