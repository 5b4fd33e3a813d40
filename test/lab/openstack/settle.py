"""Waits until every agent and worker of the lab says that it is up; then makes the network "external"."""

import os
import sys
import time

import openstack

deadline_seconds = 120

services = os.environ["LAB_SERVICES"].split()
cloud = openstack.connect(
    auth_url=os.environ["LAB_KEYSTONE"],
    username="admin",
    password=os.environ["LAB_PASSWORD"],
    project_name="admin",
    user_domain_id="default",
    project_domain_id="default",
    region_name=os.environ["LAB_REGION"],
    load_yaml_config=False,
    load_envvars=False,
)


def neutron_down():
    alive = [agent for agent in cloud.network.agents() if agent.is_alive]
    layer2 = ("neutron-linuxbridge-agent", "neutron-openvswitch-agent")
    hosts = {agent.host for agent in alive if agent.binary in layer2}
    wanted = {"neutron-linuxbridge-agent", "neutron-dhcp-agent", "neutron-l3-agent"}
    return (wanted - {agent.binary for agent in alive}) | (set(os.environ["LAB_HOSTS"].split()) - hosts)


def cinder_down():
    workers = cloud.block_storage.get("/os-services").json()["services"]
    up = {worker["binary"] for worker in workers if worker["state"] == "up"}
    return {"cinder-scheduler", "cinder-volume", "cinder-backup"} - up


def nova_down():
    up = {service.binary for service in cloud.compute.services() if service.state == "up"}
    return {"nova-conductor", "nova-scheduler", "nova-compute"} - up


def heat_down():
    return set() if cloud.orchestration.get("/stacks").status_code == 200 else {"heat-engine"}


def wait_for_all():
    checks = {"neutron": neutron_down, "cinder": cinder_down, "nova": nova_down, "heat": heat_down}
    left = {service: check for service, check in checks.items() if service in services}
    deadline = time.monotonic() + deadline_seconds
    while left:
        down = {}
        for service, check in list(left.items()):
            try:
                down[service] = check()
            except Exception as error:  # a service that only begins to answer fails in many ways
                down[service] = repr(error)
            if not down[service]:
                del left[service]
        if left and time.monotonic() > deadline:
            sys.exit(f"not up after {deadline_seconds} s: {down}")
        if left:
            time.sleep(0.5)


def have_external_network():
    if list(cloud.network.networks(name="external")):
        return
    network = cloud.network.create_network(
        name="external",
        is_router_external=True,
        provider_network_type="flat",
        provider_physical_network="external",
    )
    net = os.environ["LAB_EXTERNAL_NET"]
    cloud.network.create_subnet(
        name="external",
        network_id=network.id,
        ip_version=4,
        cidr=f"{net}.0/24",
        gateway_ip=f"{net}.1",
        is_dhcp_enabled=False,
        allocation_pools=[{"start": f"{net}.100", "end": f"{net}.250"}],
    )


wait_for_all()
if "neutron" in services:
    have_external_network()
