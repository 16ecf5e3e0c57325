"""Terms: a stage and the priced rules as one linear sum over places, running options, pieces and misses."""

import numpy as np

from solvers.certificate import Certificate
from solvers.ledger import spill_order
from solvers.problem import UNLIMITED, Ints
from solvers.proofs.book import EVERYBODY, Book, Measure
from solvers.proofs.settled import Settled

LARGEST = 2**61
"""Beyond this a sum could pass 64 bits; arithmetic wraps until then, and is exact below."""


class Refused(ValueError):
    """An entry that proves nothing, with one sentence why."""


def widest(amounts: Ints) -> int:
    """The largest absolute amount."""
    return max(int(amounts.max(initial=0)), -int(amounts.min(initial=0)))


class Terms:
    """Coefficients of the sum: of a unit at each choice, of each option that runs, each piece, each missed head.

    ``heads`` and ``tagged`` collect what a head (with a tag) costs at each option until ``gather``.
    """

    def __init__(self, book: Book) -> None:
        problem = book.problem
        self.book = book
        self.choice: Ints = np.zeros(len(problem.choices.group), np.int64)
        self.run: Ints = np.zeros(len(problem.options.ids), np.int64)
        self.piece: Ints = np.zeros(len(book.entries), np.int64)
        self.miss: Ints = np.zeros(len(book.rows), np.int64)
        self.heads: Ints = np.zeros(len(problem.options.ids), np.int64)
        self.tagged: dict[int, Ints] = {}
        self.moved = 0
        self.constant = 0
        self.most = {"choice": 0, "run": 0, "piece": 0, "miss": 0, "heads": 0, "tagged": 0}

    # -- stages and rules ----------------------------------------------------------------------------

    def count(self, measure: Measure, weight: int) -> None:
        """Add a stage, or heads moved, ``weight`` times."""
        with np.errstate(over="ignore"):
            self.choice[measure.choice] += weight * measure.amount
            if len(measure.run):
                self.run += weight * measure.run
            if len(measure.piece):
                self.piece += weight * measure.piece
            self.miss[measure.miss] += weight
        self._note("choice", weight * widest(measure.amount))
        self._note("run", weight * widest(measure.run))
        self._note("piece", weight * widest(measure.piece))
        self._note("miss", weight if len(measure.miss) else 0)
        self.moved += weight * measure.moved
        self.constant += weight * measure.constant

    def charge(self, prices: Certificate, settled: Settled) -> None:
        """Add every priced rule of the problem itself."""
        with np.errstate(over="ignore"):
            self._seats(prices, settled)
            self._carriers(prices.carriers)
            self._resources(prices.resources)
            self._limits(prices.limits)
            self._groups(prices.groups, settled)
        self._changes(prices.changes)

    def _seats(self, prices: Certificate, settled: Settled) -> None:
        options = self.book.problem.options
        capacity = _sized(prices.capacity, len(options.ids), "capacity")
        wrong = ((capacity < 0) & ~settled.full) | ((capacity != 0) & (options.capacity >= UNLIMITED))
        if wrong.any():
            raise Refused(f'"{options.ids[int(np.argmax(wrong))]}" has a capacity price of the wrong sign')
        minimum = _unsigned(prices.minimum, len(options.ids), "minimum")
        self.heads += capacity - minimum
        self.run += minimum * options.minimum - capacity * np.where(capacity != 0, options.capacity, 0)
        self._note("heads", widest(capacity) + widest(minimum))
        self._note("run", widest(minimum) * widest(options.minimum))
        self._note("run", widest(capacity) * widest(np.where(capacity != 0, options.capacity, 0)))

    def _carriers(self, given: Ints) -> None:
        book = self.book
        prices = _unsigned(given, len(book.entries), "carriers")
        if not prices.any():
            return
        of_tag: dict[tuple[int, int], int] = {}
        for place, (option, entry) in enumerate(book.entries):
            carrier, price = book.problem.options.carriers[option][entry], int(prices[place])
            if of_tag.setdefault((option, carrier.tag), price) != price:
                raise Refused("entries of carriers that share a load have different prices")
            self.piece[place] -= price * carrier.seats
            self._note("piece", price * carrier.seats)
        for (option, tag), price in of_tag.items():
            self._head(tag)[option] += price
        self._note("heads", widest(prices))
        self._note("tagged", widest(prices))

    def _resources(self, given: Ints) -> None:
        problem = self.book.problem
        resources, options, choices = problem.resources, problem.options, problem.choices
        prices = _unsigned(given, len(resources.ids), "resources")
        if not prices.any():
            return
        for resource in spill_order(problem):
            to = int(resources.spill[resource])
            if to >= 0 and prices[resource] > prices[to]:
                raise Refused(f'"{resources.ids[resource]}" is dearer than what it spills into')
        self.constant -= sum(
            price * seats for price, seats in zip(prices.tolist(), resources.capacity.tolist(), strict=True)
        )
        if len(choices.uses.column):
            self.choice += _row_sums(prices[choices.uses.column] * choices.uses.amount, choices.uses.start)
        self.heads += _row_sums(
            prices[options.head_uses.column] * options.head_uses.amount, options.head_uses.start
        )
        self.run += _row_sums(prices[options.uses.column] * options.uses.amount, options.uses.start)
        self._note("choice", _most_used(prices, choices.uses.column, choices.uses.amount, choices.uses.start))
        self._note(
            "heads",
            _most_used(prices, options.head_uses.column, options.head_uses.amount, options.head_uses.start),
        )
        self._note("run", _most_used(prices, options.uses.column, options.uses.amount, options.uses.start))
        for place, (option, entry) in enumerate(self.book.entries):
            used = sum(int(prices[r]) * n for r, n in options.carriers[option][entry].uses)
            self._note("piece", used)
            if used >= LARGEST:
                break
            self.piece[place] += used

    def _limits(self, given: Ints) -> None:
        book = self.book
        prices = _unsigned(given, len(book.rows), "limits")
        for number in np.flatnonzero(prices).tolist():
            row, price = book.rows[number], int(prices[number])
            limit = book.problem.limits[row.limit]
            everywhere = slice(None) if limit.options is None else list(limit.options)
            at = [row.option] if row.option >= 0 else everywhere
            if row.side == "share":
                p, q = limit.share or (0, 1)
                self._add_heads(row.tag, at, q * price)
                self._add_heads(EVERYBODY, at, -p * price)
                missed = q * price
            else:
                low = row.side == "minimum"
                level = (limit.minimum if low else limit.maximum) or 0
                self._add_heads(row.tag, at, -price if low else price)
                missed = price
                level = level * price if low else -level * price
                if row.option >= 0:
                    self._note("run", abs(level))
                    self.run[row.option] += level if abs(level) < LARGEST else 0
                else:
                    self.constant += level
            if limit.soft:
                self._note("miss", missed)
                self.miss[number] -= missed if missed < LARGEST else 0

    def _groups(self, given: Ints, settled: Settled) -> None:
        groups = self.book.problem.groups
        prices = _sized(given, len(groups.ids), "groups")
        wrong = (prices < 0) & ~settled.placed
        if wrong.any():
            raise Refused(f'"{groups.ids[int(np.argmax(wrong))]}" has a price below 0')
        prices = np.where(self.book.pinned, 0, prices)  # what is pinned has its place once by itself
        self.choice += prices[self.book.problem.choices.group]
        self.constant -= dot(prices, self.book.units)
        self._note("choice", widest(prices))

    def _changes(self, price: int) -> None:
        most = self.book.problem.max_changes
        if price < 0 or (price and most is None):
            raise Refused("changes have a price, but no most, or one below 0")
        if price and most is not None:
            self.count(self.book.changes, price)
            self.constant -= price * most

    def share(self, tag: int, level: int, price: int) -> None:
        """``level`` thousandths of those with a tag are placed, or the price is paid."""
        self._add_heads(tag, slice(None), -1000 * price)
        self.constant += price * level * self.book.tag_total(tag)

    # -- what is left over ---------------------------------------------------------------------------

    def gather(self) -> None:
        """Charge heads to choices, and to options (or for good) pieces and misses that pay for themselves."""
        problem = self.book.problem
        choices = problem.choices
        self._refuse_large()
        with np.errstate(over="ignore"):
            self.choice += self.heads[choices.option] * choices.heads
            self._note("choice", widest(self.heads) * widest(choices.heads))
            if self.tagged:
                self._gather_tagged()
        self._pieces()
        self._misses()
        self._refuse_large()

    def _gather_tagged(self) -> None:
        problem = self.book.problem
        place = np.full(len(problem.tags), -1)
        place[list(self.tagged)] = np.arange(len(self.tagged))
        table = np.stack(list(self.tagged.values()))
        choice, tag, heads = self.book.tagged_choices(place >= 0)
        np.add.at(self.choice, choice, table[place[tag], problem.choices.option[choice]] * heads)
        per_group = np.zeros(len(problem.groups.ids), np.int64)
        np.add.at(per_group, self.book.tag_group, self.book.tag_heads)
        self._note("choice", widest(table) * widest(per_group))

    def _pieces(self) -> None:
        for place in np.flatnonzero(self.piece < 0).tolist():
            option, entry = self.book.entries[place]
            carrier = self.book.problem.options.carriers[option][entry]
            load = int(self.book.coming[carrier.tag][option])
            gain = int(self.piece[place]) * min(carrier.most, -(-load // carrier.seats))
            self._note("run", -gain)
            self.run[option] += gain if -gain < LARGEST else 0

    def _misses(self) -> None:
        book = self.book
        for number in np.flatnonzero(self.miss < 0).tolist():
            row = book.rows[number]
            limit = book.problem.limits[row.limit]
            if row.side == "minimum":
                most = limit.minimum or 0
            else:
                most = self._could_come(row.tag, row.option, limit.options)
                most = max(0, most - (limit.maximum or 0)) if row.side == "maximum" else most
            gain = int(self.miss[number]) * most
            if row.option < 0:
                self.constant += gain
                continue
            self._note("run", -gain)
            self.run[row.option] += gain if -gain < LARGEST else 0

    def _could_come(self, tag: int, option: int, options: tuple[int, ...] | None) -> int:
        if tag not in self.book.coming:
            return 0
        coming = self.book.coming[tag]
        if option >= 0:
            return int(coming[option])
        return sum(coming.tolist() if options is None else coming[list(options)].tolist())

    # -- arithmetic ----------------------------------------------------------------------------------

    def _head(self, tag: int) -> Ints:
        if tag == EVERYBODY:
            return self.heads
        return self.tagged.setdefault(tag, np.zeros(len(self.run), np.int64))

    def _add_heads(self, tag: int, at: "slice | list[int]", price: int) -> None:
        if tag < EVERYBODY or abs(price) >= LARGEST:
            self._note("heads", abs(price) if tag >= EVERYBODY else 0)
            return
        self._head(tag)[at] += price
        self._note("heads" if tag == EVERYBODY else "tagged", abs(price))

    def _note(self, what: str, most: int) -> None:
        self.most[what] += most

    def _refuse_large(self) -> None:
        if max(self.most.values()) >= LARGEST or self.moved >= LARGEST:
            raise Refused("the prices are too large to add up in 64 bits")


def dot(one: Ints, other: Ints) -> int:
    """The exact sum of products, however large."""
    if widest(one) * widest(other) < 2**62:
        return total(one * other)
    return sum(a * b for a, b in zip(one.tolist(), other.tolist(), strict=True))


def total(amounts: Ints) -> int:
    """The exact sum of amounts, each below 2^63, however large it is."""
    return (int((amounts >> 31).sum()) << 31) + int((amounts & (2**31 - 1)).sum())


def _sized(prices: Ints, count: int, what: str) -> Ints:
    if not len(prices):
        return np.zeros(count, np.int64)
    if len(prices) != count:
        raise Refused(f"{len(prices)} prices of {what} for {count}")
    return prices


def _unsigned(prices: Ints, count: int, what: str) -> Ints:
    sized = _sized(prices, count, what)
    if (sized < 0).any():
        raise Refused(f"a price of {what} is below 0")
    return sized


def _row_sums(amounts: Ints, start: Ints) -> Ints:
    running = np.concatenate([[0], np.cumsum(amounts)])
    sums: Ints = running[start[1:]] - running[start[:-1]]
    return sums


def _most_used(prices: Ints, column: Ints, amount: Ints, start: Ints) -> int:
    """No less than the largest sum of prices x amounts in a row."""
    return widest(prices[column]) * widest(amount) * int(np.diff(start).max(initial=0))
