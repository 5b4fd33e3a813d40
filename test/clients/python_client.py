"""What users of the official Python client do, on the server that $KUBECONFIG names. Run by test/integration."""

import logging
import tempfile
import threading
import time
import unittest

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock

logging.disable(logging.CRITICAL)
NAMESPACE = "python"
GROUP, VERSION, PLURAL = "test.example", "v1", "kites"
KITES = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{PLURAL}.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": PLURAL, "singular": "kite", "kind": "Kite", "listKind": "KiteList"},
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "subresources": {
                    "status": {},
                    "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"},
                },
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"replicas": {"type": "integer"}, "colour": {"type": "string"}},
                            },
                            "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
                        },
                    }
                },
            }
        ],
    },
}


def config_map(name, data=None, labels=None):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels=labels), data=data or {})


def kite(name, **spec):
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Kite", "metadata": {"name": name}, "spec": spec}


class PythonClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config.load_kube_config()
        cls.core = client.CoreV1Api()
        cls.custom = client.CustomObjectsApi()
        cls.core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
        extensions = client.ApiextensionsV1Api()
        extensions.create_custom_resource_definition(KITES)
        for _ in range(200):
            status = extensions.read_custom_resource_definition(f"{PLURAL}.{GROUP}").status
            if any(each.type == "Established" and each.status == "True" for each in status.conditions or []):
                return
            time.sleep(0.05)
        raise AssertionError("the kind was never established")

    def refused(self, status, reason, request, *args, **kwargs):
        with self.assertRaises(ApiException) as caught:
            request(*args, **kwargs)
        self.assertEqual(caught.exception.status, status)
        self.assertIn(f'"reason":"{reason}"', caught.exception.body)

    def test_core_objects(self):
        made = self.core.create_namespaced_config_map(NAMESPACE, config_map("core", {"a": "1"}))
        self.assertTrue(made.metadata.uid)
        self.refused(409, "AlreadyExists", self.core.create_namespaced_config_map, NAMESPACE, config_map("core"))
        read = self.core.read_namespaced_config_map("core", NAMESPACE)
        self.assertEqual(read.metadata.resource_version, made.metadata.resource_version)
        read.data["b"] = "2"
        replaced = self.core.replace_namespaced_config_map("core", NAMESPACE, read)
        self.assertEqual(replaced.data, {"a": "1", "b": "2"})
        self.refused(409, "Conflict", self.core.replace_namespaced_config_map, "core", NAMESPACE, read)
        gone = self.core.delete_namespaced_config_map("core", NAMESPACE, body=client.V1DeleteOptions())
        self.assertEqual(gone.status, "Success")
        self.refused(404, "NotFound", self.core.read_namespaced_config_map, "core", NAMESPACE)

    def test_patches(self):
        self.core.create_namespaced_config_map(NAMESPACE, config_map("patched", {"a": "1"}))
        patch = self.core.patch_namespaced_config_map
        self.assertEqual(patch("patched", NAMESPACE, {"data": {"b": "2"}}).data, {"a": "1", "b": "2"})
        operations = [{"op": "remove", "path": "/data/a"}]
        self.assertEqual(patch("patched", NAMESPACE, operations).data, {"b": "2"})
        dry = patch("patched", NAMESPACE, {"data": {"c": "3"}}, dry_run="All", field_manager="python")
        self.assertEqual(dry.data, {"b": "2", "c": "3"})
        self.assertEqual(self.core.read_namespaced_config_map("patched", NAMESPACE).data, {"b": "2"})

    def test_lists_in_pages_and_by_selectors(self):
        for i in range(7):
            labels = {"list": "yes", "parity": "odd" if i % 2 else "even"}
            self.core.create_namespaced_config_map(NAMESPACE, config_map(f"listed-{i}", labels=labels))
        names, token, left = [], None, []
        while True:
            page = self.core.list_namespaced_config_map(NAMESPACE, limit=3, _continue=token)
            names += [each.metadata.name for each in page.items]
            token = page.metadata._continue
            left.append(page.metadata.remaining_item_count)
            if not token:
                break
        self.assertEqual([name for name in names if name.startswith("listed-")], [f"listed-{i}" for i in range(7)])
        self.assertIsNone(left[-1])
        odd = self.core.list_namespaced_config_map(NAMESPACE, label_selector="list=yes,parity in (odd)")
        self.assertEqual(len(odd.items), 3)
        one = self.core.list_config_map_for_all_namespaces(field_selector="metadata.name=listed-3")
        self.assertEqual([each.metadata.namespace for each in one.items], [NAMESPACE])
        self.core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="list=yes")
        self.assertEqual(self.core.list_namespaced_config_map(NAMESPACE, label_selector="list=yes").items, [])

    def test_kinds_of_other_groups(self):
        secret = client.V1Secret(metadata=client.V1ObjectMeta(name="s"), string_data={"word": "test-only"})
        self.assertEqual(self.core.create_namespaced_secret(NAMESPACE, secret).data, {"word": "dGVzdC1vbmx5"})
        account = client.V1ServiceAccount(metadata=client.V1ObjectMeta(name="robot"))
        self.core.create_namespaced_service_account(NAMESPACE, account)
        rules = [client.V1PolicyRule(api_groups=[""], resources=["configmaps"], verbs=["get"])]
        role = client.V1Role(metadata=client.V1ObjectMeta(name="reader"), rules=rules)
        roles = client.RbacAuthorizationV1Api()
        self.assertEqual(roles.create_namespaced_role(NAMESPACE, role).rules[0].verbs, ["get"])
        lease = client.V1Lease(
            metadata=client.V1ObjectMeta(name="lease"),
            spec=client.V1LeaseSpec(holder_identity="me", lease_duration_seconds=15),
        )
        leases = client.CoordinationV1Api()
        self.assertEqual(leases.create_namespaced_lease(NAMESPACE, lease).spec.holder_identity, "me")
        self.assertTrue(client.VersionApi().get_code().git_version.startswith("v1."))
        self.assertIn("stowage.dev", [group.name for group in client.ApisApi().get_api_versions().groups])

    def test_custom_objects(self):
        at = (GROUP, VERSION, NAMESPACE, PLURAL)
        made = self.custom.create_namespaced_custom_object(*at, kite("custom", replicas=1, colour="red"))
        self.assertEqual(made["metadata"]["generation"], 1)
        made["spec"]["colour"] = "blue"
        replaced = self.custom.replace_namespaced_custom_object(*at, "custom", made)
        self.assertEqual(replaced["metadata"]["generation"], 2)
        status = {"status": {"replicas": 3}, "spec": {"colour": "none"}}
        patched = self.custom.patch_namespaced_custom_object_status(*at, "custom", status)
        self.assertEqual((patched["status"], patched["spec"]["colour"]), ({"replicas": 3}, "blue"))
        scaled = self.custom.patch_namespaced_custom_object_scale(*at, "custom", {"spec": {"replicas": 5}})
        self.assertEqual(scaled["spec"]["replicas"], 5)
        self.assertEqual(self.custom.get_namespaced_custom_object(*at, "custom")["spec"]["replicas"], 5)
        wrong = kite("wrong", replicas="many")
        self.refused(422, "Invalid", self.custom.create_namespaced_custom_object, *at, wrong)
        self.assertEqual(len(self.custom.list_namespaced_custom_object(*at)["items"]), 1)
        self.custom.delete_namespaced_custom_object(*at, "custom")
        self.assertEqual(self.custom.list_namespaced_custom_object(*at)["items"], [])

    def test_watch_goes_on_where_it_was_left(self):
        listing = self.core.list_namespaced_config_map
        start = listing(NAMESPACE).metadata.resource_version
        for i in range(6):
            self.core.create_namespaced_config_map(NAMESPACE, config_map(f"seen-{i}", labels={"seen": "yes"}))
        seen = []
        for _ in range(2):
            watcher = watch.Watch()
            options = {"label_selector": "seen=yes", "resource_version": start, "timeout_seconds": 20}
            for event in watcher.stream(listing, NAMESPACE, **options):
                seen.append((event["type"], event["object"].metadata.name))
                start = event["object"].metadata.resource_version
                if len(seen) % 3 == 0:
                    watcher.stop()
        self.assertEqual(seen, [("ADDED", f"seen-{i}") for i in range(6)])

    def test_watch_of_a_version_that_is_no_number_is_refused(self):
        watcher = watch.Watch()
        stream = watcher.stream(self.core.list_namespaced_config_map, NAMESPACE, resource_version="x")
        with self.assertRaises(ApiException) as caught:
            next(iter(stream))
        self.assertEqual(caught.exception.status, 400)

    def test_dynamic_client(self):
        resources = dynamic.DynamicClient(client.ApiClient()).resources
        maps = resources.get(api_version="v1", kind="ConfigMap")
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dynamic"}, "data": {"a": "1"}}
        self.assertEqual(maps.create(body=body, namespace=NAMESPACE).data.a, "1")
        merge = "application/merge-patch+json"
        patch = {"metadata": {"name": "dynamic"}, "data": {"b": "2"}}
        self.assertEqual(maps.patch(body=patch, namespace=NAMESPACE, content_type=merge).data.b, "2")
        kites = resources.get(api_version=f"{GROUP}/{VERSION}", kind="Kite")
        self.assertEqual(kites.create(body=kite("dynamic", replicas=1), namespace=NAMESPACE).spec.replicas, 1)
        kites.status.patch(
            body={"status": {"replicas": 1}}, name="dynamic", namespace=NAMESPACE, content_type=merge
        )
        self.assertEqual(kites.get(name="dynamic", namespace=NAMESPACE).status.replicas, 1)
        kites.delete(name="dynamic", namespace=NAMESPACE)
        with self.assertRaises(dynamic.exceptions.NotFoundError):
            kites.get(name="dynamic", namespace=NAMESPACE)

    def test_create_from_yaml(self):
        documents = f"""
apiVersion: v1
kind: Namespace
metadata: {{ name: from-yaml }}
---
apiVersion: v1
kind: ConfigMap
metadata: {{ name: one, namespace: from-yaml }}
data: {{ a: "1" }}
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Secret
    metadata: {{ name: two, namespace: from-yaml }}
"""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(documents)
            file.flush()
            utils.create_from_yaml(client.ApiClient(), file.name)
            self.assertEqual(self.core.read_namespaced_config_map("one", "from-yaml").data, {"a": "1"})
            self.core.read_namespaced_secret("two", "from-yaml")
            with self.assertRaises(utils.FailToCreateError):
                utils.create_from_yaml(client.ApiClient(), file.name)

    def test_leader_election(self):
        led = {name: threading.Event() for name in ("first", "second")}

        def compete(name):
            settings = electionconfig.Config(
                ConfigMapLock("lock", NAMESPACE, name),
                lease_duration=5,
                renew_deadline=3,
                retry_period=1,
                onstarted_leading=led[name].set,
                onstopped_leading=None,
            )
            threading.Thread(target=leaderelection.LeaderElection(settings).run, daemon=True).start()

        compete("first")
        self.assertTrue(led["first"].wait(20))
        compete("second")

        def renewed():
            return self.core.read_namespaced_config_map("lock", NAMESPACE).metadata.annotations[
                "control-plane.alpha.kubernetes.io/leader"
            ]

        before = renewed()
        while renewed() == before:
            time.sleep(0.1)
        self.assertIn('"holderIdentity": "first"', renewed())
        self.assertFalse(led["second"].is_set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
