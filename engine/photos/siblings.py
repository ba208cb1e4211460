"""Photos of one listing against each other: a copy must not vote twice."""

from collections.abc import Sequence
from fractions import Fraction


def share_votes(names: Sequence[str], pictures: Sequence[str]) -> tuple[list[Fraction], list[list[str]]]:
    """Weights (0..1) and reasons for photos that show the very same picture: together they have one vote.

    `pictures` are hashes of the pixels, not of the files: a copy that lost its metadata is still a copy. Fractions, so
    that three thirds make a whole vote and ties are exact.
    """
    groups: dict[str, list[int]] = {}
    for index, picture in enumerate(pictures):
        groups.setdefault(picture, []).append(index)
    weights: list[Fraction] = [Fraction(1)] * len(pictures)
    reasons: list[list[str]] = [[] for _ in pictures]
    for group in groups.values():
        if len(group) == 1:
            continue
        for index in group:
            others = [names[other] for other in group if other != index]
            copies = f"the same picture as {others[0]}" if len(others) == 1 else f"one of {len(group)} same pictures"
            weights[index] = Fraction(1, len(group))
            reasons[index] = [f"{copies}: together they have one vote"]
    return weights, reasons
