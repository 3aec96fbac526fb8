"""Closed word lists behind the question rules. Lists, not code: change them freely."""

from __future__ import annotations

COLORS = frozenset("black white red blue green yellow brown orange pink purple gray tan blond blonde".split())

NUMBERS = {"one": "one", "two": "two", "three": "three", "four": "four", "five": "five", "six": "six"}

SUBJECTS = frozenset(
    "man woman boy girl child person dog people men women children boys girls dogs kid kids toddler baby guy lady "
    "player players bird birds cat cats horse horses cow cows sheep elephant elephants giraffe giraffes zebra zebras "
    "bear bears surfer skier skateboarder snowboarder boats trains buses cars planes kites umbrellas".split()
)

THINGS = SUBJECTS | frozenset(
    "player shirt hat jacket ball water grass snow beach street bike bicycle car tree trees rock rocks mountain "
    "mountains wall fence pool park field dress pants shorts coat helmet toy stick bench boat skateboard sand "
    "sidewalk road river lake ocean building buildings crowd camera sign frisbee swing slide couch chair table "
    "guitar bag rope cliff wave hill forest uniform surfboard snowboard motorcycle hair shirts jersey cap "
    "sunglasses bus train truck plane airplane kite umbrella bed sink toilet mirror laptop computer keyboard phone "
    "clock vase flowers plate bowl cup glass bottle knife fork spoon cake pizza sandwich banana bananas apple "
    "apples orange oranges broccoli bread window door desk lamp book books television oven refrigerator stove "
    "kitchen bathroom bedroom racket bat glove tie suitcase backpack skis".split()
)

PLACES = frozenset(
    "water grass snow beach street park field pool road river lake ocean mountain sand sidewalk forest hill wall "
    "fence air bench couch building woods yard dirt track ramp stage city playground bed swing slide rock rocks "
    "trail kitchen bathroom bedroom table desk office restaurant zoo runway station train bus boat tree wave chair "
    "sink counter court room".split()
)

VERBS_OF_STATE = frozenset(
    "wearing holding wedding building clothing something during morning evening string ring nothing everything "
    "lighting ceiling clearing railing".split()
)

# A noun may stand for, or stand beside, these: never answer "no" about it when one of them is mentioned.
_RELATED_TEXT = {
    "man": "men guy person people player surfer skier skateboarder snowboarder",
    "woman": "women lady person people player girl",
    "boy": "boys child kid kids children people person toddler man",
    "girl": "girls child kid kids children people person toddler woman",
    "child": "boy girl boys girls kid kids children toddler baby",
    "person": "man woman boy girl guy lady people men women children player skier surfer child",
    "people": "men women man woman boys girls children kids crowd person players",
    "dog": "dogs", "dogs": "dog", "cat": "cats", "bird": "birds", "horse": "horses",
    "water": "ocean lake river pool wave beach surfer boat", "ocean": "water beach wave", "beach": "sand ocean",
    "bike": "bicycle motorcycle", "bicycle": "bike", "kid": "child boy girl children kids toddler",
    "guy": "man person men", "lady": "woman women", "grass": "field park", "field": "grass",
    "men": "man people", "women": "woman people", "children": "kids boys girls people child",
    "kids": "children boys girls child", "rock": "rocks", "rocks": "rock", "shirt": "shirts jersey",
    "street": "road sidewalk", "road": "street", "cap": "hat", "hat": "cap helmet", "jacket": "coat",
    "tree": "trees forest woods", "trees": "tree forest woods", "plane": "airplane", "airplane": "plane",
    "building": "buildings city", "computer": "laptop", "laptop": "computer", "table": "desk", "desk": "table",
    "glass": "glasses cup", "cup": "glass", "mountain": "mountains hill", "hair": "man woman girl boy person child",
    "shorts": "man boy men player", "pants": "man boy men woman", "crowd": "people",
}  # fmt: skip
RELATED = {noun: frozenset(others.split()) for noun, others in _RELATED_TEXT.items()}
