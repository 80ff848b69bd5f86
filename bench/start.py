"""`kassa run`: seconds until it is ready, and the memory of its processes."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from bench.common import Figure

READY_SECONDS, MEMORY_MB = 2.5, 120.0


async def run(*, quick: bool) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="kassa-bench-") as home:
        once(home)  # the first start makes the database; the figures are those of the next ones
        runs = [once(home) for _ in range(3 if quick else 9)]
    ready = sorted(seconds for seconds, _ in runs)[len(runs) // 2]
    memory = max(memory for _, memory in runs)
    return [
        Figure("ready_seconds", ready, "s", "target", READY_SECONDS, ready / READY_SECONDS),
        Figure("memory_mb", memory, "MB", "target", MEMORY_MB, memory / MEMORY_MB),
    ]


def once(home: str) -> tuple[float, float]:
    """Seconds to the first 200 of /readyz, and the peak memory of the largest process, in MB."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {**os.environ, "KASSA_HOME": home, "PORT": str(port), "KASSA_LOG_LEVEL": "error"}
    kassa = Path(sys.executable).with_name("kassa")
    begun = time.perf_counter()
    process = subprocess.Popen([kassa, "run"], env=environ, cwd=home)
    try:
        while not ready(port):
            if process.poll() is not None or time.perf_counter() - begun > 60:
                raise RuntimeError("kassa run did not get ready")
            time.sleep(0.01)
        seconds = time.perf_counter() - begun
        main = psutil.Process(process.pid)
        return seconds, max(peak(each.pid) for each in [main, *main.children(recursive=True)])
    finally:
        process.terminate()
        process.wait(60)


def ready(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: kassa\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def peak(pid: int) -> float:
    """VmHWM: the most that was ever resident, shared pages included."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return psutil.Process(pid).memory_info().rss / 2**20
