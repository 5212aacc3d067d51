"""What was measured on: processor, cores, kernels, versions."""
import json
import os
import re
import subprocess

import peer_products


def doctor(catena):
    """`catena doctor --json`, which names the processor, its features and OpenBLAS's kernels."""
    done = subprocess.run([catena, "doctor", "--json"], capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        raise SystemExit(f"{catena} doctor --json: exit code {done.returncode}\n{done.stderr[-2000:]}")


def kernels(text):
    """The kernels that OpenBLAS chose, the last words of its line: `... kernels for Cooperlake`."""
    found = re.search(r"kernels for (\w+)", text)
    return found.group(1) if found else "unknown"


def forced_kernels(catena):
    """A warning if the environment makes OpenBLAS take other kernels than it would choose by itself, else None."""
    forced = {name: os.environ[name] for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if os.environ.get(name)}
    if not forced:
        return None
    free = {name: value for name, value in os.environ.items() if name not in forced}
    done = subprocess.run([catena, "doctor", "--json"], capture_output=True, text=True, env=free)
    own, now = kernels(done.stdout), kernels(json.dumps(doctor(catena)))
    if own == now and "OPENBLAS_L2_SIZE" not in forced:
        return None
    settings = " ".join(f"{name}={value}" for name, value in forced.items())
    effect = f"uses its kernels for {now} and not, as it would by itself, those for {own}" if own != now else "blocks its products by it"
    return (f"{settings} is set: OpenBLAS {effect}. All that is measured here is measured so. Without: "
            f"env {' '.join('-u ' + name for name in forced)} Benchmarks/run ...")


def describe(catena):
    """Facts for the results' head, and the slug that names the files: processor, cores and kernels, no host name."""
    facts = doctor(catena)
    text = json.dumps(facts)
    used = kernels(text)
    processor = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                     os.uname().machine)
    cores = len(os.sched_getaffinity(0))
    wide = [name for name in ("amx_int8", "avx512_bf16", "avx512_vnni", "avx512f", "avx2", "asimd") if name in text]
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\(.*?\)|processor|cpu", "", processor.lower()).lower()).strip("-")
    return {
        "slug": f"{slug}-{cores}-cores-{used.lower()}", "processor": processor, "cores": cores, "features": wide, "kernels": used,
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1),
        "warning": forced_kernels(catena), "peers": peer_products.description(),
    }
