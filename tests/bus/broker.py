"""A real Kafka broker of the tests' own, started by deploy/kafka/run.sh."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

RUN_SH = Path(__file__).parents[2] / "deploy" / "kafka" / "run.sh"
_START_LIMIT_S = 180.0
"""The first start downloads the broker."""
_LOOK_AGAIN_S = 0.1


def missing_tools() -> list[str]:
    """What a broker needs and this machine has not."""
    return [tool for tool in ("bash", "java", "mvn") if shutil.which(tool) is None]


class KafkaBroker:
    """One broker process on its own data directory: killed and started again, it goes on with its log."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port, self._controller_port = _free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Returns when the broker takes connections; RuntimeError with the end of its output if it does not."""
        settings = {
            "KAFKA_PORT": str(self._port),
            "KAFKA_CONTROLLER_PORT": str(self._controller_port),
            "KAFKA_DATA_DIR": str(self._directory / "data"),
        }
        output = self._directory / "output.txt"
        with output.open("ab") as stream:
            self._process = subprocess.Popen([str(RUN_SH)], env=os.environ | settings, stdout=stream, stderr=stream)
        deadline = time.monotonic() + _START_LIMIT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the Kafka broker did not start:\n{output.read_text()[-2000:]}")
            time.sleep(_LOOK_AGAIN_S)

    def kill(self) -> None:
        """End the process as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports
