# More hosts for Neutron, beside this machine. Sourced by up.

start_hosts() {
  local node number=10
  for node in $nodes; do
    start_node "$node" $number
    number=$((number + 1))
  done
  if [ -n "$ovs" ]; then start_ovs; fi
}

# start_node NAME NUMBER: a network namespace with an L2 agent; NUMBER is the end of its address
start_node() {
  local name=$1 number=$2 port address=$tunnel_net.$2
  if ! ip netns list | grep -q "^$name\( \|$\)"; then
    ip netns add "$name"
    ip link add "vlab$number" type veth peer name tun0 netns "$name"
    ip link set "vlab$number" master br-labtun up
    ip -n "$name" link set lo up
    ip -n "$name" addr add "$address/24" dev tun0
    ip -n "$name" link set tun0 up
  fi
  # The services listen on this machine's loopback, and a unix socket crosses namespaces.
  for port in $queue_port 5000 8774 8776 8778 9292 9696; do
    start "relay-$port" socat "UNIX-LISTEN:$run/relay-$port.sock,fork,unlink-early" "TCP:127.0.0.1:$port"
    start "relay-$name-$port" ip netns exec "$name" \
      socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" "UNIX-CONNECT:$run/relay-$port.sock"
  done
  mkdir -p "$lab/neutron-$name/lock"
  cat >"$etc/neutron/$name.ini" <<X
[DEFAULT]
host = $name
state_path = $lab/neutron-$name

[oslo_concurrency]
lock_path = $lab/neutron-$name/lock

[linux_bridge]
bridge_mappings =

[vxlan]
local_ip = $address
X
  start "neutron-linuxbridge-agent-$name" ip netns exec "$name" neutron-linuxbridge-agent "${neutron[@]}" \
    --config-file "$etc/neutron/linuxbridge_agent.ini" --config-file "$etc/neutron/$name.ini"
}

start_ovs() {
  local folder=$lab/ovs environment
  mkdir -p "$folder" "$lab/neutron-ovs1/lock"
  [ -e "$folder/conf.db" ] || ovsdb-tool create "$folder/conf.db" /usr/share/openvswitch/vswitch.ovsschema
  environment=(OVS_RUNDIR="$folder" OVS_DBDIR="$folder" OVS_SYSCONFDIR="$folder" OVS_LOGDIR="$log")
  start ovsdb-server env "${environment[@]}" ovsdb-server "$folder/conf.db" --remote="punix:$folder/db.sock" \
    --remote=ptcp:6640:127.0.0.1 --unixctl="$folder/ovsdb.ctl" --pidfile="$folder/ovsdb-server.pid"
  wait_for ovsdb-server 20 listens 6640
  ovs-vsctl --db="unix:$folder/db.sock" --no-wait init
  ovs-vsctl --db="unix:$folder/db.sock" --no-wait set open . external_ids:system-id=ovs1
  start ovs-vswitchd env "${environment[@]}" ovs-vswitchd "unix:$folder/db.sock" \
    --unixctl="$folder/vswitchd.ctl" --pidfile="$folder/ovs-vswitchd.pid"
  cat >"$etc/neutron/ovs.ini" <<X
[DEFAULT]
host = ovs1
state_path = $lab/neutron-ovs1

[oslo_concurrency]
lock_path = $lab/neutron-ovs1/lock

[ovs]
datapath_type = netdev
ovsdb_connection = tcp:127.0.0.1:6640
of_listen_address = 127.0.0.1
of_listen_port = 6633
bridge_mappings =
local_ip = $tunnel_net.1

[agent]
tunnel_types = vxlan
l2_population = true

$(firewall_section openvswitch)
X
  start neutron-openvswitch-agent env "${environment[@]}" neutron-openvswitch-agent "${neutron[@]}" \
    --config-file "$etc/neutron/ovs.ini"
}
