"""What PyTorch's products run on.

PyTorch's packages bring MKL, which takes its slower kernels on processors that Intel did not make: a third to a half of the rate.
Peers are therefore given a library of one function that answers MKL's question for it, so that Catena is compared with what the
processor can do. Contenders that end in ", as installed" are PyTorch as its users have it.
"""
import atexit
import functools
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile

AS_INSTALLED = ", as installed"
SOURCE = "int mkl_serv_intel_cpu_true(void) { return 1; }\n"


def needs_help():
    """Whether MKL would take its slower kernels here."""
    return platform.machine() == "x86_64" and "GenuineIntel" not in pathlib.Path("/proc/cpuinfo").read_text()


@functools.cache
def library():
    """The library's path; None where it changes nothing or no C compiler makes it."""
    compiler = shutil.which("cc") or shutil.which("clang") or shutil.which("gcc")
    if not needs_help() or compiler is None:
        return None
    folder = tempfile.mkdtemp(prefix="catena-peers-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source, result = os.path.join(folder, "answer.c"), os.path.join(folder, "answer.so")
    pathlib.Path(source).write_text(SOURCE)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", result, source], check=True)
    return result


def environment(name):
    """What is added to the environment of the peer of this name."""
    helped = library() if not name.endswith(AS_INSTALLED) else None
    return {"LD_PRELOAD": helped} if helped else {}


def description():
    """One sentence for the results."""
    if not needs_help():
        return "PyTorch's products run as installed."
    if library() is None:
        return "There is no C compiler, so PyTorch's MKL takes its slower kernels for processors that are not Intel's."
    return ("PyTorch's MKL is told that the processor is Intel's, since it would take slower kernels otherwise; peers named "
            "\"as installed\" are not.")
