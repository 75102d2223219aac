"""Search in 100,000 messages of one person, English and Korean mixed. Runs in Parley's own environment."""

import argparse
import json
import random
import statistics
import time
from collections.abc import Iterator
from typing import Any

import django

MESSAGES, QUICK_MESSAGES, IN_A_CHAT = 100_000, 2_000, 10
OTHERS_SHARE = 10  # one of so many messages is another person's
ROUNDS = 8
# Rare words and frequent ones, both scripts, a beginning, a phrase, a name inside Korean, and words that are nowhere.
QUERIES = (
    *("정원", "회의 일정", "데이터베이스", "서울시청", "프로젝트를", "배포", "그리고", "없는낱말들"),
    *(
        "garden",
        "deployment schedule",
        "data",
        "migrat",
        '"the database of"',
        "API를",
        "nowhere to be",
        "the",
    ),
)
ENGLISH = str.split(
    "the of and a to in is that for it as with on be at by this which or from an are not have but all when "
    "database deployment schedule garden meeting report server budget invoice migration network holiday river "
    "customer release planning answer question model prompt token context window project data review summary "
    "translate function error handler request response cache queue worker ledger account number history"
)
KOREAN = str.split(
    "그리고 하지만 그래서 이것은 저것을 우리가 오늘은 내일의 다음에 있습니다 합니다 됩니다 없습니다 "
    "정원을 회의가 일정은 데이터베이스에 서울시청에서 프로젝트를 배포했습니다 보고서를 서버가 예산안을 "
    "청구서와 네트워크는 휴가를 강물이 고객에게 출시를 계획하고 질문에 답변을 모델이 토큰은 문맥을 요약해 "
    "번역해 함수를 오류가 처리기를 요청과 응답을 캐시에 대기열로 계정의 번호를 기록으로 API를 호출했다"
)


def main(messages: int) -> dict[str, float]:
    """Return {"p50_ms", "p95_ms", "slowest_ms", "index_seconds"} of GET /api/v1/search through all middleware."""
    django.setup()
    from django.test import Client

    from chat.live.lifespan import freeze_loaded_objects
    from chat.search.index import index_portions
    from tests import factories

    person, other = factories.person("searcher"), factories.person("another")
    write(person, messages, other)
    started = time.perf_counter()
    sum(index_portions())
    indexed = time.perf_counter() - started
    analyse()
    client = Client()
    client.force_login(person)
    assert client.get("/api/v1/search", {"q": "garden"}).status_code == 200  # loads the rest of the code
    freeze_loaded_objects()  # as the server does
    times = {words: [timed(client, words) for _ in range(ROUNDS)] for words in QUERIES}
    every = [1000 * seconds for those in times.values() for seconds in those]
    return {
        "p50_ms": statistics.median(every),
        "p95_ms": statistics.quantiles(every, n=20)[-1],
        "slowest_ms": max(1000 * statistics.median(those) for those in times.values()),
        "index_seconds": indexed,
        **{words: round(1000 * statistics.median(those), 2) for words, those in times.items()},
    }


def timed(client: Any, words: str) -> float:
    started = time.perf_counter()
    answer = client.get("/api/v1/search", {"q": words})
    seconds = time.perf_counter() - started
    assert answer.status_code == 200, answer.content
    return seconds


def write(person: Any, messages: int, other: Any) -> None:
    """Write conversations of ten messages: questions of a sentence, answers of some paragraphs."""
    import datetime as dt

    from django.utils import timezone

    from chat.models import Conversation, Message

    dice, begun = random.Random(7), timezone.now() - dt.timedelta(days=300)  # noqa: S311 - always the same texts
    step = dt.timedelta(days=300) / messages
    rows: list[Any] = []
    for number in range(messages // IN_A_CHAT):
        owner = other if number % OTHERS_SHARE == 0 else person
        chat = Conversation.objects.create(owner=owner, title=f"Talk {number}")
        above = None
        for depth in range(IN_A_CHAT):
            text = " ".join(words(dice, dice.randint(5, 20) if depth % 2 == 0 else dice.randint(60, 250)))
            above = Message(
                conversation=chat,
                parent=above,
                depth=depth,
                role="assistant" if depth % 2 else "user",
                content=[{"type": "text", "text": text}],
                text=text,
                created_at=begun + step * (number * IN_A_CHAT + depth),
            )
            rows.append(above)
        chat.active_leaf = None
        if len(rows) >= 2_000:
            Message.objects.bulk_create(rows)
            rows.clear()
    Message.objects.bulk_create(rows)


def words(dice: random.Random, count: int) -> Iterator[str]:
    """Yield words as texts have them: a few are frequent, most are rare; each text is in one language mostly."""
    own, foreign = (ENGLISH, KOREAN) if dice.random() < 0.5 else (KOREAN, ENGLISH)
    for _ in range(count):
        among = own if dice.random() < 0.9 else foreign
        word = among[min(int(dice.paretovariate(0.8)) - 1, len(among) - 1)]
        yield word if dice.random() < 0.7 else f"{word}{dice.choice(among)}{dice.randint(1, 400)}"


def analyse() -> None:
    """Gather the statistics that PostgreSQL gathers by itself after some minutes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    print(json.dumps(main(parser.parse_args().messages), ensure_ascii=False))
