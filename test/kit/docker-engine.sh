#!/bin/sh
# Docker's engine and a registry, from the distribution, on a host of SystemdHost; prints the digest of an image with the
# stand-in for chainweb-node, and that of another one. REGISTRY is the port that the registry listens on. The engine has no bridge: nodes use the
# host's network.
set -eu
cd /
export DEBIAN_FRONTEND=noninteractive
# Another version of the command line on this machine.
rm -f /usr/local/bin/docker
{
  apt-get update -qq
  apt-get install -y -qq -o DPkg::Lock::Timeout=300 --no-install-recommends docker.io docker-registry
  mkdir -p /etc/docker
  echo '{"bridge":"none","iptables":false,"storage-driver":"vfs","exec-opts":["native.cgroupdriver=cgroupfs"]}' >/etc/docker/daemon.json
  cat >/etc/docker/registry/config.yml <<CONFIG
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}}
http: {addr: "127.0.0.1:$REGISTRY"}
CONFIG
  systemctl start docker docker-registry
  rm -rf /image
  mkdir -p /image/opt/chainweb
  cp /opt/chainweb/stand-in.mjs /image/opt/chainweb
  cp --dereference /opt/chainweb/chainweb-node /image/chainweb-node
  ldd /image/chainweb-node | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "/image$(dirname "$library")"
    cp --dereference "$library" "/image$library"
  done
  mkdir -p /image/proc /image/sys /image/dev /image/tmp
  # Debian 12 has no `docker compose`; the next release has it as a plugin, one program.
  keys=/usr/share/keyrings/debian-archive-keyring.gpg
  own=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
    awk -v own="$own" '$1 == own { print $2; exit }')
  echo "deb [signed-by=$keys] $mirror trixie main" >/etc/apt/sources.list.d/next.list
  apt-get update -qq
  cd /tmp
  apt-get download -qq docker-compose/trixie
  dpkg --extract docker-compose_*.deb /
  rm /etc/apt/sources.list.d/next.list
  cd /
  docker compose version
  for tag in 1 2; do
    name=127.0.0.1:$REGISTRY/chainweb:$tag
    tar --create --directory /image . |
      docker import --change 'ENTRYPOINT ["/chainweb-node"]' --change "LABEL made=$tag" - "$name"
    docker push "$name"
  done
} >/var/log/docker-engine.log 2>&1 || {
  tail -40 /var/log/docker-engine.log >&2
  exit 1
}
for tag in 1 2; do
  docker inspect --format '{{index .RepoDigests 0}}' "127.0.0.1:$REGISTRY/chainweb:$tag"
  docker rmi --force "127.0.0.1:$REGISTRY/chainweb:$tag" >/dev/null
done
