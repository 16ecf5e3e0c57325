"""Coaches, rooms and teachers are taken by the piece: enough pieces for the heads they seat."""

import numpy as np

from solvers.problem import Ints
from solvers.rules.rule import Sheet


def entries(sheet: Sheet) -> list[tuple[int, int]]:
    """Every (option, entry), options by id, entries in order: the order of variables ``pieces``."""
    return [
        (option, entry)
        for option, carriers in enumerate(sheet.problem.options.carriers)
        for entry in range(len(carriers))
    ]


def add(sheet: Sheet) -> None:
    """Variables ``pieces``; rows ``carriers`` by option, one for each tag that its entries seat."""
    problem = sheet.problem
    options = problem.options
    listed = entries(sheet)
    by_option = _choices_by_option(sheet)
    uppers = []
    for option, entry in listed:
        carrier = options.carriers[option][entry]
        at = by_option[option]
        load = int(problem.heads_tagged(carrier.tag)[at] @ problem.choices.units[at])
        load = min(load, int(options.capacity[option])) if carrier.tag < 0 else load
        uppers.append(min(carrier.most, -(-load // carrier.seats)))
    pieces = sheet.variables("pieces", np.array(uppers, np.int64))
    place = dict(zip(listed, pieces.tolist(), strict=True))
    for option, carriers in enumerate(options.carriers):
        at = by_option[option]
        for tag in sorted({carrier.tag for carrier in carriers}):
            mine = [entry for entry, carrier in enumerate(carriers) if carrier.tag == tag]
            columns = np.array([place[option, entry] for entry in mine])
            seats = np.array([carriers[entry].seats for entry in mine])
            zeros: Ints = np.zeros(len(at), np.int64)
            sheet.rows(
                "carriers",
                [option],
                [
                    (np.zeros(len(mine), np.int64), columns, seats),
                    (zeros, at, -problem.heads_tagged(tag)[at]),
                ],
                low=0,
            )


def _choices_by_option(sheet: Sheet) -> list[Ints]:
    choices = sheet.problem.choices
    order = np.argsort(choices.option, kind="stable")
    cuts = np.searchsorted(choices.option[order], np.arange(1, len(sheet.problem.options.ids)))
    return np.split(order, cuts)
