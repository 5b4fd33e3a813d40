# The services themselves. Sourced by up.

# start_wsgi NAME PORT FILE VARIABLE=VALUE: under uwsgi. It does not end a kept connection properly, which clients then
# take for a failure; so it keeps none.
start_wsgi() {
  start "$1" env "$4" uwsgi_python3 --http-socket "127.0.0.1:$2" --wsgi-file "$3" --master --processes 1 --threads 4 \
    --enable-threads --lazy-apps --buffer-size 65535 --die-on-term --no-orphans --need-app \
    --add-header 'Connection: close' --disable-logging
}

start_keystone() {
  start_wsgi keystone 5000 /usr/bin/keystone-wsgi-public "OS_KEYSTONE_CONFIG_FILES=$etc/keystone/keystone.conf"
  wait_for keystone 60 answers "$keystone"
}

# Projects, users and the catalog are made over the API.
create_identity() {
  env LAB_KEYSTONE="$keystone" LAB_PASSWORD="$password" LAB_REGION="$region" /usr/bin/python3 "$here/identity.py"
}

neutron=(--config-file "$etc/neutron/neutron.conf")
cinder=(--config-file "$etc/cinder/cinder.conf")
nova=(--config-file "$etc/nova/nova.conf")
heat=(--config-file "$etc/heat/heat.conf")

# add_bridge NAME ADDRESS
add_bridge() {
  if ip link show "$1" >/dev/null 2>&1; then return 0; fi
  ip link add "$1" type bridge
  ip addr add "$2" dev "$1"
  ip link set "$1" up
}

# The agents come once the server has taken their configuration: they ask it for theirs.
start_neutron() {
  add_bridge br-labtun "$tunnel_net.1/24"
  add_bridge br-labext "$external_net.1/24"
  start neutron-server neutron-server "${neutron[@]}" --config-file "$etc/neutron/ml2_conf.ini"
}

start_neutron_agents() {
  wait_for neutron-server 120 answers http://127.0.0.1:9696/
  say "neutron-server answers"
  start neutron-linuxbridge-agent neutron-linuxbridge-agent "${neutron[@]}" \
    --config-file "$etc/neutron/linuxbridge_agent.ini"
  start neutron-dhcp-agent neutron-dhcp-agent "${neutron[@]}" --config-file "$etc/neutron/dhcp_agent.ini"
  start neutron-l3-agent neutron-l3-agent "${neutron[@]}" --config-file "$etc/neutron/l3_agent.ini"
}

start_glance() {
  start glance-api glance-api --config-file "$etc/glance/glance-api.conf"
}

start_placement() {
  start_wsgi placement-api 8778 /usr/bin/placement-api "OS_PLACEMENT_CONFIG_DIR=$etc/placement"
}

shim=/usr/sbin/mount.nfs
start_cinder() {
  # Debian's own, of nfs-common, stays.
  if [ ! -e $shim ] || grep -q stowage-openstack-lab $shim; then install -m 755 "$here/mount.nfs" $shim; fi
  start cinder-api cinder-api "${cinder[@]}"
  start cinder-scheduler cinder-scheduler "${cinder[@]}"
  start cinder-volume cinder-volume "${cinder[@]}"
  start cinder-backup cinder-backup "${cinder[@]}"
}

start_nova() {
  start nova-api nova-api "${nova[@]}"
  start nova-conductor nova-conductor "${nova[@]}"
  start nova-scheduler nova-scheduler "${nova[@]}"
}

# The program of the package nova-compute without the package, which needs libvirt.
start_nova_compute() {
  local program='import sys; sys.argv[0] = "nova-compute"; from nova.cmd.compute import main; sys.exit(main())'
  start nova-compute /usr/bin/python3 -c "$program" "${nova[@]}"
}

start_heat() {
  start heat-api heat-api "${heat[@]}"
  start heat-engine heat-engine "${heat[@]}"
}

# wait_for_api NAME PORT
wait_for_api() {
  wait_for "$1" 120 answers "http://127.0.0.1:$2/"
  say "$1 answers"
}

# settle: agents and workers say that they are up; then the network `external` is made
settle() {
  env LAB_KEYSTONE="$keystone" LAB_PASSWORD="$password" LAB_REGION="$region" LAB_SERVICES="$services" \
    LAB_HOSTS="$host $nodes${ovs:+ ovs1}" LAB_EXTERNAL_NET="$external_net" /usr/bin/python3 "$here/settle.py"
}
