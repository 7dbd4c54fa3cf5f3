"""The questions of the Chinese scenes in English: one pair a card, of oneself and of somebody ("my sister").

Does not know: scenes. The order is that of ``generator_chinese_facts.CARDS``.
"""

from __future__ import annotations

ASKED: tuple[tuple[str, str], ...] = (
    ("Where do I live?", "Where does {w} live?"),
    ("Where do I work?", "Where does {w} work?"),
    ("What is my profession?", "What does {w} do for a living?"),
    ("What am I allergic to?", "What is {w} allergic to?"),
    ("What is my cat called?", "What is the name of {w}'s cat?"),
    ("What is my dog's name?", "What is {w}'s dog called?"),
    ("When is my birthday?", "When is {w}'s birthday?"),
    ("What is my favourite food?", "What does {w} like to eat best?"),
    ("What is my hobby?", "What does {w} like to do at weekends?"),
    ("What am I learning?", "What is {w} learning at the moment?"),
    ("What colour is my car?", "Which colour is {w}'s car?"),
    ("When do I go travelling?", "When does {w} plan to travel?"),
    ("Where am I going on holiday?", "Where is {w} going for the holidays?"),
    ("When do I see the dentist?", "When is {w}'s appointment with the dentist?"),
    ("Where is my passport?", "Where does {w} keep the passport?"),
    ("Who has my spare key?", "Who has the spare key?"),
    ("What is my blood type?", "Which blood type does {w} have?"),
    ("What are the last digits of my phone number?", "What does {w}'s phone number end in?"),
    ("How much rent do I pay?", "How much is {w}'s rent a month?"),
    ("How many children do I have?", "How many children does {w} have?"),
    ("Whom am I going to marry?", "Who is {w} engaged to?"),
    ("Which university did I go to?", "Where did {w} study?"),
    ("Which book am I reading?", "What is {w} reading?"),
    ("When do I get up?", "What time does {w} get up?"),
    ("How did I get hurt?", "How did {w} get injured?"),
    ("What is my boss's name?", "Who is {w}'s boss?"),
    ("What is my wifi password?", "What is the password of the wireless network?"),
    ("Why don't I eat meat?", "Why is {w} a vegetarian?"),
    ("What did I buy?", "What has {w} bought lately?"),
    ("Where did I grow up?", "Where does {w} come from?"),
    ("What am I afraid of?", "What is {w} scared of?"),
    ("Which competition did I take part in?", "In which competition did {w} win something?"),
    ("What coffee do I drink?", "Which kind of coffee does {w} order?"),
    ("When did I have my operation?", "When was {w}'s surgery?"),
    ("Who is my piano teacher?", "Who teaches {w} the piano?"),
)
PEOPLE = {
    "我妹妹": "my younger sister", "我哥哥": "my older brother", "我妈妈": "my mother", "我爸爸": "my father",
    "我姐姐": "my older sister", "我弟弟": "my younger brother", "我爷爷": "my grandfather", "我外婆": "my grandmother",
    "我同事小王": "my colleague Xiao Wang", "我朋友阿强": "my friend A Qiang", "我室友小林": "my flatmate Xiao Lin",
    "我表弟": "my cousin", "我邻居刘姐": "my neighbour Liu", "我儿子": "my son", "我女儿": "my daughter",
    "我丈夫": "my husband", "我同学晓梅": "my classmate Xiaomei", "我舅舅": "my uncle",
}  # fmt: skip
