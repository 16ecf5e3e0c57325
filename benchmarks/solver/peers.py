"""What anyone would pick instead: each peer's own way to the same optimum, with nothing but its own means."""

import contextlib
import hashlib
import io
import time
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.solver.plain import Plain
from benchmarks.solver.said import Said
from solvers.problem import Ints

Contender = Callable[[Plain, float], Said]
"""Takes the arrays and a limit in seconds."""


def network_bare(plain: Plain, seconds: float) -> Said:
    """OR-Tools' SimpleMinCostFlow, its ``solve`` alone: arcs are in, places are not yet read out."""
    said, _ = _network(plain, seconds)
    return said


def network_whole(plain: Plain, seconds: float) -> Said:
    """OR-Tools' SimpleMinCostFlow, arcs in and places out."""
    said, places = _network(plain, seconds)
    if said.value is None:
        return said
    found = places()
    return Said(said.value, said.bound, places=lambda: found)


def _network(plain: Plain, _seconds: float) -> tuple[Said, Callable[[], Ints]]:
    from ortools.graph.python import min_cost_flow  # noqa: PLC0415 - each peer is loaded where it runs

    flow = min_cost_flow.SimpleMinCostFlow()
    options, choices = len(plain.capacity), len(plain.group)
    sink = plain.groups + options
    flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([plain.group, plain.groups + np.arange(options)]),
        np.concatenate([plain.groups + plain.option, np.full(options, sink)]),
        np.concatenate([np.ones(choices, np.int64), plain.capacity]),
        np.concatenate([plain.cost, np.zeros(options, np.int64)]),
    )
    supply = np.append(np.ones(plain.groups, np.int64), np.zeros(options, np.int64))
    flow.set_nodes_supplies(np.arange(sink), supply)
    flow.set_node_supply(sink, -plain.groups)

    def places() -> Ints:
        found: Ints = np.flatnonzero(flow.flows(np.arange(choices)))
        return found

    started = time.perf_counter()
    if flow.solve() != flow.OPTIMAL:
        return Said(None, note="no flow"), places
    alone = time.perf_counter() - started
    return Said(flow.optimal_cost(), flow.optimal_cost(), places=places, alone=alone), places


def flow_bound(plain: Plain, _seconds: float) -> Said:
    """The flow in which parties may be split head by head: no answer, but no answer that keeps them whole is cheaper."""
    from ortools.graph.python import min_cost_flow  # noqa: PLC0415

    flow = min_cost_flow.SimpleMinCostFlow()
    options = len(plain.capacity)
    sink = plain.groups + options
    size = np.zeros(plain.groups, np.int64)
    np.maximum.at(size, plain.group, plain.heads)
    if (plain.cost % plain.heads).any() or (size[plain.group] != plain.heads).any():
        return Said(None, note="heads are not alike")
    flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([plain.group, plain.groups + np.arange(options)]),
        np.concatenate([plain.groups + plain.option, np.full(options, sink)]),
        np.concatenate([plain.heads, plain.capacity]),
        np.concatenate([plain.cost // plain.heads, np.zeros(options, np.int64)]),
    )
    flow.set_nodes_supplies(np.arange(sink), np.append(size, np.zeros(options, np.int64)))
    flow.set_node_supply(sink, -int(size.sum()))
    if flow.solve() != flow.OPTIMAL:
        return Said(None, note="no flow")
    return Said(None, flow.optimal_cost(), note="a bound, no answer")


def assignment_bare(plain: Plain, _seconds: float) -> Said:
    """OR-Tools' SimpleLinearSumAssignment."""
    from ortools.graph.python import linear_sum_assignment  # noqa: PLC0415

    solver = linear_sum_assignment.SimpleLinearSumAssignment()
    solver.add_arcs_with_cost(plain.group, plain.option, plain.cost)
    if solver.solve() != solver.OPTIMAL:
        return Said(None, note="no assignment")
    mates = np.array([solver.right_mate(group) for group in range(plain.groups)])
    return Said(solver.optimal_cost(), solver.optimal_cost(), places=lambda: _choices(plain, mates))


def _choices(plain: Plain, option: Ints) -> Ints:
    """The choice by which each group has its option."""
    found: Ints = np.flatnonzero(plain.option == option[plain.group])
    return found


def scipy_seats(plain: Plain, _seconds: float) -> Said:
    """The min_weight_full_bipartite_matching of scipy, with a column for every seat."""
    from scipy.sparse import csr_array  # noqa: PLC0415
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching  # noqa: PLC0415

    listed = np.bincount(plain.option, minlength=len(plain.capacity))
    # Where there is room for all who list it, one column for each of them will do.
    roomy = plain.capacity >= listed
    seats = np.where(roomy, listed, plain.capacity)
    first = np.concatenate([[0], np.cumsum(seats)])
    order = np.argsort(plain.option, kind="stable")
    turn = np.empty(len(order), np.int64)
    turn[order] = np.arange(len(order)) - (np.cumsum(listed) - listed)[plain.option[order]]
    times = np.where(roomy, 1, seats)[plain.option]
    row = np.repeat(plain.group, times)
    within = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    column = np.repeat(first[plain.option] + np.where(roomy[plain.option], turn, 0), times) + within
    matrix = csr_array(
        (np.repeat(plain.cost + 1, times), (row, column)), shape=(plain.groups, int(first[-1]))
    )
    rows, columns = min_weight_full_bipartite_matching(matrix)
    value = int(matrix[rows, columns].sum()) - plain.groups
    option = np.empty(plain.groups, np.int64)
    option[rows] = np.searchsorted(first, columns, side="right") - 1
    return Said(value, value, places=lambda: _choices(plain, option))


def networkx_simplex(plain: Plain, _seconds: float) -> Said:
    """The network simplex of networkx."""
    import networkx as nx  # noqa: PLC0415

    graph = nx.DiGraph()
    graph.add_node("sink", demand=plain.groups)
    for group in range(plain.groups):
        graph.add_node(group, demand=-1)
    for group, option, cost in zip(
        plain.group.tolist(), plain.option.tolist(), plain.cost.tolist(), strict=True
    ):
        graph.add_edge(group, ("o", option), weight=cost, capacity=1)
    for option, seats in enumerate(plain.capacity.tolist()):
        graph.add_edge(("o", option), "sink", capacity=seats)
    value, flows = nx.network_simplex(graph)
    option = [next(node[1] for node, much in flows[group].items() if much) for group in range(plain.groups)]
    return Said(value, value, places=lambda: _choices(plain, np.array(option)))


def matching_residents(plain: Plain, _seconds: float) -> Said:
    """`matching`'s HospitalResident: stable, not cheapest, so only its time compares; what it costs is told."""
    from matching.games import HospitalResident  # noqa: PLC0415

    order = np.lexsort((plain.cost, plain.group))
    wishes: dict[int, list[int]] = {}
    for choice in order.tolist():
        wishes.setdefault(int(plain.group[choice]), []).append(int(plain.option[choice]))
    listed: dict[int, list[int]] = {}
    for group, options in wishes.items():
        for option in options:
            listed.setdefault(option, []).append(group)
    seats = {option: int(plain.capacity[option]) for option in listed}
    game = HospitalResident.create_from_dictionaries(wishes, listed, seats)
    at = {
        (g, o): c
        for g, o, c in zip(plain.group.tolist(), plain.option.tolist(), plain.cost.tolist(), strict=True)
    }
    place = np.empty(plain.groups, np.int64)
    for hospital, residents in game.solve().items():
        for resident in residents:
            place[int(str(resident.name))] = int(str(hospital.name))
    value = sum(at[group, one] for group, one in enumerate(place.tolist()))
    return Said(value, note="stable, not cheapest", places=lambda: _choices(plain, place))


def fairpyx_utilitarian(plain: Plain, _seconds: float) -> Said:
    """`fairpyx`'s utilitarian matching: most value, which is least cost turned round."""
    import fairpyx  # noqa: PLC0415

    most = int(plain.cost.max()) + 1
    values: dict[str, dict[str, int]] = {}
    cost: dict[tuple[str, str], int] = {}
    for group, option, each in zip(
        plain.group.tolist(), plain.option.tolist(), plain.cost.tolist(), strict=True
    ):
        values.setdefault(f"g{group}", {})[f"o{option}"] = most - each
        cost[f"g{group}", f"o{option}"] = each
    seats = {f"o{option}": int(n) for option, n in enumerate(plain.capacity)}
    instance = fairpyx.Instance(
        valuations=values, item_capacities=seats, agent_capacities=dict.fromkeys(values, 1)
    )
    with contextlib.redirect_stdout(io.StringIO()):
        found = fairpyx.divide(fairpyx.algorithms.utilitarian_matching, instance=instance)
    value = sum(cost[group, option] for group, taken in found.items() for option in taken)
    place = np.array([int(found[f"g{group}"][0][1:]) for group in range(plain.groups)])
    return Said(value, places=lambda: _choices(plain, place))


def highs_mip(plain: Plain, seconds: float) -> Said:
    """HiGHS with the strong rows (a place only where it runs), one thread."""
    return _highs(plain, seconds, whole=True)


def highs_lp(plain: Plain, seconds: float) -> Said:
    """HiGHS' simplex on the relaxation, which is exact for capacities alone."""
    return _highs(plain, seconds, whole=False)


def _highs(plain: Plain, seconds: float, *, whole: bool) -> Said:
    import highspy  # noqa: PLC0415

    rows, columns, amounts, low, high = _rows(plain, highspy.kHighsInf)
    lp = highspy.HighsLp()
    size = len(plain.group) + (len(plain.capacity) if plain.joint else 0)
    lp.num_col_, lp.num_row_ = size, len(low)
    lp.col_cost_ = np.concatenate([plain.cost, plain.opening]).astype(np.float64)[:size]
    lp.col_lower_, lp.col_upper_ = np.zeros(size), np.ones(size)
    lp.row_lower_, lp.row_upper_ = low, high
    order = np.argsort(rows, kind="stable")
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.searchsorted(rows[order], np.arange(len(low) + 1))
    lp.a_matrix_.index_, lp.a_matrix_.value_ = columns[order], amounts[order].astype(np.float64)
    if whole:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * size
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("time_limit", seconds),
        ("mip_rel_gap", 0.0),
    ):
        highs.setOptionValue(name, value)
    if not whole:
        highs.setOptionValue("solver", "simplex")
    highs.passModel(lp)
    highs.run()
    info = highs.getInfo()
    solved = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    bound = info.mip_dual_bound if whole else info.objective_function_value
    choices = len(plain.group)
    return Said(
        round(info.objective_function_value) if solved else None,
        bound if np.isfinite(bound) else None,
        places=(lambda: _chosen(highs.getSolution().col_value[:choices])) if solved else None,
    )


def _chosen(values: Sequence[float]) -> Ints:
    found: Ints = np.flatnonzero(np.asarray(values) > 0.5)
    return found


def _rows(plain: Plain, infinite: float) -> tuple[np.ndarray, ...]:
    """One place a group; seats; and where running matters: minimum, place only where it runs, the fund."""
    choices, options = len(plain.group), len(plain.capacity)
    every, each = np.arange(choices), np.arange(options)
    run = choices + each
    row = [plain.group, plain.groups + plain.option]
    column, amount = [every, every], [np.ones(choices, np.int64), plain.heads]
    low = [np.ones(plain.groups), np.full(options, -infinite)]
    high = [np.ones(plain.groups), plain.capacity.astype(float)]
    at = plain.groups + options
    if plain.joint:
        row += [plain.groups + each, at + plain.option, at + each]
        column += [run, every, run]
        amount += [-plain.capacity, plain.heads, -plain.minimum]
        high[1] = np.zeros(options)
        low.append(np.zeros(options))
        high.append(np.full(options, infinite))
        at += options
        row += [at + every, at + every]
        column += [every, choices + plain.option]
        amount += [np.ones(choices, np.int64), -np.ones(choices, np.int64)]
        low.append(np.full(choices, -infinite))
        high.append(np.zeros(choices))
        at += choices
    if plain.fund is not None:
        row += [np.full(choices, at), np.full(options, at)]
        column += [every, run]
        amount += [plain.spent, plain.once]
        low.append(np.array([-infinite]))
        high.append(np.array([float(plain.fund)]))
    return (
        np.concatenate(row),
        np.concatenate(column),
        np.concatenate(amount),
        np.concatenate(low),
        np.concatenate(high),
    )


def cp_sat(plain: Plain, seconds: float, *, workers: int = 2) -> Said:
    """CP-SAT's plain model, two workers."""
    from ortools.sat.python import cp_model  # noqa: PLC0415

    model = cp_model.CpModel()
    infinite = float(2**60)
    rows, columns, amounts, low, high = _rows(plain, infinite)
    size = len(plain.group) + (len(plain.capacity) if plain.joint else 0)
    variables = [model.new_bool_var("") for _ in range(size)]
    order = np.argsort(rows, kind="stable")
    cuts = np.searchsorted(rows[order], np.arange(len(low) + 1)).tolist()
    column, amount = columns[order].tolist(), amounts[order].tolist()
    for number, (least, most) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        cut = slice(cuts[number], cuts[number + 1])
        terms = cp_model.LinearExpr.weighted_sum([variables[c] for c in column[cut]], amount[cut])
        model.add_linear_constraint(terms, int(least), int(most))
    costs = np.concatenate([plain.cost, plain.opening]).tolist()[:size]
    model.minimize(cp_model.LinearExpr.weighted_sum(variables, costs))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    status = solver.solve(model)
    solved = status in {cp_model.OPTIMAL, cp_model.FEASIBLE}
    chosen = [solver.value(variable) for variable in variables[: len(plain.group)]] if solved else []
    return Said(
        round(solver.objective_value) if solved else None,
        solver.best_objective_bound,
        places=(lambda: _chosen(chosen)) if solved else None,
        facts={"digest": hashlib.sha256(bytes(map(bool, chosen))).hexdigest()[:12]} if workers > 2 else {},
    )


def scip(plain: Plain, seconds: float) -> Said:
    """SCIP through pyscipopt."""
    from pyscipopt import Model, quicksum  # noqa: PLC0415

    infinite = float(2**60)
    rows, columns, amounts, low, high = _rows(plain, infinite)
    model = Model()
    model.hideOutput()
    model.setParam("limits/time", seconds)
    size = len(plain.group) + (len(plain.capacity) if plain.joint else 0)
    costs = np.concatenate([plain.cost, plain.opening]).tolist()[:size]
    variables = [model.addVar(vtype="B", obj=cost) for cost in costs]
    order = np.argsort(rows, kind="stable")
    cuts = np.searchsorted(rows[order], np.arange(len(low) + 1)).tolist()
    column, amount = columns[order].tolist(), amounts[order].tolist()
    for number, (least, most) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        terms = quicksum(amount[at] * variables[column[at]] for at in range(cuts[number], cuts[number + 1]))
        if least > -infinite:
            model.addCons(terms >= least)
        if most < infinite:
            model.addCons(terms <= most)
    model.optimize()
    solved = model.getNSols() > 0
    chosen = [model.getVal(variable) for variable in variables[: len(plain.group)]] if solved else []
    return Said(
        round(model.getObjVal()) if solved else None,
        model.getDualbound(),
        places=(lambda: _chosen(chosen)) if solved else None,
    )
