"""A load in a process of its own: `python load.py ADDRESS CONNECTIONS PATIENCE` asks until its input is closed.

After every fifty answers it prints how many there were; at the end one line of JSON with the answers by version
and everything that went wrong.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import Any

import httpx

_ASK = "SELECT ?v WHERE { <https://example.org/replicated/id/7> ?p ?v FILTER(%d = %d) }"


class _Load:
    def __init__(self, address: str, patience: float) -> None:
        self._address, self._patience = address, patience
        self._versions: Counter[str] = Counter()
        self._failed: list[str] = []
        self._number = 0
        self._stop = False

    async def run(self, connections: int) -> dict[str, Any]:
        """Ask on so many connections until the input is closed."""
        limits = httpx.Limits(max_connections=connections)
        async with httpx.AsyncClient(
            base_url=self._address, timeout=self._patience, limits=limits, trust_env=False
        ) as client:
            asking = [asyncio.create_task(self._ask(client)) for _ in range(connections)]
            await asyncio.to_thread(sys.stdin.read)
            self._stop = True
            await asyncio.gather(*asking)
        return {"versions": self._versions, "failed": self._failed}

    async def _ask(self, client: httpx.AsyncClient) -> None:
        while not self._stop:
            self._number += 1
            number = self._number
            try:
                self._versions[await self._one(client, number)] += 1
            except (httpx.HTTPError, ValueError, LookupError) as error:
                self._failed.append(f"{type(error).__name__}: {error}")
            if number % 50 == 0:
                print(number, flush=True)  # noqa: T201  # how it reports

    async def _one(self, client: httpx.AsyncClient, number: int) -> str:
        """The version that one answer comes from; every text is another one, so that no cache answers."""
        query = _ASK % (number, number)
        if number % 5 == 0:
            answer = await client.get("/?lang=en")
            answer.raise_for_status()
            return "page" if "</html>" in answer.text else ""
        if number % 2:
            answer = await client.get("/sparql", params={"query": query})
        else:
            answer = await client.post("/sparql", content=query, headers={"Content-Type": "application/sparql-query"})
        answer.raise_for_status()
        (row,) = answer.json()["results"]["bindings"]
        return str(row["v"]["value"]).partition(" ")[0]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_Load(sys.argv[1], float(sys.argv[3])).run(int(sys.argv[2])))), flush=True)  # noqa: T201
