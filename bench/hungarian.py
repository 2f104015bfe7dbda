"""The assignment problem solved in the oldest way (Kuhn and Munkres), to compare with: slow, short, exact."""

from collections.abc import Sequence

_FAR = 2**80


class _Tableau:
    """Prices of rows and columns, and which row holds each column; number 0 stands for none."""

    def __init__(self, costs: Sequence[Sequence[int]]) -> None:
        self.costs = costs
        self.columns = len(costs[0]) if costs else 0
        self.row_price = [0] * (len(costs) + 1)
        self.column_price = [0] * (self.columns + 1)
        self.holder = [0] * (self.columns + 1)

    def place(self, row: int) -> None:
        """Find a column for one more row, moving others where that is cheapest."""
        way, least = [0] * (self.columns + 1), [_FAR] * (self.columns + 1)
        free, used = set(range(1, self.columns + 1)), [0]
        self.holder[0], column = row, 0
        while self.holder[column]:
            here = self.holder[column]
            for other in free:
                price = self.costs[here - 1][other - 1] - self.row_price[here] - self.column_price[other]
                if price < least[other]:
                    least[other], way[other] = price, column
            following = min(free, key=least.__getitem__)
            self._raise(least[following], used, free, least)
            free.remove(following)
            used.append(following)
            column = following
        while column:
            self.holder[column] = self.holder[way[column]]
            column = way[column]

    def _raise(self, step: int, used: Sequence[int], free: set[int], least: list[int]) -> None:
        for other in used:
            self.row_price[self.holder[other]] += step
            self.column_price[other] -= step
        for other in free:
            least[other] -= step


def least_cost(costs: Sequence[Sequence[int]]) -> int:
    """Return the least sum of a choice of one column per row, no column twice; at least as many columns."""
    tableau = _Tableau(costs)
    for row in range(1, len(costs) + 1):
        tableau.place(row)
    return -tableau.column_price[0]
