# The services' databases, made once. Sourced by up.

# once NAME COMMAND...: unless it succeeded before in this lab
once() {
  local name=$1 began_at=$SECONDS
  shift
  if [ -e "$lab/done.$name" ]; then return 0; fi
  "$@" >>"$log/$name.log" 2>&1 || fail_with_log "$name failed" "$log/$name.log"
  : >"$lab/done.$name"
  say "$name done ($((SECONDS - began_at)) s)"
}

keystone_schema() {
  local manage=(keystone-manage --config-file "$etc/keystone/keystone.conf")
  local owner=(--keystone-user root --keystone-group root)
  mkdir -p "$lab"/keystone/{fernet-keys,credential-keys}
  chmod 700 "$lab"/keystone/{fernet-keys,credential-keys}
  "${manage[@]}" db_sync &&
    "${manage[@]}" fernet_setup "${owner[@]}" &&
    "${manage[@]}" credential_setup "${owner[@]}" &&
    "${manage[@]}" bootstrap --bootstrap-password "$password" --bootstrap-region-id "$region" \
      --bootstrap-admin-url "$keystone" --bootstrap-internal-url "$keystone" --bootstrap-public-url "$keystone"
}

neutron_schema() {
  neutron-db-manage --config-file "$etc/neutron/neutron.conf" --config-file "$etc/neutron/ml2_conf.ini" upgrade heads
}

nova_schema() {
  local manage=(nova-manage --config-file "$etc/nova/nova.conf")
  "${manage[@]}" api_db sync || return 1
  # Fails where an attempt that was broken off has mapped it already.
  "${manage[@]}" cell_v2 map_cell0 --database_connection "$(database_url nova_cell0)" || true
  if ! "${manage[@]}" cell_v2 list_cells | grep -q ' cell1 '; then
    "${manage[@]}" cell_v2 create_cell --name cell1 --transport-url "$queue" \
      --database_connection "$(database_url nova)" || return 1
  fi
  "${manage[@]}" db sync
}

# begin_schemas: all at once, beside this script; wait_for_schema waits for one
declare -A schemas=()
begin_schemas() {
  if has keystone; then begin_schema keystone keystone_schema; fi
  if has neutron; then begin_schema neutron neutron_schema; fi
  if has cinder; then begin_schema cinder cinder-manage --config-file "$etc/cinder/cinder.conf" db sync; fi
  if has glance; then begin_schema glance glance-manage --config-file "$etc/glance/glance-api.conf" db_sync; fi
  if has placement; then
    begin_schema placement placement-manage --config-file "$etc/placement/placement.conf" db sync
  fi
  if has nova; then begin_schema nova nova_schema; fi
  if has heat; then begin_schema heat heat-manage --config-file "$etc/heat/heat.conf" db_sync; fi
}

begin_schema() {
  local name=$1
  shift
  once "schema-$name" "$@" &
  schemas[$name]=$!
}

wait_for_schema() {
  if [ -z "${schemas[$1]:-}" ]; then return 0; fi
  # It has said itself why.
  wait "${schemas[$1]}" || exit 1
  unset "schemas[$1]"
}
