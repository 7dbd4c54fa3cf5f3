"""Small word lists and word forms for the rules that make questions out of dialogue turns.

Knows: first names, common English verbs with their forms, which words carry no topic, a light stem.
Does not know: dialogues, scenes, or which question is asked of what.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache


def wordset(text: str) -> frozenset[str]:
    """The words of a list that is written as running text."""
    return frozenset(text.split())


_FEMALE = """Abigail Ada Adele Agnes Aisha Alice Alina Amara Amelia Amina Amy Anita Anna Anika Astrid Aurora Beatrice
Bianca Brenda Bridget Camila Carmen Carla Cecilia Charlotte Chloe Clara Daniela Daphne Dara Deborah Diana Dina Dorothy
Eleanor Elena Elif Eliza Ella Elsa Emily Emma Erika Esther Eva Evelyn Farah Fatima Fiona Florence Freya Gabriela
Gemma Gina Gloria Grace Greta Hana Hannah Harriet Hazel Heidi Helen Ida Imani Ines Ingrid Irene Iris Isabel Ivy Jade
Jasmine Jenny Jessica Joyce Julia June Kara Karen Katarina Kate Keiko Kimberly Kira Lara Laura Layla Leila Lena Leticia
Lily Linda Lisa Louise Lucia Lucy Luna Lydia Mabel Madison Maja Margaret Maria Marina Marta Matilda Maya Mei Mia Mina
Miriam Molly Monica Nadia Naomi Natalie Nina Nora Olga Olivia Paula Penelope Petra Phoebe Pilar Priya Rachel Rania
Rebecca Renee Rita Rosa Ruth Samantha Sara Selma Shreya Simone Sofia Sonia Stella Susan Tanya Tessa Tina Uma Ursula
Valeria Vera Victoria Violet Wanda Wendy Yara Yasmin Yuki Yvonne Zainab Zara Zoe"""
_MALE = """Aaron Adam Adrian Ahmed Albert Alejandro Ali Anton Antonio Arjun Arthur Ben Benedict Bilal Boris Brandon
Brian Bruno Callum Carlos Cedric Charles Christopher Colin Connor Curtis Damian Daniel Darius David Declan Dennis Diego
Dmitri Dominic Douglas Dylan Edgar Eduardo Edward Elias Elliot Emil Enrique Eric Ethan Fabian Felix Fernando Filip
Francis Frank Frederick Gareth George Gerald Gilbert Grant Gregory Gustav Hamza Harold Harry Hassan Hector Henry Howard
Hugo Ian Ibrahim Igor Isaac Ivan Jacob Jamal James Jared Jason Javier Jeremy Jerome Jonas Jorge Joseph Julian Karim
Keith Kenji Kevin Kofi Kwame Lars Laurence Leo Leonard Liam Lorenzo Louis Lucas Luis Malik Manuel Marco Marcus Martin
Mateo Matthew Max Michael Miguel Mikhail Mohamed Nathan Neil Nicholas Nikolai Noah Oliver Omar Oscar Owen Pablo Patrick
Paul Pedro Peter Philip Quentin Rafael Ralph Ramon Raymond Ricardo Richard Robert Rohan Roman Ryan Salim Samuel Sanjay
Scott Sebastian Sergio Simon Stefan Stephen Stuart Tariq Theodore Thomas Timothy Tobias Tom Trevor Tyler Umar Victor
Vikram Vincent Walter Warren Wei William Xavier Yusuf Zachary"""
FEMALE: tuple[str, ...] = tuple(_FEMALE.split())
MALE: tuple[str, ...] = tuple(_MALE.split())

# base, past (only where it is not regular)
_IRREGULAR = """be:was become:became begin:began break:broke bring:brought build:built buy:bought catch:caught
choose:chose come:came cost:cost cut:cut dig:dug do:did draw:drew drink:drank drive:drove eat:ate fall:fell feed:fed
feel:felt fight:fought find:found fly:flew forget:forgot get:got give:gave go:went grow:grew hang:hung have:had
hear:heard hide:hid hit:hit hold:held hurt:hurt keep:kept know:knew lead:led learn:learned leave:left lend:lent let:let
lose:lost make:made mean:meant meet:met pay:paid put:put quit:quit read:read ride:rode run:ran say:said see:saw
sell:sold send:sent set:set sew:sewed show:showed sing:sang sit:sat sleep:slept speak:spoke spend:spent stand:stood
steal:stole swim:swam take:took teach:taught tell:told think:thought throw:threw understand:understood wake:woke
wear:wore win:won write:wrote"""
_REGULAR = """accept achieve adopt agree appear apply arrange arrive ask attend bake believe belong bike blog borrow
bowl breed call camp care carry celebrate change chat check clean climb close coach code collect complain complete
compose consider cook cover crash create cry cycle dance date deal decide decorate design discover dislike donate
dream dress drop earn edit end enjoy enter exercise expect explain explore fail farm finish fish fix focus follow
garden graduate grill guess handle happen hate help hike hope host hunt imagine improve invest invite jog join joke jump
kayak knit land last laugh like listen live look love major manage marry mention miss mix move name need notice offer
open order organize own paint park pass perform pick plan plant play practice prefer prepare pretend print produce
promise quilt race raise reach realize receive recommend record relax remember rent repair research retire return
sail save scare search serve share ship shop sign skate sketch ski skip smell smile smoke snowboard sound start
stay stop stream struggle study support surf switch talk taste tend test thank touch tour train travel treat try turn
tutor type use vacation visit volunteer wait walk want wash watch weigh wish wonder work worry"""
_PAST = {base: past for base, _, past in (entry.partition(":") for entry in _IRREGULAR.split())}
VERBS = frozenset(_PAST) | frozenset(_REGULAR.split())
_DOUBLING = wordset(
    "plan stop shop drop jog chat skip ship blog get run sit put cut swim win quit let set hit dig begin forget"
)
MODALS = wordset("can could will would shall should may might must did had")
ADVERBS = wordset(
    "just also really actually always never still usually often recently once currently finally even only definitely "
    "probably mostly sometimes already ever truly absolutely kinda mainly"
)

STOP = wordset("""
    a about after again ago all also always am an and any anybody anyone anything are around as at away back be
because been before being both but by came can cant come could d did didn do does doesn doing don done down each either
else even ever every everyone everything few for from get gets getting go goes going gonna got had hadn has hasn have
haven having he her here hers herself him himself his how i if im in into is isn it its itself just keep kind let lets
ll lot lots m many may maybe me mean might more most much must my myself need never no nor not nothing now of off oh ok
okay on once one ones only or other our ours out over own people person put quite re really s said same say see shall
she should since so some somebody someone something sort still stuff such sure t take than that thats the their theirs
them themselves then there these they thing things this those though through time to too try ty under until up us use
used ve very via want wanted was wasn way we well went were weren what whats when where whether which while who whom
whose why will with won would wouldn yeah yep yes yet you your youre yours yourself""")
VAGUE = wordset("""
    actually amazing answer anyway awesome bad best better big bit care chat cool crazy day days doin enjoy
exactly fact favorite feel feeling feels fine fun funny glad good great guess guy guys happen happened haha happy hard
hear heard hello hey hi hope idea interested interesting interests know like liked likes little lol long look looking
love loved makes matter mind moment new nice nope old opinion part perfect place plan planning plans point pretty
question random remember right sound sounds stay sucks super talk talking tell thank thanks thing think thinking
thought thoughts today told tomorrow tonight total totally true understand wait wish wonder word world worry worse
worst wow wrong year years""")
_WORD = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?")

# A few everyday near-synonyms, so that a question does not always use the words of its answer.
_SYNONYMS = """mom:mother mother:mom dad:father father:dad kids:children children:kids kid:child movie:film film:movie
movies:films films:movies job:work trip:vacation vacation:holiday holiday:vacation apartment:flat college:university
university:college photo:picture photos:pictures pictures:photos picture:photo car:vehicle
house:home bike:bicycle puppy:dog kitty:cat hobby:pastime hobbies:pastimes class:course classes:courses
boyfriend:partner girlfriend:partner husband:spouse wife:spouse grandma:grandmother grandpa:grandfather
sick:ill scared:afraid afraid:scared buy:purchase start:begin begin:start finish:complete visit:see
study:learn big:large large:big doctor:physician shop:store store:shop meal:dish tv:television phone:cellphone
soccer:football exercise:workout graduate:finish teach:instruct pet:animal pets:animals
favorite:favourite books:novels book:novel songs:music song:tune band:group city:town town:city country:nation
friend:buddy friends:buddies game:match games:matches test:exam tests:exams exam:test exams:tests present:gift
gift:present party:celebration wedding:marriage baby:infant road:street money:cash computer:PC lawyer:attorney
teacher:instructor boss:manager manager:boss snack:treat hike:walk fear:phobia talent:skill skill:talent"""
SYNONYMS = {word: other for word, _, other in (pair.partition(":") for pair in _SYNONYMS.split())}


@cache
def stem(word: str) -> str:
    """A light English stem: plural, -ed and -ing endings off. For counting shared words, not for an index."""
    word = word.lower().replace("’", "'").removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "i"
    for ending in ("ing", "edly", "ed", "es", "s", "ly", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl" and ending in ("ing", "ed"):
                word = word[:-1]
            break
    word = word.removesuffix("e") if len(word) > 3 else word
    return word[:-1] + "i" if len(word) > 2 and word.endswith("y") else word


def words(text: str) -> list[str]:
    """Lower-case words, an apostrophe's tail kept."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


@lru_cache(maxsize=1 << 17)
def content(text: str, *, vague: bool = False) -> tuple[str, ...]:
    """Stems of the words that carry a topic, in order; ``vague`` keeps words such as "fun" and "new"."""
    found = []
    for word in words(text):
        head = word.partition("'")[0]
        if word in STOP or head in STOP or (not vague and head in VAGUE) or (len(head) < 2 and not head.isdigit()):
            continue
        found.append(stem(PAST_TO_BASE.get(head, head)))
    return tuple(found)


def third(base: str) -> str:
    """Third person singular of the present: "has", "goes", "studies"."""
    if base in ("have", "be"):
        return {"have": "has", "be": "is"}[base]
    if base.endswith(("s", "sh", "ch", "x", "z", "o")):
        return base + "es"
    return base[:-1] + "ies" if base.endswith("y") and base[-2:-1] not in "aeiou" else base + "s"


def past(base: str) -> str:
    """Simple past of a verb of the list."""
    if base in _PAST:
        return _PAST[base]
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    return base + base[-1] + "ed" if base in _DOUBLING else base + "ed"


def participle(base: str) -> str:
    """The -ing form."""
    if base.endswith("e") and not base.endswith(("ee", "ye")) and base != "be":
        return base[:-1] + "ing"
    return base + base[-1] + "ing" if base in _DOUBLING else base + "ing"


PAST_TO_BASE = {past(base): base for base in sorted(VERBS) if past(base) != base and base != "be"}
ING_TO_BASE = {participle(base): base for base in sorted(VERBS)}
