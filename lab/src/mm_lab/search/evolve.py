"""Evolution under limits: tournament, crossover, mutation, and survival by Pareto rank."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mm_lab.search.pareto import fronts, ranking
from mm_lab.search.space import Architecture, Space
from mm_lab.search.table import Cost, SearchError

_TRIES = 3000
_TRIES_PER_CHILD = 200


@dataclass(frozen=True)
class EvolutionSettings:
    """Defaults follow Guo et al. (2020): a mutation rate of 0.1, half of the children from crossover."""

    population: int = 32
    generations: int = 12
    tournament: int = 3
    cross_share: float = 0.5
    mutation: float = 0.1
    seed: int = 1


@dataclass(frozen=True)
class Limits:
    """What a candidate may cost."""

    caption_ms: float
    bytes: int

    def hold(self, cost: Cost) -> bool:
        """Whether ``cost`` keeps both."""
        return cost.caption_ms <= self.caption_ms and cost.bytes <= self.bytes


@dataclass(frozen=True)
class Candidate:
    """An architecture with its cost and its loss on the dev subset."""

    architecture: Architecture
    cost: Cost
    loss: float

    @property
    def point(self) -> tuple[float, float, float]:
        """What is minimised together."""
        return (self.cost.caption_ms, float(self.cost.bytes), self.loss)


class Evolution:
    """One search. The same seed and the same answers of ``loss`` give the same result."""

    def __init__(
        self,
        space: Space,
        cost: Callable[[Architecture], Cost],
        loss: Callable[[Architecture], float],
        limits: Limits,
        settings: EvolutionSettings,
    ) -> None:
        self._space, self._cost, self._loss = space, cost, loss
        self._limits, self._settings = limits, settings
        self._rng = random.Random(settings.seed)
        self._seen: dict[Architecture, Candidate] = {}

    def run(self, report: Callable[[str], None]) -> list[Candidate]:
        """Every candidate that was measured, in order."""
        population = self._first()
        for generation in range(self._settings.generations + 1):
            if generation:
                population = self._survivors([*population, *self._children(population)])
            best = min(population, key=lambda c: c.loss)
            report(
                f"generation {generation}/{self._settings.generations}: {len(self._seen)} measured, best loss "
                f"{best.loss:.4f} at {best.cost.caption_ms:.2f} ms, {best.cost.bytes / 1e6:.2f} MB"
            )
        return list(self._seen.values())

    def _first(self) -> list[Candidate]:
        population: list[Candidate] = []
        costs: list[Cost] = []
        # The ends first: under a tight limit uniform draws may never hit what is feasible.
        ends = [self._space.smallest(s) for s in self._space.stems] + [
            self._space.largest(s) for s in self._space.stems
        ]
        for number in range(_TRIES):
            drawn = ends[number] if number < len(ends) else self._space.sample(self._rng)
            costs.append(self._cost(drawn))
            if self._limits.hold(costs[-1]) and drawn not in self._seen:
                population.append(self._measure(drawn))
            if len(population) == self._settings.population:
                break
        if not population:
            fastest, lightest = min(c.caption_ms for c in costs), min(c.bytes for c in costs)
            raise SearchError(
                f"no architecture within {self._limits.caption_ms:g} ms and {self._limits.bytes:,} bytes; of "
                f"{len(costs)} tried the fastest takes {fastest:.2f} ms and the smallest {lightest:,} bytes"
            )
        return population

    def _children(self, population: Sequence[Candidate]) -> list[Candidate]:
        keys = ranking([c.point for c in population])
        children: list[Candidate] = []
        for _ in range(self._settings.population * _TRIES_PER_CHILD):
            if len(children) == self._settings.population:
                break
            child = self._parent(population, keys)
            if self._rng.random() < self._settings.cross_share:
                child = self._space.cross(child, self._parent(population, keys), self._rng)
            child = self._space.mutate(child, self._rng, self._settings.mutation)
            if child not in self._seen and self._limits.hold(self._cost(child)):
                children.append(self._measure(child))
        return children

    def _parent(self, population: Sequence[Candidate], keys: Sequence[tuple[int, float]]) -> Architecture:
        drawn = [self._rng.randrange(len(population)) for _ in range(self._settings.tournament)]
        return population[min(drawn, key=keys.__getitem__)].architecture

    def _survivors(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        keys = ranking([c.point for c in candidates])
        order = sorted(range(len(candidates)), key=keys.__getitem__)
        return [candidates[i] for i in order[: self._settings.population]]

    def _measure(self, architecture: Architecture) -> Candidate:
        candidate = Candidate(architecture, self._cost(architecture), self._loss(architecture))
        self._seen[architecture] = candidate
        return candidate


def pareto_front(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those no other beats in latency, bytes and loss together, the fastest first."""
    if not candidates:
        return []
    front = fronts([c.point for c in candidates])[0]
    return sorted((candidates[i] for i in front), key=lambda c: c.point)
