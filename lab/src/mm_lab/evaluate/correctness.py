"""When a caption counts as right: the stated proxy behind the calibration of captions.

A caption is right when its main subject is one that the references name, and at least half of its content words
are found there. Content words are all words but those of ``_STOP``; words match when they share a stem or a group
of ``_SAME``. The main subject is the first noun of the word lists, or the first content word where no noun is known.

The proxy is blind to word order and to facts that the references leave out. On 80 dev captions of an early model,
40 of each data set, it gave the verdict of a person reading caption and references 71 times (share 0.4: 66,
0.6: 67).
"""

from __future__ import annotations

from collections.abc import Sequence

from mm_lab.data.vocabulary import words
from mm_lab.data.word_lists import COLORS, NUMBERS, PLACES, THINGS

LEAST_PRECISION = 0.5

_STOP = frozenset(
    "a an the this that these those and or of in on at to from with without by for as into onto over under "
    "up down out off through along across around near next beside behind between above below against towards toward "
    "outside inside front back side middle top bottom left right while is are be been being was were has have had "
    "having his her hers their its it he she they them him who which what there some another other others each "
    "all both many several few very one 's s it's during after before together about something someone "
    "image picture photo view background foreground shown showing taken "
    "group groups pair couple bunch herd flock".split()
)

# Words of a line mean the same in a caption. A word may stand on several lines: "player" is a man or a woman.
_SAME = [
    line.split()
    for line in """
man men guy guys male gentleman gentlemen person people adult player rider skier surfer biker snowboarder
woman women lady ladies female person people adult player rider skier surfer biker snowboarder
boy boys child children kid kids toddler baby person people player rider skier surfer biker
girl girls child children kid kids toddler baby person people player rider skier surfer biker
person people crowd team
man men skateboarder climber hiker cyclist worker batter pitcher catcher athlete runner player
woman women skateboarder climber hiker cyclist worker athlete runner player
boy skateboarder climber batter pitcher athlete runner
dog dogs puppy puppies greyhound poodle terrier
cat cats kitten kittens
bird birds seagull seagulls duck ducks pigeon parrot goose
horse horses pony
cow cows cattle bull
sheep lamb lambs
bike bikes bicycle bicycles cycle bmx
bike motorcycle motorbike motorcycles dirtbike moped
car cars vehicle taxi suv
truck trucks vehicle van
plane planes airplane airplanes jet aircraft airliner
boat boats ship canoe kayak raft sailboat
train trains locomotive
field grass lawn grassy pasture meadow park yard
street road roadway sidewalk city intersection
trail path dirt track
beach sand shore sandy
water ocean sea lake river pond pool wave waves surf
mountain mountains hill hills hillside cliff slope
rock rocks rocky cliff boulder
forest woods tree trees wooded
snow snowy ski slope
building buildings house tower church
couch sofa loveseat
table desk counter tabletop
bathroom restroom toilet
kitchen stove oven refrigerator fridge
computer laptop monitor screen keyboard
tv television screen
phone cellphone smartphone
food meal dish plate pizza sandwich salad vegetables fruit cake dessert
hotdog sandwich burger bun
jacket coat
shirt jersey top tshirt t-shirt uniform outfit
hat cap helmet
shorts pants trousers jeans
ball soccer football basketball baseball tennis
run chase race sprint
jump leap
walk stroll hike
sit seat rest
stand pose
look watch stare
hold carry
play playing
ride drive
climb scale
swim wade
large big huge
small little tiny young
gray silver
tan brown blond blonde beige
purple pink
""".strip().splitlines()
]
_VOWELS = "aeiou"


def is_right(caption: str, references: Sequence[str]) -> bool:
    """Whether ``caption`` counts as right beside the written ``references``."""
    said = _content(caption)
    if not said:
        return False
    known: set[str] = set()
    for reference in references:
        for word in _content(reference):
            known |= _meanings(word)
    found = [bool(_meanings(word) & known) for word in said]
    return bool(_meanings(_subject(said)) & known) and sum(found) / len(found) >= LEAST_PRECISION


def _content(text: str) -> list[str]:
    """Distinct content words in their order."""
    return list(dict.fromkeys(w for w in words(text) if w not in _STOP))


def _subject(content: list[str]) -> str:
    plain = [w for w in content if w not in COLORS and w not in NUMBERS]
    nouns = [w for w in plain if w in THINGS or w in PLACES or w in _NOUN_GROUPS]
    return next(iter(nouns or plain or content))


def _stem(word: str) -> str:
    """Crude: "riding", "rides" and "ride" fall together, and so do plurals."""
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            if word[-1] == word[-2] and word[-1] not in _VOWELS + "ls":
                word = word[:-1]
            break
    else:
        if word.endswith("ies") and len(word) > 4:
            word = word[:-3] + "y"
        elif word.endswith(("shes", "ches", "xes", "sses")):
            word = word[:-2]
        elif word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 3:
            word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


_GROUPS: dict[str, set[str]] = {}
for _number, _line in enumerate(_SAME):
    for _word in _line:
        _GROUPS.setdefault(_stem(_word), set()).add(f"#{_number}")
_FIRST_VERB = next(i for i, line in enumerate(_SAME) if line[0] == "run")
_NOUN_GROUPS = frozenset(word for line in _SAME[:_FIRST_VERB] for word in line)


def _meanings(word: str) -> set[str]:
    stem = _stem(word)
    return {stem} | _GROUPS.get(stem, set())
