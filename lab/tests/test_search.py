"""The parts of the search that need neither PyTorch nor data."""

import json
import random
from pathlib import Path

import pytest

from mm_lab.search.blocks import Kind, blocks_of, parts_of
from mm_lab.search.config import SearchConfig
from mm_lab.search.evolve import Candidate, Evolution, EvolutionSettings, Limits, pareto_front
from mm_lab.search.pareto import crowding, dominates, fronts
from mm_lab.search.report import write_chosen, write_front
from mm_lab.search.space import Architecture, Choices, Space, Stem
from mm_lab.search.table import Cost, SearchError, Table, Timing, find_table
from mm_lab.train.config import TrainConfig, read_config

STEMS = (Stem(0, 192), Stem(2, 240))
FIXED = {"vocabulary": 100}


@pytest.fixture
def space() -> Space:
    return Space(STEMS, Choices(width=(64, 128), heads=(2, 4), ratio=(2, 4), layers=(1, 3), text_layers=(1, 2)))


def made_table(space: Space) -> Table:
    """Every block takes as many ms as its place in the list, and a run costs 0.25."""
    blocks = {b.key: Timing(i + 1.0, i + 2.0, 5, 100 + i) for i, b in enumerate(blocks_of(space))}
    return Table("here", {}, FIXED, "least", Timing(0.25, 0.5, 5, 0), blocks)


def cheap(a: Architecture) -> Cost:
    """Grows with every setting."""
    ms = a.stem.image_size / 10 + a.width * len(a.layer_bits) / 64
    return Cost(ms, 0.0, 0.0, ms, a.width * (sum(a.layer_bits) + sum(a.text_bits) + a.retrieval_bits))


def shallow_loss(a: Architecture) -> float:
    """Falls with every setting but heads."""
    return 9 - a.width / 64 - len(a.layer_bits) - sum(a.layer_bits) / 100 - a.stem.trunk


def test_every_move_stays_in_the_space(space: Space):
    rng = random.Random(0)
    parent = space.sample(rng)
    for _ in range(300):
        child = space.mutate(space.cross(parent, space.sample(rng), rng), rng, 0.3)
        c = space.choices
        assert child.stem in STEMS
        assert child.width in c.width
        assert child.heads in c.heads
        assert child.ratio in c.ratio
        assert len(child.layer_bits) in c.layers
        assert len(child.text_bits) in c.text_layers
        assert {*child.layer_bits, *child.text_bits, child.picture_bits, child.retrieval_bits} <= set(c.bits)
        parent = child


def test_mutation_at_rate_zero_changes_nothing_and_at_one_changes_every_setting_sometimes(space: Space):
    rng = random.Random(1)
    parent = space.sample(rng)
    assert space.mutate(parent, rng, 0.0) == parent
    changed = [space.mutate(parent, rng, 1.0).record() for _ in range(60)]
    assert all(any(c[name] != value for c in changed) for name, value in parent.record().items())


def test_the_count_is_the_number_of_architectures():
    small = Space((Stem(0, 64),), Choices((64,), (2,), (2,), (1, 2), (1,), (2, 8)))
    rng = random.Random(0)
    assert len({small.sample(rng) for _ in range(2000)}) == small.count() == 2**2 * (2 + 4) * 2


def test_choices_that_no_layer_can_be_built_from_are_refused():
    for wrong in ({"width": (100,)}, {"heads": (3,)}, {"bits": (3,)}, {"layers": ()}, {"ratio": (0,)}):
        with pytest.raises(ValueError, match=rf"choices\.{next(iter(wrong))}"):
            Choices(**wrong)


def test_an_architecture_survives_json(space: Space):
    one = space.sample(random.Random(3))
    assert Architecture.from_record(json.loads(json.dumps(one.record()))) == one


def test_bits_go_with_the_block_a_linear_stands_in():
    a = Architecture(STEMS[0], 64, 2, 2, 4, 8, (2, 4), (8,))
    assert a.bits_of("blocks.1.attend_self.query") == 4
    assert a.bits_of("blocks.0.feed_forward.0") == 2
    assert a.bits_of("text_blocks.0.attend_self.out") == 8
    assert a.bits_of("grid_in") == 4
    assert a.bits_of("image_out.2") == a.bits_of("text_out") == 8
    assert a.bits_of("class_in") is None


def test_the_table_has_every_block_of_every_architecture(space: Space):
    known = {b.key for b in blocks_of(space)}
    assert len(known) == len(blocks_of(space))
    rng = random.Random(0)
    used: set[str] = set()
    for _ in range(3000):
        parts = parts_of(space.sample(rng))
        used |= {b.key for p in (parts.vision, parts.step, parts.text) for b in p}
    assert used == known


def test_a_cost_adds_blocks_and_pays_for_each_run_once(space: Space):
    table = made_table(space)
    a = Architecture(STEMS[1], 64, 2, 4, 2, 8, (2, 8, 2), (4,))
    cost = table.cost(a, 10)
    parts = parts_of(a)
    ms = {key: t.least_ms or 0.0 for key, t in table.blocks.items()}
    step = sum((ms[b.key] - 0.25) * n for b, n in parts.step.items()) + 0.25
    assert cost.step_ms == pytest.approx(step)
    assert cost.caption_ms == pytest.approx(cost.vision_ms + 10 * step)
    assert sum(parts.step.values()) == 1 + 2 * 3
    assert max(n for b, n in parts.step.items() if b.kind is Kind.SELF) == 2
    assert cost.bytes == sum(table.blocks[b.key].bytes * n for p in vars(parts).values() for b, n in p.items())


def test_the_statistic_decides_which_time_counts(space: Space):
    table, a = made_table(space), space.smallest(STEMS[0])
    least = table.cost(a, 1).vision_ms
    table.statistic = "median"
    assert table.cost(a, 1).vision_ms > least


def test_a_table_survives_its_file(space: Space, tmp_path: Path):
    table = made_table(space)
    table.save(tmp_path / "t.json")
    assert Table.load(tmp_path / "t.json") == table
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(ValueError, match="no latency table"):
        Table.load(tmp_path / "other.json")


def test_a_table_without_measured_times_is_refused(space: Space):
    blocks = blocks_of(space)
    empty = Table("phone", {}, FIXED, "least", None, {b.key: Timing(None, None, 0, 10) for b in blocks})
    with pytest.raises(ValueError, match="holds no measured time"):
        empty.check(blocks, FIXED)
    with pytest.raises(ValueError, match="holds no measured time"):
        Table("phone", {}, FIXED).check(blocks, FIXED)


def test_a_table_with_a_gap_or_for_another_network_is_refused(space: Space):
    table, blocks = made_table(space), blocks_of(space)
    table.check(blocks, FIXED)
    with pytest.raises(ValueError, match="another vocabulary"):
        table.check(blocks, {"vocabulary": 7})
    del table.blocks[blocks[-1].key]
    with pytest.raises(ValueError, match=f"lacks 1 of {len(blocks)} blocks"):
        table.check(blocks, FIXED)


def test_an_unknown_target_says_how_to_measure_it(tmp_path: Path):
    with pytest.raises(SearchError, match="measured, never guessed"):
        find_table("snapdragon_8gen3", [tmp_path])
    (tmp_path / "snapdragon_8gen3.json").write_text("{}")
    assert find_table("snapdragon_8gen3", [tmp_path]) == tmp_path / "snapdragon_8gen3.json"
    assert find_table("x/y.json", []) == Path("x/y.json")


def test_fronts_are_those_of_a_drawn_example():
    points = [(1, 4), (2, 2), (4, 1), (3, 3), (4, 4), (2, 2)]
    assert fronts(points) == [[0, 1, 2, 5], [3], [4]]
    assert dominates((1, 1), (1, 2))
    assert not dominates((1, 1), (1, 1))


def test_the_ends_of_a_front_have_endless_room():
    points = [(0, 10), (1, 5), (2, 4), (10, 0)]
    room = crowding(points, [0, 1, 2, 3])
    assert room[0] == room[3] == float("inf")
    assert room[1] == pytest.approx(2 / 10 + 6 / 10)
    assert room[2] == pytest.approx(9 / 10 + 5 / 10)


def test_evolution_finds_the_best_allowed_architecture_and_keeps_the_limits(space: Space):
    limits = Limits(25.0, 10_000)
    settings = EvolutionSettings(population=24, generations=15, seed=4)
    found = Evolution(space, cheap, shallow_loss, limits, settings).run(lambda _: None)
    assert all(limits.hold(c.cost) for c in found)
    assert len({c.architecture for c in found}) == len(found)
    rng = random.Random(0)
    allowed = [a for a in (space.sample(rng) for _ in range(4000)) if limits.hold(cheap(a))]
    assert min(c.loss for c in found) <= min(map(shallow_loss, allowed))
    again = Evolution(space, cheap, shallow_loss, limits, settings).run(lambda _: None)
    assert found == again


def test_limits_nothing_can_keep_say_what_is_possible(space: Space):
    with pytest.raises(ValueError, match=r"no architecture within 3 ms .* fastest takes 20\.20 ms"):
        Evolution(space, cheap, shallow_loss, Limits(3.0, 10**9), EvolutionSettings()).run(lambda _: None)


def test_the_front_holds_no_beaten_candidate(space: Space):
    rng = random.Random(5)
    all_of_them = [Candidate(a, cheap(a), shallow_loss(a)) for a in (space.sample(rng) for _ in range(200))]
    front = pareto_front(all_of_them)
    assert front
    assert not any(dominates(o.point, c.point) for c in front for o in all_of_them)
    assert [c.point for c in front] == sorted(c.point for c in front)
    assert pareto_front([]) == []


def test_what_was_chosen_can_be_trained(space: Space, tmp_path: Path):
    settings = {
        "sources": [{"name": "a", "form": "shards", "location": "data/a"}],
        "stems": [{"trunk": s.trunk, "image_size": s.image_size, "cache": f"runs/{s.name}"} for s in STEMS],
        "output": str(tmp_path),
    }
    (tmp_path / "search.json").write_text(json.dumps(settings))
    config = read_config(SearchConfig, tmp_path / "search.json")
    rng = random.Random(5)
    candidates = [Candidate(a, cheap(a), shallow_loss(a)) for a in (space.sample(rng) for _ in range(50))]
    chosen = write_front(tmp_path / "pareto.csv", candidates)
    assert chosen.loss == min(c.loss for c in candidates)
    rows = (tmp_path / "pareto.csv").read_text().splitlines()
    assert len(rows) == 1 + len(pareto_front(candidates))
    assert [r.startswith("1,") for r in rows[1:]].count(True) == 1
    write_chosen(tmp_path, chosen, config, {"target": "here"})
    train = json.loads((tmp_path / "train.json").read_text())
    assert train["network"] == chosen.architecture.network()
    assert train["data"]["cache"] == f"runs/{chosen.architecture.stem.name}"
    assert json.loads((tmp_path / "architecture.json").read_text())["target"] == "here"
    assert read_config(TrainConfig, tmp_path / "train.json").network["width"] == chosen.architecture.width


def test_the_committed_template_is_a_valid_search():
    template = Path(__file__).parents[1] / "configs" / "search.json"
    config = read_config(SearchConfig, template)
    assert {s.trunk for s in config.space().stems} == {0, 1, 2}
