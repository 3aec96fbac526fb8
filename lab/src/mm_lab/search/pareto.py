"""Non-dominated sorting and crowding of points to be minimised (Deb et al., NSGA-II, 2002)."""

from __future__ import annotations

from collections.abc import Sequence

Point = Sequence[float]


def dominates(one: Point, other: Point) -> bool:
    """Whether ``one`` is nowhere worse and somewhere better."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and any(a < b for a, b in zip(one, other, strict=True))


def fronts(points: Sequence[Point]) -> list[list[int]]:
    """Indices of the points no other dominates, then of those only the first front dominates, and so on."""
    left = list(range(len(points)))
    out = []
    while left:
        front = [i for i in left if not any(dominates(points[j], points[i]) for j in left)]
        out.append(front)
        inside = set(front)
        left = [i for i in left if i not in inside]
    return out


def crowding(points: Sequence[Point], front: Sequence[int]) -> dict[int, float]:
    """Per index of ``front``, how much room its neighbours leave it; endless at the ends of any objective."""
    room = dict.fromkeys(front, 0.0)
    for objective in range(len(points[front[0]])):
        order = sorted(front, key=lambda i: points[i][objective])
        low, high = points[order[0]][objective], points[order[-1]][objective]
        room[order[0]] = room[order[-1]] = float("inf")
        if high > low:
            for before, at, after in zip(order, order[1:], order[2:], strict=False):
                room[at] += (points[after][objective] - points[before][objective]) / (high - low)
    return room


def ranking(points: Sequence[Point]) -> list[tuple[int, float]]:
    """Per point its sort key, the smaller the better: number of its front, then minus its room."""
    keys: list[tuple[int, float]] = [(0, 0.0)] * len(points)
    for number, front in enumerate(fronts(points)):
        for index, room in crowding(points, front).items():
            keys[index] = (number, -room)
    return keys
