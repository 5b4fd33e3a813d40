"""Makes the lab's projects, users and catalog, those of them that are not there yet."""

import os

import openstack

password, region = os.environ["LAB_PASSWORD"], os.environ["LAB_REGION"]
cloud = openstack.connect(
    auth_url=os.environ["LAB_KEYSTONE"],
    username="admin",
    password=password,
    project_name="admin",
    user_domain_id="default",
    project_domain_id="default",
    region_name=region,
    load_yaml_config=False,
    load_envvars=False,
)
identity = cloud.identity

roles = {role.name: role for role in identity.roles()}
if "service" not in roles:
    roles["service"] = identity.create_role(name="service")

projects = {project.name: project for project in identity.projects()}
for name in ("service", "alpha", "beta"):
    if name not in projects:
        projects[name] = identity.create_project(name=name, domain_id="default")

users = {user.name: user for user in identity.users()}


def have_user(name, project, *role_names):
    if name not in users:
        users[name] = identity.create_user(name=name, password=password, domain_id="default")
    for role_name in role_names:
        identity.assign_project_role_to_user(projects[project], users[name], roles[role_name])


for name in ("neutron", "cinder", "glance", "nova", "placement", "heat"):
    have_user(name, "service", "admin", "service")
have_user("alpha", "alpha", "member")
have_user("beta", "beta", "member")
have_user("reader", "alpha", "reader")

services = {service.name: service for service in identity.services()}
for name, type_, url in (
    ("neutron", "network", "http://127.0.0.1:9696"),
    ("glance", "image", "http://127.0.0.1:9292"),
    ("cinderv3", "volumev3", "http://127.0.0.1:8776/v3/%(project_id)s"),
    ("nova", "compute", "http://127.0.0.1:8774/v2.1"),
    ("placement", "placement", "http://127.0.0.1:8778"),
    ("heat", "orchestration", "http://127.0.0.1:8004/v1/%(project_id)s"),
):
    if name not in services:
        services[name] = identity.create_service(name=name, type=type_)
    have = {endpoint.interface for endpoint in identity.endpoints(service_id=services[name].id)}
    for interface in ("public", "internal", "admin"):
        if interface not in have:
            identity.create_endpoint(
                service_id=services[name].id, interface=interface, url=url, region_id=region
            )
