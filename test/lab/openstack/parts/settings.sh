# Where the lab is and what it runs. Sourced by up, down and status.

#   OPENSTACK_LAB           folder of its state    (~/.cache/stowage-lab/openstack)
#   OPENSTACK_LAB_SERVICES  what to run            (all of them but Heat)
#   OPENSTACK_LAB_HOST      host name for Neutron, Cinder and Nova (that of the machine)
#   OPENSTACK_LAB_NODES     more L2 hosts, "node2 node3" (none): network namespaces of these names, each with a
#                           linuxbridge agent of its own, joined to the first by vxlan
#   OPENSTACK_LAB_OVS       1: also a host "ovs1" with an Open vSwitch agent on a userspace datapath
lab=${OPENSTACK_LAB:-${STOWAGE_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stowage-lab}/openstack}
services=${OPENSTACK_LAB_SERVICES:-keystone glance neutron cinder placement nova}
host=${OPENSTACK_LAB_HOST:-$(hostname)}
nodes=${OPENSTACK_LAB_NODES:-}
ovs=${OPENSTACK_LAB_OVS:-}

etc=$lab/etc
log=$lab/log
run=$lab/run

region=RegionOne
# Every account's. No secret: it opens what listens on loopback only, and only while tests run.
password=lab-secret

# Those of the services are their usual ones, and those of what only they use are not, so as to be in nobody's way.
database_port=13306
queue_port=25673
cache_port=21211
keystone=http://127.0.0.1:5000/v3
queue=rabbit://guest:guest@127.0.0.1:$queue_port/

# The L2 agents' addresses: their vxlan tunnels' ends, and the network `external`.
tunnel_net=172.31.249
external_net=172.31.250

# has SERVICE: whether it is to run
has() {
  case " $services " in
    *" $1 "*) return 0 ;;
    *) return 1 ;;
  esac
}
