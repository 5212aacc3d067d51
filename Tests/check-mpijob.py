#!/usr/bin/env python3
"""Checks a manifest of launch/kubernetes, from standard input, against Tests/Fixtures/kubernetes/mpijob.schema.json.

Prints the manifest as JSON. Exit code 1 with one line for each fault; 77 if PyYAML or jsonschema is not installed.
"""

import json
import pathlib
import sys

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"{error.name} is not installed (Debian: python3-yaml, python3-jsonschema)", file=sys.stderr)
    sys.exit(77)

schema_file = pathlib.Path(__file__).parent / "Fixtures" / "kubernetes" / "mpijob.schema.json"
validator = jsonschema.Draft7Validator(json.loads(schema_file.read_text()))
manifest = yaml.safe_load(sys.stdin)
faults = [f"{'.'.join(map(str, error.absolute_path)) or 'manifest'}: {error.message}"
          for error in validator.iter_errors(manifest)]
if not faults:
    for role, replica in manifest["spec"]["mpiReplicaSpecs"].items():
        pod = replica["template"]["spec"]
        volumes = {volume["name"] for volume in pod.get("volumes", [])}
        for container in pod["containers"]:
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    faults.append(f"{role}: volumeMounts names {mount['name']}, which is no volume of the pod")
for fault in faults:
    print(fault, file=sys.stderr)
print(json.dumps(manifest))
sys.exit(1 if faults else 0)
