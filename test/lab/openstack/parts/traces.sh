# What the agents leave in the kernel when they end, and its removal. Sourced by down.
# A machine that runs this lab has no other Neutron: what has Neutron's names is the lab's.

remove_namespaces() {
  local file name
  for name in $(ip netns list | awk '$1 ~ /^(qdhcp|qrouter)-[0-9a-f-]{36}$/ { print $1 }'); do
    ip netns del "$name" || true
  done
  # More hosts: those that `up` wrote a configuration for.
  for file in "$lab"/etc/neutron/*.ini; do
    name=$(basename "$file" .ini)
    if [ -d "$lab/neutron-$name" ]; then ip netns del "$name" 2>/dev/null || true; fi
  done
}

remove_links() {
  local link
  for link in $(ip -o link show type bridge |
    awk -F': ' '$2 ~ /^brq[0-9a-f-]{11}$/ || $2 == "br-labtun" || $2 == "br-labext" { print $2 }'); do
    ip link del "$link" || true
  done
  for link in $(ip -o -d link show type vxlan | awk -F': ' "/local $tunnel_net.1 / { print \$2 }"); do
    ip link del "${link%%@*}" || true
  done
  if [ -d "$lab/ovs" ]; then
    for link in br-int br-tun ovs-netdev; do ip link del "$link" 2>/dev/null || true; done
  fi
}

remove_firewall() {
  local command table rules set
  for command in iptables ip6tables; do
    for table in filter nat mangle raw; do
      rules=$("$command-save" -t $table 2>/dev/null | grep -- neutron-) || continue
      {
        echo "*$table"
        echo "$rules" | sed -n 's/^-A/-D/p'
        echo "$rules" | sed -n 's/^:\(neutron-[^ ]*\) .*/-X \1/p'
        echo COMMIT
      } | "$command-restore" --noflush || true
    done
  done
  for set in $(ipset list -n 2>/dev/null | grep -E '^N?IPv[46]'); do ipset destroy "$set" || true; done
  for table in nat filter; do remove_bridge_rules $table; done
}

# remove_bridge_rules TABLE
remove_bridge_rules() {
  local chain rule chains
  command -v ebtables >/dev/null || return 0
  ebtables -t "$1" -L 2>/dev/null |
    awk '/^Bridge chain:/ { gsub(",", "", $3); chain = $3 } /-j neutron/ { print chain, $0 }' |
    while read -r chain rule; do
      # shellcheck disable=SC2086 # the rule is words
      ebtables -t "$1" -D "$chain" $rule || true
    done
  chains=$(ebtables -t "$1" -L 2>/dev/null | awk '/^Bridge chain: neutron/ { gsub(",", "", $3); print $3 }')
  # None can go while another one jumps to it.
  for chain in $chains; do ebtables -t "$1" -F "$chain" || true; done
  for chain in $chains; do ebtables -t "$1" -X "$chain" || true; done
}

release_disks() {
  local device mounted
  for device in $(losetup -n -O NAME,BACK-FILE 2>/dev/null | awk -v folder="$lab/" 'index($2, folder) == 1 { print $1 }'); do
    losetup -d "$device" || true
  done
  for mounted in $(awk -v folder="$lab/" 'index($2, folder) == 1 { print $2 }' /proc/mounts); do
    umount "$mounted" || umount -l "$mounted" || true
  done
  if grep -q stowage-openstack-lab /usr/sbin/mount.nfs 2>/dev/null; then rm -f /usr/sbin/mount.nfs; fi
}
