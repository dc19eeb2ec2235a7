/** What a person copies to let hosts in, with the token in it. */
export interface Snippets {
  readonly command: string;
  /** The same in steps, for who reads before running. */
  readonly readFirst: string;
  readonly cloudInit: string;
  readonly ansible: string;
}

export function snippets(by: { origin: string; sha256: string; token: string }): Snippets {
  const { origin, sha256, token } = by;
  const script = `${origin}/install.sh`;
  return {
    command: `curl -fsS ${script} | sudo sh -s -- ${token}`,
    readFirst: `curl -fsSO ${script}
echo '${sha256}  install.sh' | sha256sum -c
less install.sh
sudo sh install.sh --dry-run ${token}
sudo sh install.sh ${token}`,
    cloudInit: `#cloud-config
packages: [curl, openssl]
write_files:
  - path: /run/stoa-token
    permissions: '0600'
    content: ${token}
runcmd:
  - curl -fsSo /run/stoa-install.sh ${script}
  - echo '${sha256}  /run/stoa-install.sh' | sha256sum -c && sh /run/stoa-install.sh </run/stoa-token
  - rm -f /run/stoa-token /run/stoa-install.sh
`,
    ansible: `- hosts: stoa_nodes
  become: true
  vars:
    # A secret: keep it in your vault.
    stoa_token: ${token}
  tasks:
    - name: Fetch the installer of the hub
      ansible.builtin.get_url:
        url: ${script}
        checksum: sha256:${sha256}
        dest: /root/stoa-install.sh
        mode: '0700'
    - name: Install and join
      ansible.builtin.command:
        cmd: sh /root/stoa-install.sh
        creates: /var/lib/stoa-agent/identities/default/identity
      environment:
        STOA_TOKEN: '{{ stoa_token }}'
      no_log: true
`,
  };
}
