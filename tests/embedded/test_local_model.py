"""The real local model, asked through the real SDK."""

import os
import subprocess
import sys
from collections.abc import Iterator

import anthropic
import pytest

from chat.embedded import local_model
from tests.support.environment import ROOT
from tests.support.server import free_port

KEY = "a-key-of-the-tests"
QUESTION = [{"role": "user", "content": "What is the capital of Korea?"}]
installed = pytest.mark.skipif(
    local_model.weights() is None, reason="requirements/local.txt is not installed"
)


@pytest.mark.parametrize(("cores", "expected"), [(1, (1, 1)), (2, (1, 2)), (8, (4, 8)), (64, (8, 64))])
def test_threads_for_generation_and_batches(cores: int, expected: tuple[int, int]) -> None:
    assert local_model.thread_counts(cores) == expected


def test_missing_key_or_port_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LOCAL_MODEL_KEY", raising=False)
    monkeypatch.setattr(sys, "argv", ["local_model", "1"])
    assert local_model.serve_local_model() == 1
    assert "LOCAL_MODEL_KEY" in capsys.readouterr().err


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    """The local model in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "chat.embedded.local_model", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "LOCAL_MODEL_KEY": KEY})
    # The SDK's own retries wait for the listener: a refused connection is retried with growing pauses.
    client = anthropic.Anthropic(api_key=KEY, base_url=f"http://127.0.0.1:{port}", max_retries=10)
    with client:
        client.messages.count_tokens(model=local_model.MODEL_ID, messages=QUESTION)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    assert process.wait(30) == 0


@pytest.fixture
async def model(model_url: str) -> anthropic.AsyncAnthropic:
    """A client as Parley makes them: aiohttp, no hidden retries, one connection a request."""
    async with anthropic.AsyncAnthropic(
        api_key=KEY,
        base_url=model_url,
        max_retries=0,
        default_headers={"Connection": "close"},
        http_client=anthropic.DefaultAioHttpClient(),
    ) as client:
        yield client


@installed
@pytest.mark.local_model
class TestWire:
    async def test_an_answer_arrives_in_steps(self, model: anthropic.AsyncAnthropic) -> None:
        stream = await model.messages.create(
            model=local_model.MODEL_ID, max_tokens=40, messages=QUESTION, stream=True
        )
        events = [event.to_dict() async for event in stream]
        kinds = [event["type"] for event in events]
        assert kinds[:2] == ["message_start", "content_block_start"]
        assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
        texts = [event["delta"]["text"] for event in events if event["type"] == "content_block_delta"]
        assert len(texts) > 3
        assert "".join(texts).strip()
        assert events[0]["message"]["usage"]["input_tokens"] > 0
        assert events[-2]["usage"]["output_tokens"] >= len(texts)

    async def test_max_tokens_is_respected(self, model: anthropic.AsyncAnthropic) -> None:
        message = await model.messages.create(model=local_model.MODEL_ID, max_tokens=2, messages=QUESTION)
        assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 2)

    async def test_requests_one_after_the_other_all_succeed(self, model: anthropic.AsyncAnthropic) -> None:
        for _ in range(4):
            stream = await model.messages.create(
                model=local_model.MODEL_ID, max_tokens=1, messages=QUESTION, stream=True
            )
            assert [event.type async for event in stream][-1] == "message_stop"

    async def test_tokens_are_counted(self, model: anthropic.AsyncAnthropic) -> None:
        counted = await model.messages.count_tokens(model=local_model.MODEL_ID, messages=QUESTION)
        assert 10 < counted.input_tokens < 60

    async def test_a_prompt_beyond_the_context_is_refused(self, model: anthropic.AsyncAnthropic) -> None:
        long = [{"role": "user", "content": "word " * (local_model.SLOT_TOKENS + 100)}]
        with pytest.raises(anthropic.BadRequestError) as caught:
            await model.messages.create(model=local_model.MODEL_ID, max_tokens=1, messages=long)
        assert caught.value.body["error"]["type"] == "exceed_context_size_error"

    async def test_a_wrong_key_is_refused(self, model: anthropic.AsyncAnthropic) -> None:
        with pytest.raises(anthropic.AuthenticationError):
            await model.with_options(api_key="wrong").messages.create(
                model=local_model.MODEL_ID, max_tokens=1, messages=QUESTION
            )
