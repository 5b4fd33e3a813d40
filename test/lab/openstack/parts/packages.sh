# What Debian bookworm has of OpenStack (Zed). Sourced by up.

needed_packages() {
  echo mariadb-server rabbitmq-server memcached uwsgi-plugin-python3 python3-openstackclient
  echo iproute2 iptables ipset ebtables conntrack bridge-utils procps curl
  if has keystone; then echo keystone; fi
  if has glance; then echo glance-api; fi
  if has neutron; then
    echo neutron-server neutron-linuxbridge-agent neutron-dhcp-agent neutron-l3-agent neutron-metadata-agent
    echo dnsmasq-base dnsmasq-utils haproxy iputils-arping iputils-ping
    if [ -n "$nodes" ]; then echo socat; fi
    if [ -n "$ovs" ]; then echo openvswitch-switch neutron-openvswitch-agent; fi
  fi
  # qemu-system-common has qemu-storage-daemon, which makes a disk of a qcow2 file.
  # cinder-backup fails where there is no dmidecode at all.
  if has cinder; then echo cinder-api cinder-scheduler cinder-volume cinder-backup qemu-utils qemu-system-common dmidecode; fi
  if has placement; then echo placement-api python3-osc-placement; fi
  # Not nova-compute: it needs libvirt and qemu. Its code is in python3-nova, which these need.
  if has nova; then echo nova-api nova-conductor nova-scheduler; fi
  if has heat; then echo heat-api heat-engine python3-heatclient; fi
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_packages: those that are missing; 166 MB and 3.5 minutes where all are
install_packages() {
  local package missing=() policy=/usr/sbin/policy-rc.d made_policy= status=0
  for package in $(needed_packages); do
    is_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} = 0 ]; then return 0; fi
  command -v apt-get >/dev/null || fail "this machine lacks Debian's packages: ${missing[*]}"
  [ "$(id -u)" = 0 ] || fail "only root can install what is missing: ${missing[*]}"
  # None of them may start itself: they run from here, with their state in the lab's folder.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made_policy=1
  fi
  say "installing ${#missing[@]} packages, log in $log/apt.log"
  {
    apt-get update &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-unsafe-io "${missing[@]}"
  } >"$log/apt.log" 2>&1 </dev/null 9>&- || status=$?
  if [ -n "$made_policy" ]; then rm -f "$policy"; fi
  [ $status = 0 ] || fail_with_log "apt-get could not install ${missing[*]}" "$log/apt.log"
  say "packages are installed"
}
