"""General phrases: greetings, chit-chat, reactions, and the forms every event shares. Templates only, no logic.

``P``-words follow the person as in ``generator_grammar``; {base}, {past} and {ger} are the fact's own forms.
"""

from __future__ import annotations

GREETINGS = (
    "[Hey|Hi|Hello] {you}! [Good to see you|Long time no see|Great to hear from you][!|.] [How have you "
    "been?|What's up?|How's it going?|What's new with you?]",
    "[Hey|Hi] {you}, [how's everything|how are you doing|how was your week|what have you been up to]?",
    "{you}! [It's been a while|Finally we get to talk|I was just thinking about you]. [How are things?|Tell "
    "me everything.|]",
    "[Hi there|Hey], {you}. [Hope you're doing well.|Hope all is good on your side.|Busy days, right?]",
)
FAREWELLS = (
    "[Alright, I have to run|I should get going|Dinner is calling]. [Talk to you soon!|Take care!|Bye!]",
    "[It was so nice to talk|Great catching up], {you}. [See you!|Take care!|Let's talk again soon.]",
    "[Bye|See you], {you}! [Have a great [day|evening|week].|Stay well.|]",
    "[Have fun and keep me posted|Report back afterwards]! [Bye!|Talk soon!]",
)
SMALL_TALK = (
    "[The weather has been|It's been] so [strange|rainy|hot|windy|gloomy] lately. [I can't get used to "
    "it.|Same over there?]",
    "[Thanks|Thank you], {you}! [That means a lot.|You always know what to say.|I appreciate it.|Your "
    "support keeps me going.]",
    "[I'm a bit tired today|I had so much coffee|It's been one of those weeks], [but I'm fine|but what can "
    "you do|so bear with me].",
    "[You're right|I totally agree|So true|Exactly], {you}. [Little things matter most.|We should take it "
    "one day at a time.|It's all about balance.]",
    "[Haha|Lol], [you crack me up|that's hilarious|good one]! [I needed that.|]",
    "[Keep going|Don't give up|Hang in there], {you}. [You've got this!|Things will work out.|I believe in "
    "you.|I'm always here for you.]",
    "[No worries|Of course|Anytime]! [That's what friends are for.|Happy to help.|I'm glad we have each other.]",
    "[What about you|And you|How about you]? [Anything new?|Anything exciting coming up?|What's been on your mind?]",
    "[I know what you mean|I get it|I hear you]. [Some days are just like that.|It isn't easy.|We all need a "
    "break sometimes.]",
    "[That's a good point|I never thought of it that way|Interesting]. [I'll think about it.|You might be right.]",
    "[I'm so proud of you|You inspire me|You're amazing], {you}! [Seriously.|Never change.|]",
    "[It's good to slow down once in a while|Life moves so fast|Time really flies], [doesn't it|don't you "
    "think|right]?",
    "[Being with the people you love|A good laugh|A quiet evening|Some fresh air] [is the best "
    "medicine|makes everything better|is what counts].",
    "[Wow|Oh wow|Aw], [that sounds great|that's wonderful|how lovely|I love that]. [Tell me more!|I'm happy for you.|]",
)
APP_GREETINGS = (
    "[Hi|Hello|Hey|Good morning|Good evening]!",
    "[Hey|Hi], [me again|are you there|quick question for \
later]?",
    "[Morning|Evening].",
)
APP_GREETING_REPLIES = (
    "[Hello|Hi]! [How can I help you today?|What's on your mind?|What would you like to talk about?]",
    "[Hi|Hey], [nice to hear from you|good to see you again]. [How are you?|What can I do for you?]",
)
APP_REACTIONS = (
    "[Got it|Noted|Thanks for telling me|Understood]. [{react}|] [Is there anything I can help with?|Would "
    "you like some tips?|]",
    "[That's great to hear|How nice|Sounds good]! {react}",
    "{react} [Do you want me to help you plan anything around that?|What happens next?|Tell me more if you like.|]",
)
SAD_REACTIONS = (
    "[Oh no|Oh dear|Oh|I'm sorry]. {react}",
    "{react} [Take your time.|I'm here if you want to talk.|That must weigh on you.|]",
)
REACTIONS = (
    "[That's|How] [great|awesome|wonderful|exciting], {you}! [{react}|]",
    "[Wow|Oh wow|Oh], {you}! {react}",
    "{react}",
    "{react} [You must be so happy.|I'm glad you told me.|Thanks for sharing that.|How do you feel about it?]",
)
PLAIN_REACTS = (
    "[So happy for you.|I'm really glad.|That must have been quite something.|I can imagine.|That's so you.]",
    "[I didn't know that about you.|That's news to me.|You keep surprising me.|Sounds like a lot.]",
)
EVENT_REACTS = (
    "{Ger} [must be|sounds] [exciting|quite something|like a big deal]!",
    "[I'd love to hear more about|I \
think a lot about] {ger} myself.",
)
BEFORE = (  # sentences that may stand before the statement
    "[Well|So|Oh], [you won't believe it|I have news|there's something I wanted to tell you|let me think].",
    "[Things have been|It's been|Life has been] [busy|crazy|good|calm] [lately|on my side|over here].",
    "[By the way|Speaking of news|Before I forget|Oh, and another thing],",
    "[Since we last talked, a lot has happened.|I've been meaning to tell you.|Guess what!]",
)
AFTER = (  # sentences that may follow it
    "[It was about time.|I can hardly believe it.|I needed this.|It's all I talk about.|I should have done it sooner.]",
    "[It wasn't easy, but it was worth it.|It took some planning.|It took some courage.|My family thinks I'm crazy.]",
    "[Life is full of surprises.|One step at a time.|We'll see how it goes.|I hope it stays that way.|Small "
    "steps, right?]",
    "[Anyway, how are you?|What about you, anything new?|Have you ever done something like that?|Any news on "
    "your side?]",
)
EVENT_SAYS = (
    "{P} {past} {when}.",
    "{when} {P} {past}.",
    "[So|Well], {when} {P} finally {past}. [It went better than expected.|]",
    "{P} {past} {when}, [and it was such an experience|and it's still on my mind|after thinking about it for ages].",
)
PLAN_SAYS = (
    "{P} {is} [planning|going|hoping] to {base} {when}.",
    "{when} {P} will {base}, [if all goes well|it's settled|and the nerves are growing].",
)
WHEN_ASKS = (
    "When did {P} {base}?",
    "When did {P} {base}?",
    "On [which|what] [day|date] did {P} {base}?",
    "How long ago did {P} {base}?",
    "[What|Which|In what] month did {P} {base}?",
)
PLAN_WHEN_ASKS = (
    "When {is} {P} [planning|going] to {base}?",
    "When {does} {P} [plan|intend|want] to {base}?",
    "When \
will {P} {base}?",
)
PLAN_WHAT_ASKS = ("What {is} {P} planning for {month}?", "What {does} {P} [plan|intend] to do in {month}?")
DATED_ASKS = (  # by date alone
    "What did {P} do in {month}?",
    "What [happened to|did] {P} [in|during] {month}?",
    "[Which event in {Ps} life|What in {Ps} life] took place in {month}?",
    "What did {P} do [around|about] {date}?",
    "What [big thing|experience] did {P} [have|go through] [in the week of|around] {date}?",
)
RESAID = (  # after a statement in other words
    "[Yes|So yes|Really], {P} {past}.",
    "{P} {past}, [can you believe it|just like that|of all things]!",
    "[Well|In short], {P} {past}.",
)
RESTATED = (  # after an answer: names the event again
    "{ger} [was worth it|isn't for everyone|takes patience|was quite a thing], [you know|I'd say|to be fair].",
    "[That's what I remember most from|That's the story of|So much about] {ger}.",
    "[I'd do it again|I could talk about it for hours], {ger}, I mean.",
)
SAID_ASKS = ("What did {P} [say|mention|tell] about {ger}?", "[How|In what words] did {P} describe {ger}?")
DID_ASKS = ("Did {P} {base}?", "{has} {P} ever {past}?", "Is it true that {P} {past}?")
LATELY_ASKS = (
    "What did {P} do last month?",
    "What happened [to|with] {P0} last month?",
    "What {has} {P} been up to in the past month?",
)
FEELINGS = (
    "proud",
    "relieved",
    "nervous",
    "over the moon",
    "a bit lost",
    "grateful",
    "exhausted but happy",
    "surprisingly \
calm",
    "overwhelmed",
    "free",
    "ten years younger",
    "homesick",
    "hopeful",
    "a little guilty",
    "curious",
    "melancholic",
    "confident",
    "speechless",
    "torn",
    "at peace",
    "excited and scared",
    "inspired",
    "disappointed",
    "ecstatic",
)
FEEL = (
    "[How did that feel|How did {p} feel|What was that like for {him}]?",
    "[I felt|To be honest, I felt|It made me feel] {feeling}. [I didn't expect that.|I think that says it all.|]",
    "How did {P} feel [about|after] {ger}?",
)
WITH = (
    "[Did {p} go alone|Who came along|Were you on your own|Just {him} or with company]?",
    "[No, {companion} came along.|{companion} came too, the whole time.|Together with {companion}, which "
    "made it twice as fun.]",
    "[Who did {P} {base} with|With whom did {P} {base}|Who accompanied {P} when {p} {past}]?",
)
LESSON = (
    "[What did you take away from it|Did it teach you something|Any wisdom to share]?",
    "[I learned|It taught me|What stays with me is] {lesson}.",
    "What did {P} [learn|take away] from {ger}?",
)
LESSONS = (
    "that asking for help is no weakness",
    "to plan less and look around more",
    "that patience beats talent",
    "how much small kindnesses count",
    "to trust my gut",
    "that fear gets smaller when you walk towards it",
    "not to compare myself with others",
    "that rest is part of the work",
    "to read the small print",
    "to say no \
earlier",
    "that mistakes make the best stories",
    "how little one really needs",
    "that timing is everything",
    "to listen \
first",
)
OFFERS = ("What about {X}?", "And {X}?", "How about {X}?", "And what about {X}?")
UNSEEN_OFFERS = ("Same question for {X}.", "Now for {X}, please?", "Is it known for {X} as well?", "Then {X}?")
WHEN_THEN = (
    "When was that?",
    "And when was that?",
    "When did that happen?",
    "When exactly?",
    "How long ago was \
that?",
    "Since when?",
)
UNSEEN_WHEN_THEN = (
    "Do you know the date?",
    "At what time did it take place?",
    "What day would that have been?",
    "Around when?",
)
FEEL_THEN = ("How did {p} feel about it?", "And how did {p} feel?", "What was it like for {him}?")
WITH_THEN = ("Who did {p} do that with?", "Was {p} alone?", "And with whom?", "Who came along?")
LESSON_THEN = ("What did {p} learn from it?", "And what did {p} take away from that?")
GROUP_ASKS = {
    "activity": (
        "What [activities|things] {does} {P} do [in {his} free time|for fun]?",
        "What [hobbies and \
activities|pastimes] {does} {P} have?",
    ),
    "places": ("Which [places|cities] {has} {P} been to?", "What places come up in {Ps} life?"),
    "outdoor": ("What {has} {P} done [outdoors|in nature]?", "Which outdoor activities {has} {P} done?"),
    "family": ("What family events {has} {P} had?", "What {has} {P} done with {his} family?"),
    "work": ("What has happened in {Ps} [career|working life]?",),
    "study": ("What {has} {P} [studied|learned]?",),
    "music": ("What does music have to do with {Ps} life?", "What musical [things|activities] {has} {P} done?"),
    "sports": ("What [sports|athletic] activities {has} {P} done?",),
    "books": ("What [books|writing] {is} {P} connected with?",),
    "pets": ("What [pets|animals] {does} {P} have?",),
    "health": ("What [health problems|medical issues] {has} {P} had?",),
    "food": ("What {does} {P} [cook and eat|like to eat]?", "What food {has} {P} talked about?"),
    "purchases": ("What [items|things] {has} {P} [bought|purchased]?",),
    "help": ("How {has} {P} helped [others|other people]?", "What [charity work|volunteering] {has} {P} done?"),
    "plans": ("What are {Ps} plans [for the future|]?", "What goals {does} {P} have?"),
    "mishaps": ("What [mishaps|bad luck|accidents] {has} {P} had?", "What went wrong for {P0}?"),
}
BOTH_ASKS = (
    "What do {A} and {B} have in common?",
    "What have both {A} and {B} done?",
    "Which [experience|thing] do \
{A} and {B} share?",
)
