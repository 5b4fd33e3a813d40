# The services' configuration files, written anew by each `up`. Sourced by up.

database_url() {
  echo "mysql+pymysql://lab:$password@127.0.0.1:$database_port/$1?charset=utf8"
}

# database_section DATABASE [SECTION]
database_section() {
  cat <<X

[${2:-database}]
connection = $(database_url "$1")
max_pool_size = 5
max_overflow = 20
X
}

# credentials USER: of a service's account, as keystoneauth reads them
credentials() {
  cat <<X
auth_url = $keystone
auth_type = password
username = $1
password = $password
project_name = service
user_domain_name = Default
project_domain_name = Default
X
}

# token_section USER: how a service finds out who asks
token_section() {
  cat <<X

[keystone_authtoken]
www_authenticate_uri = $keystone
$(credentials "$1")
memcached_servers = 127.0.0.1:$cache_port
service_token_roles = service
service_token_roles_required = true
X
}

# client_section SECTION USER: as whom a service speaks to another one
client_section() {
  cat <<X

[$1]
$(credentials "$2")
region_name = $region
X
}

# service_user_section USER: a user's request that takes longer than the user's token lives goes on
service_user_section() {
  client_section service_user "$1"
  echo "send_service_user_token = true"
}

log_options() {
  cat <<X
debug = false
use_stderr = true
X
}

# With [DEFAULT], which stays open for more.
messaging() {
  cat <<X
[DEFAULT]
$(log_options)
transport_url = $queue
rpc_response_timeout = 60
X
}

# common_sections SERVICE [ENFORCE_NEW_DEFAULTS]: with the new defaults, a reader may read and no more; Keystone and
# Placement do not need them for that
common_sections() {
  mkdir -p "$lab/$1/lock"
  cat <<X

[oslo_concurrency]
lock_path = $lab/$1/lock

[oslo_messaging_notifications]
driver = noop

[oslo_policy]
enforce_new_defaults = ${2:-true}
enforce_scope = false

[oslo_messaging_rabbit]
heartbeat_in_pthread = false
X
}

keystone_conf() {
  cat <<X
[DEFAULT]
$(log_options)

[identity]
# The fewest rounds that bcrypt takes: the passwords are no secrets.
password_hash_rounds = 4

[token]
provider = fernet
expiration = 86400

[fernet_tokens]
key_repository = $lab/keystone/fernet-keys

[credential]
key_repository = $lab/keystone/credential-keys

[cache]
enabled = true
backend = oslo_cache.memcache_pool
memcache_servers = 127.0.0.1:$cache_port
X
  database_section keystone
  common_sections keystone false
}

glance_conf() {
  mkdir -p "$lab"/glance/{images,staging}
  cat <<X
[DEFAULT]
$(log_options)
bind_host = 127.0.0.1
bind_port = 9292
workers = 1
node_staging_uri = file://$lab/glance/staging
show_multiple_locations = false
enforce_secure_rbac = true

[glance_store]
stores = file,http
default_store = file
filesystem_store_datadir = $lab/glance/images

[image_format]
disk_formats = ami,ari,aki,vhd,vhdx,vmdk,raw,qcow2,vdi,iso,ploop,docker
container_formats = ami,ari,aki,bare,ovf,ova,docker,compressed

[paste_deploy]
flavor = keystone
config_file = /etc/glance/glance-api-paste.ini
X
  database_section glance
  token_section glance
  common_sections glance
}

neutron_conf() {
  messaging
  cat <<X
host = $host
bind_host = 127.0.0.1
bind_port = 9696
state_path = $lab/neutron
core_plugin = ml2
service_plugins = router,port_forwarding,trunk
api_paste_config = /etc/neutron/api-paste.ini
api_workers = 1
rpc_workers = 1
rpc_state_report_workers = 0
dhcp_agents_per_network = 1
agent_down_time = 30
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
global_physnet_mtu = 1500

[experimental]
linuxbridge = true

[agent]
# They run as root.
root_helper = env
report_interval = 10

[privsep]
helper_command = privsep-helper

[quotas]
# By default 10 groups, one of which each project has by itself, and 100 rules.
quota_security_group = 100
quota_security_group_rule = 1000
X
  database_section neutron
  token_section neutron
  client_section nova nova
  client_section placement placement
  common_sections neutron
}

ml2_conf() {
  cat <<X
[ml2]
type_drivers = flat,vxlan,local
tenant_network_types = vxlan
mechanism_drivers = linuxbridge,openvswitch,l2population
extension_drivers = port_security,dns

[ml2_type_flat]
flat_networks = external

[ml2_type_vxlan]
vni_ranges = 1:1000

$(firewall_section iptables)
X
}

# firewall_section DRIVER
firewall_section() {
  cat <<X
[securitygroup]
enable_security_group = true
enable_ipset = true
firewall_driver = $1
X
}

linuxbridge_agent_conf() {
  cat <<X
[linux_bridge]
bridge_mappings = external:br-labext

[vxlan]
enable_vxlan = true
local_ip = $tunnel_net.1
l2_population = true

[agent]
polling_interval = 1

$(firewall_section iptables)
X
}

dhcp_agent_conf() {
  # By itself dnsmasq becomes `nobody`, who can read nothing below a home folder.
  printf 'user=root\ngroup=root\n' >"$etc/neutron/dnsmasq.conf"
  cat <<X
[DEFAULT]
interface_driver = linuxbridge
dhcp_driver = neutron.agent.linux.dhcp.Dnsmasq
dnsmasq_config_file = $etc/neutron/dnsmasq.conf
enable_isolated_metadata = false
resync_interval = 5
X
}

l3_agent_conf() {
  cat <<X
[DEFAULT]
interface_driver = linuxbridge
agent_mode = legacy
enable_metadata_proxy = false
X
}

cinder_conf() {
  mkdir -p "$lab"/cinder/{mnt,conversion,export,backup}
  chmod 777 "$lab/cinder/export"
  echo "127.0.0.1:$lab/cinder/export" >"$etc/cinder/nfs_shares"
  messaging
  cat <<X
host = $host
my_ip = 127.0.0.1
auth_strategy = keystone
state_path = $lab/cinder
api_paste_config = /etc/cinder/api-paste.ini
rootwrap_config = /etc/cinder/rootwrap.conf
osapi_volume_listen = 127.0.0.1
osapi_volume_listen_port = 8776
osapi_volume_workers = 1
glance_api_servers = http://127.0.0.1:9292
allowed_direct_url_schemes = file
enabled_backends = nfs1
report_interval = 5
service_down_time = 30
image_conversion_dir = $lab/cinder/conversion
backup_driver = cinder.backup.drivers.posix.PosixBackupDriver
backup_posix_path = $lab/cinder/backup
# By default 10 of each.
quota_volumes = 100
quota_snapshots = 100
quota_backups = 100

[nfs1]
volume_driver = cinder.volume.drivers.nfs.NfsDriver
volume_backend_name = nfs1
nfs_shares_config = $etc/cinder/nfs_shares
nfs_mount_point_base = $lab/cinder/mnt
nfs_sparsed_volumes = true
nfs_qcow2_volumes = false
nfs_snapshot_support = true
nas_secure_file_operations = false
nas_secure_file_permissions = false
X
  database_section cinder
  token_section cinder
  client_section nova nova
  service_user_section cinder
  common_sections cinder
}

placement_conf() {
  cat <<X
[DEFAULT]
$(log_options)

[api]
auth_strategy = keystone
X
  database_section placement placement_database
  token_section placement
  common_sections placement false
}

nova_conf() {
  messaging
  cat <<X
host = $host
my_ip = 127.0.0.1
state_path = $lab/nova
enabled_apis = osapi_compute
osapi_compute_listen = 127.0.0.1
osapi_compute_listen_port = 8774
osapi_compute_workers = 1
# Servers exist in its database only: nothing of them runs.
compute_driver = fake.FakeDriver
allow_resize_to_same_host = true
report_interval = 5
service_down_time = 30
default_log_levels = amqp=WARN,amqplib=WARN,sqlalchemy=WARN,oslo.messaging=INFO,oslo_messaging=INFO,stevedore=WARN,urllib3=WARN

[api]
auth_strategy = keystone

[wsgi]
api_paste_config = /etc/nova/api-paste.ini

[conductor]
workers = 1

[scheduler]
workers = 1
discover_hosts_in_cells_interval = 5

[vnc]
enabled = false

[glance]
api_servers = http://127.0.0.1:9292

[cinder]
os_region_name = $region
catalog_info = volumev3::internalURL
X
  database_section nova_api api_database
  database_section nova
  token_section nova
  client_section neutron neutron
  client_section placement placement
  service_user_section nova
  common_sections nova
}

heat_conf() {
  messaging
  cat <<X
host = $host
num_engine_workers = 2

[heat_api]
bind_host = 127.0.0.1
bind_port = 8004
workers = 1

[clients_keystone]
auth_uri = http://127.0.0.1:5000
X
  database_section heat
  token_section heat
  client_section trustee heat
  common_sections heat
}

write_configuration() {
  mkdir -p "$etc"/{keystone,glance,neutron,cinder,placement,nova,heat}
  keystone_conf >"$etc/keystone/keystone.conf"
  glance_conf >"$etc/glance/glance-api.conf"
  neutron_conf >"$etc/neutron/neutron.conf"
  ml2_conf >"$etc/neutron/ml2_conf.ini"
  linuxbridge_agent_conf >"$etc/neutron/linuxbridge_agent.ini"
  dhcp_agent_conf >"$etc/neutron/dhcp_agent.ini"
  l3_agent_conf >"$etc/neutron/l3_agent.ini"
  cinder_conf >"$etc/cinder/cinder.conf"
  placement_conf >"$etc/placement/placement.conf"
  nova_conf >"$etc/nova/nova.conf"
  heat_conf >"$etc/heat/heat.conf"
}

# write_credentials: an openrc for shells, and clouds.yaml with a cloud for each user
write_credentials() {
  echo "clouds:" >"$lab/clouds.yaml"
  write_user openrc admin admin
  write_user openrc-alpha alpha alpha
  write_user openrc-beta beta beta
  write_user openrc-reader reader alpha
  # May bind ports to hosts.
  write_user openrc-neutron neutron service
}

# write_user OPENRC USER PROJECT
write_user() {
  cat >"$lab/$1" <<X
export OS_AUTH_URL=$keystone OS_IDENTITY_API_VERSION=3 OS_REGION_NAME=$region OS_AUTH_TYPE=password
export OS_USERNAME=$2 OS_PASSWORD=$password OS_PROJECT_NAME=$3
export OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default OS_INTERFACE=public OS_VOLUME_API_VERSION=3
X
  cat >>"$lab/clouds.yaml" <<X
  $2:
    region_name: $region
    auth_type: password
    auth:
      auth_url: $keystone
      username: $2
      password: $password
      project_name: $3
      user_domain_name: Default
      project_domain_name: Default
X
}
