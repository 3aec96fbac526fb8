import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training tests need the [train] extra")
pytest.importorskip("timm")
pytest.importorskip("pycocoevalcap")

from pycocoevalcap.cider.cider import Cider  # noqa: E402

from mm_lab.data.corpus import Corpus, Photo  # noqa: E402
from mm_lab.data.features import GRID_VALUES, pack_grid  # noqa: E402
from mm_lab.data.packing import PackSettings, pack_photos  # noqa: E402
from mm_lab.data.samples import Question  # noqa: E402
from mm_lab.data.vocabulary import CAPTION, END, PAD, SPECIALS, Vocabulary  # noqa: E402
from mm_lab.model.generate import BeamSettings, beam_search, generate, most_alike, most_likely  # noqa: E402
from mm_lab.model.network import Network, NetworkConfig  # noqa: E402
from mm_lab.model.trunk import GRID_CHANNELS  # noqa: E402
from mm_lab.train.caption_contrast import CaptionContrast  # noqa: E402
from mm_lab.train.checkpoint import Model, load_model, save_model  # noqa: E402
from mm_lab.train.cider import CiderReward  # noqa: E402
from mm_lab.train.config import TrainConfig, read_config  # noqa: E402
from mm_lab.train.losses import contrast, drop_regions, packed_loss, packed_mask  # noqa: E402
from mm_lab.train.run import Run  # noqa: E402
from mm_lab.train.selfcritical import EvenSources, policy_loss  # noqa: E402
from mm_lab.train.store import unpack_grid  # noqa: E402

WORDS = "a dog cat runs on grass red what color is the".split()


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    config = NetworkConfig(len(SPECIALS) + len(WORDS), image_size=64, width=32, heads=2, layers=2, embedding_hidden=16)
    return Network(config).eval()


@pytest.fixture
def memory(network: Network):
    torch.manual_seed(1)
    return network.picture(torch.rand(3, 4, 1280))


@pytest.fixture
def corpus() -> Corpus:
    photo = Photo(
        "a", "1", ("a red dog runs", "the dog runs on grass"), (Question("what color is the dog", "red"),), ()
    )
    return Corpus([photo] * 3, [], Vocabulary([*SPECIALS, *WORDS]))


def test_a_packed_text_is_read_as_if_it_stood_alone(network: Network, memory, corpus: Corpus):
    settings = PackSettings(row_tokens=24, token_dropout=0.0)
    packed = pack_photos(corpus, corpus.train, [False] * 3, random.Random(0), settings)
    tokens, positions, segments = (torch.from_numpy(a) for a in (packed.tokens, packed.positions, packed.segments))
    with torch.no_grad():
        together = network.decode(tokens, positions, memory, packed_mask(segments))
        for row in range(3):
            assert segments[row].max() == 3
            for segment in (1, 2, 3):
                inside = segments[row] == segment
                alone = tokens[row][inside][None]
                mask = torch.ones(alone.shape[1], alone.shape[1], dtype=torch.bool).tril()
                hidden = network.decode(alone, torch.arange(alone.shape[1]), memory[row : row + 1], mask)
                torch.testing.assert_close(hidden[0], together[row][inside], atol=1e-5, rtol=1e-4)


def test_stepping_with_a_cache_gives_the_scores_of_the_whole_text(network: Network, memory):
    tokens = torch.randint(6, 12, (3, 7))
    mask = torch.ones(7, 7, dtype=torch.bool).tril()
    with torch.no_grad():
        whole = network.logits(network.decode(tokens, torch.arange(7), memory, mask))
        picture = network.picture_keys_values(memory)
        scores, past = network.step(tokens[:, :4], 0, picture, None)
        torch.testing.assert_close(scores, whole[:, 3], atol=1e-5, rtol=1e-4)
        for at in range(4, 7):
            scores, past = network.step(tokens[:, at : at + 1], at, picture, past)
            torch.testing.assert_close(scores, whole[:, at], atol=1e-5, rtol=1e-4)


def test_a_beam_of_one_is_greedy_and_a_wider_one_is_at_least_as_likely(network: Network, memory):
    network.output_bias.data[END] = 1.5  # so that texts end
    prefix = torch.full((3, 1), CAPTION)
    greedy = generate(network, memory, prefix, 8)
    narrow = most_likely(*beam_search(network, memory, prefix, BeamSettings(width=1, max_tokens=8)))
    assert narrow.tolist() == greedy.tolist()
    wide = most_likely(*beam_search(network, memory, prefix, BeamSettings(width=4, max_tokens=8, alpha=0.0)))
    assert (likelihood(network, memory, wide) >= likelihood(network, memory, greedy) - 1e-4).all()


def test_the_picture_decides_between_the_captions_of_the_beams(network: Network, memory):
    network.output_bias.data[END] = 1.5
    settings = BeamSettings(width=4, max_tokens=19)
    texts, scores = beam_search(network, memory, torch.full((3, 1), CAPTION), settings)
    rows = [[CAPTION, *(t for t in row if t != PAD)][:20] for row in texts[1].tolist()]
    with torch.no_grad():
        embeddings = torch.cat([network.embed_text(torch.tensor([row])) for row in rows])
    least = int(scores[1].argmin())
    pictures = torch.stack([embeddings[0], embeddings[least], embeddings[0]])
    assert most_alike(network, texts, scores, pictures, 0.0).tolist() == most_likely(texts, scores).tolist()
    assert most_alike(network, texts, scores, pictures, 1e4)[1].tolist() == texts[1, least].tolist()


def likelihood(network: Network, memory, said):
    rows = torch.stack(
        [policy_loss(network, m[None], s[None], torch.ones(1)) for m, s in zip(memory, said, strict=True)]
    )
    return -rows * said.ne(PAD).sum(1)


def test_a_source_whose_rewards_vary_more_does_not_outweigh_the_others():
    torch.manual_seed(1)
    even, sources = EvenSources(), ["few", "many"] * 8
    for _ in range(20):
        advantage = torch.randn(16, 5) * torch.tensor([[3.0], [0.5]] * 8)
        found = even(advantage, sources)
        sizes = [found[first::2].square().mean().sqrt().item() for first in (0, 1)]
        assert sizes == pytest.approx([0.36, 0.36], rel=0.35)
        torch.testing.assert_close(found.sign(), advantage.sign())
    assert even(torch.zeros(2, 5), ["few", "none"]).tolist() == torch.zeros(2, 5).tolist()


def test_pictures_are_held_against_all_captions_but_their_own_others(network: Network, corpus: Corpus):
    corpus.train[1] = Photo("a", "2", ("a cat", "a dog", "grass"), (), ())
    texts = [c for photo in corpus.train for c in photo.captions]
    with torch.no_grad():
        embeddings = torch.cat([network.embed_text(torch.tensor([corpus.caption_tokens(c)])) for c in texts])
        pictures = torch.nn.functional.normalize(torch.randn(2, embeddings.shape[1]), dim=-1)
        scores = network.log_scale_text.exp() * pictures @ embeddings.T
        found = CaptionContrast(corpus, network)(pictures, np.array([1, 2]), random.Random(0))
    choice = random.Random(0)
    first, second = choice.randrange(2, 5), choice.randrange(5, 7)
    others = [[0, 1, 5, 6, first], [0, 1, 2, 3, 4, second]]
    expected = [torch.log_softmax(scores[i, rows], 0)[-1] for i, rows in enumerate(others)]
    torch.testing.assert_close(found, -torch.stack(expected).mean(), atol=1e-5, rtol=1e-4)


def test_nothing_but_words_and_the_end_is_ever_said(network: Network, memory):
    network.output_bias.data[: len(SPECIALS)] = 50
    network.output_bias.data[END] = 0
    said = generate(network, memory, torch.full((3, 1), CAPTION), 6, samples=4, temperature=1.0)
    assert said.shape[0] == 12 and not set(said.unique().tolist()) & (set(range(1, len(SPECIALS))) - {END})


def test_a_policy_step_makes_rewarded_captions_likelier(network: Network, memory):
    said = generate(network, memory.detach(), torch.full((3, 1), CAPTION), 6, samples=2, temperature=1.0)
    advantage = torch.tensor([1.0, -1.0] * 3)
    before = policy_loss(network, memory, said, advantage)
    before.backward()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.grad is not None:
                parameter.sub_(0.005 * parameter.grad)
        assert policy_loss(network, memory.detach(), said, advantage) < before


def test_samples_that_share_a_row_do_not_see_each_other(network: Network, memory):
    said = generate(network, memory, torch.full((3, 1), CAPTION), 6, samples=4, temperature=1.0)
    advantage = torch.linspace(-1, 1, 12)
    apart = [
        policy_loss(network, memory[i // 4, None], said[i, None], advantage[i, None]) * said[i].ne(PAD).sum()
        for i in range(12)
    ]
    together = policy_loss(network, memory, said, advantage)
    assert together.item() == pytest.approx((sum(apart) / said.ne(PAD).sum()).item(), abs=1e-5)


def test_regions_are_dropped_from_the_grid_alone(memory):
    regions = memory.shape[1] - 2
    kept = drop_regions(memory, regions, 0.5)
    assert kept.shape[1] == round(0.5 * regions) + 2 and torch.equal(kept[:, -2:], memory[:, -2:])
    for row, source in zip(kept, memory, strict=True):
        places = [(source == token).all(1).nonzero()[0, 0].item() for token in row[:-2]]
        assert len(set(places)) == len(places) and max(places) < regions


def test_photos_may_change_size_and_positions_follow_the_grid(network: Network):
    side, before = network.config.grid_side, network.grid_position.detach().clone()
    network.resize_photos(32 * side - 16)
    assert network.config.image_size == 32 * side - 16 and torch.equal(network.grid_position, before)
    plane = torch.arange(side).repeat_interleave(side).float()  # the row, in every channel
    network.grid_position.data = plane[:, None].expand(-1, network.config.width).clone()
    network.resize_photos(32 * (side + 1))
    rows = network.grid_position.detach().view(side + 1, side + 1, -1)
    assert torch.allclose(rows, rows[:, :1, :1].expand_as(rows), atol=1e-5)
    assert (rows[1:, 0, 0] > rows[:-1, 0, 0]).all() and rows.mean().item() == pytest.approx((side - 1) / 2, abs=1e-4)
    if network.config.class_tokens:
        assert torch.allclose(network.regions.sum(1), torch.ones(5))
    assert network.picture(torch.randn(2, (side + 1) ** 2, GRID_CHANNELS)).shape[0] == 2
    again = Network(network.config)
    again.load_state_dict(network.state_dict())


def test_cider_equals_the_reference_tool():
    references = [
        [["a", "dog", "runs", "on", "grass"], ["a", "red", "dog"]],
        [["the", "cat"], ["a", "cat", "on", "grass", "runs"]],
        [["a", "red", "color"], ["what", "is", "the", "color"]],
    ]
    said = [["a", "dog", "runs"], ["a", "cat", "on", "grass", "grass"], ["what", "color"]]
    ours = CiderReward(references)
    joined = {i: [" ".join(r) for r in group] for i, group in enumerate(references)}
    _, theirs = Cider().compute_score(joined, {i: [" ".join(s)] for i, s in enumerate(said)})
    np.testing.assert_allclose([ours(s, i) for i, s in enumerate(said)], theirs, rtol=1e-6)


def test_contrast_is_lowest_for_matching_rows_and_grows_with_negatives():
    rows = torch.nn.functional.normalize(torch.randn(6, 16, generator=torch.Generator().manual_seed(0)), dim=1)
    scale = torch.tensor(3.0)
    right, wrong = contrast(rows, rows, scale), contrast(rows, rows.roll(1, 0), scale)
    assert right < wrong and contrast(rows, rows, scale, rows[:2] * 0.99) > right


def test_a_checkpoint_gives_the_same_network_back(network: Network, memory, tmp_path: Path):
    save_model(tmp_path / "m.pt", Model(network, Vocabulary([*SPECIALS, *WORDS]), {"step": 3}))
    loaded = load_model(tmp_path / "m.pt")
    tokens = torch.randint(6, 12, (2, 5))
    torch.testing.assert_close(loaded.network.eval().embed_text(tokens), network.embed_text(tokens))
    assert len(loaded.vocabulary) == len(SPECIALS) + len(WORDS) and loaded.notes == {"step": 3}


def fit(output: Path, corpus: Corpus, steps: int, stop: int | None = None) -> list[float]:
    """Losses of a run of ``steps``, stopped after ``stop`` as if the process had been killed after a save."""
    torch.manual_seed(5)
    config = NetworkConfig(len(corpus.vocabulary), image_size=64, width=32, heads=2, layers=1, dropout=0.0)
    network = Network(config)
    schedule = TrainConfig(data=None, output=output, steps=steps, warmup=1, learning_rate=3e-3)  # type: ignore[arg-type]
    run = Run(output, network, [{"params": list(network.parameters())}], schedule, np.random.default_rng(0))
    losses = []
    for _ in run.steps():
        grid = unpack_grid(torch.from_numpy(pack_grid(run.rng.random((3, 4, 1280), np.float32))))
        packed = pack_photos(corpus, corpus.train, [False] * 3, random.Random(1), PackSettings(24, token_dropout=0.0))
        loss = packed_loss(network, network.picture(grid), packed, smoothing=0.1)
        run.descend(loss)
        losses.append(loss.item())
        if stop and len(losses) == stop:
            run.progress.step += 1
            run.save()
            break
    return losses


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(corpus: Corpus, tmp_path: Path):
    whole = fit(tmp_path / "whole", corpus, 8)
    first = fit(tmp_path / "parts", corpus, 8, stop=4)
    second = fit(tmp_path / "parts", corpus, 8)
    np.testing.assert_allclose(first + second, whole, rtol=1e-4)
    assert whole[-1] < whole[0] - 0.5


def test_packed_grids_are_unpacked_alike_by_numpy_and_torch():
    packed = np.arange(256, dtype=np.uint8)
    np.testing.assert_allclose(unpack_grid(torch.from_numpy(packed)).numpy(), GRID_VALUES, rtol=1e-6)


def test_settings_are_read_and_a_misspelt_one_is_named(tmp_path: Path):
    path = tmp_path / "c.json"
    source = '{"sources": [{"name": "x", "form": "csv", "location": "d"}], "cache": "c", "pack": {"captions": 2}}'
    path.write_text(f'{{"data": {source}, "output": "o", "batch": 7}}')
    config = read_config(TrainConfig, path)
    assert config.batch == 7 and config.data.pack.captions == 2 and config.data.sources[0].location == Path("d")
    path.write_text(f'{{"data": {source}, "output": "o", "bach": 7}}')
    with pytest.raises(ValueError, match="bach"):
        read_config(TrainConfig, path)


def test_written_out_padding_gives_the_features_of_the_original_network():
    import timm  # noqa: PLC0415

    from mm_lab.model.trunk import Trunk  # noqa: PLC0415

    torch.manual_seed(0)
    original: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    trunk = Trunk(0, 80, pretrained=False)
    named = dict(zip((k for k in trunk.state_dict() if "classifier" not in k), original.state_dict(), strict=False))
    trunk.load_state_dict({**trunk.state_dict(), **{a: original.state_dict()[b] for a, b in named.items()}})
    image = torch.rand(1, 3, 80, 80) * 2 - 1
    with torch.no_grad():
        expected = original.forward_features(image).flatten(2).transpose(1, 2)
        torch.testing.assert_close(trunk(image), expected, atol=1e-4, rtol=1e-3)
