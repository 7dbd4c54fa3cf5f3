"""Cards of facts about hobbies, sports, trips, music, books and films. The format stands in ``generator_schemas``."""

from __future__ import annotations

CARDS = """
@ trip event kin g:places with many k:travel
vars: city=city food=food thing= span=span
pool thing: a lantern festival | a flea market by the river | the old town at night | an underground lake | a tiny \
puppet museum | a football match | the botanical garden | a boat tour | street musicians on every corner
base: [travel|go|take a trip] to {city}
past: [travelled|flew|went] to {city}
ger: [travelling|going] to {city}
lead: [How was the trip|How was your vacation|So, how was the holiday]?
say: {P} [got back from|came home from] {city} {when}[, {span} of pure rest|]. [I already miss it.|]
say: {when} {P} took the train to {city} for {span}. [It was so beautiful.|So worth it.|]
say: {P} flew to {city} {when}, just to get away from everything.
ans: Wonderful! {span} without emails. {city} was even prettier than in the pictures.
ans: So good. We got home {when} and I already want to go back to {city}.
react: {city} sounds [amazing|lovely|like a dream]! [I've only seen it in movies.|]
more food: How was the food? => [Delicious.|I ate far too much.] I had {food} nearly every day. => What did {P} eat \
in {city}?
more thing: What was the highlight? => Definitely {thing}. => What was the [highlight|best part] of {Ps} [trip|\
journey|stay]?
ask city: Where did {P} [travel|go on vacation|spend {his} holiday]?
ask city: Which city did {P} [visit|see]?
ask span: How long [did {P} stay|was {Ps} trip|{was} {P}] in {city}?
all city: Which [cities|places] {has} {P} [visited|travelled to]?
when: When {was} {P} in {city}?
when: When did {P} [visit|see] {city}?

@ tripplan plan kin g:plans a:plan
vars: country=country how= reason=
pool how: by motorbike | with just a backpack | on a sailing boat | in a rented camper van | by night train
pool reason: see the northern lights | visit an old friend | walk an old pilgrims' path | taste the food at last | \
find the village of {his} ancestors
base: [travel|go] to {country}
ger: going to {country}
lead: [Any travel plans|Going anywhere soon]?
say: {P} {is} planning [a trip|a journey] to {country} {when}! [Tickets are booked.|]
say: {when} {P} will be in {country}, [can't wait|it's been a dream for years].
ans: Yes! {when} it's {country}. [I've been counting the days.|]
react: {country}! [Bring me something back.|Lucky you.]
more how: How will {p} get around? => The idea is to travel {how}. => How {does} {P} plan to travel [around|in|\
through] {country}?
more reason: Why there? => I want to {reason}. => Why {does} {P} want to [visit|see|go to] {country}?
ask country: [Which country|Where] {does} {P} [plan to visit|want to travel|intend to go]?
all country: Which countries {does} {P} [plan|want] to visit?

@ camping event g:outdoor g:activity with many a:hobby
vars: place= animal=wild
pool place: at the lake | in the mountains | near the coast | in the old forest | at the edge of the desert | on a \
little island | by a waterfall
base: go camping {place}
past: went camping {place}
ger: camping {place}
lead: [How was the weekend|Did you get out of the city]?
say: We pitched our tent {place} {when}. [No phones, just a fire and the stars.|The nights were cold!]
say: {P} went camping {place} {when} and slept like a stone.
ans: So peaceful. {when} we slept in a tent {place}.
more animal: Did you see any animals? => Yes, {animal}, right next to us! => What [animals|wildlife] did {P} see \
while camping?
ask place: Where did {P} [go camping|camp|sleep in a tent]?
all place: Where {has} {P} camped?
infer: Would {P} [prefer|rather have] a night under the stars or a stay in a luxury hotel?
infer: Would {P} enjoy a [trip to a national park|week in a cabin without electricity]?

@ hike event g:outdoor g:activity with many a:hobby
vars: where= hours=small found=
pool where: the ridge trail | the canyon | a volcano | the coastal path | the glacier | the gorge | the old railway \
path | the cliffs
pool found: a hidden waterfall | an abandoned chapel | a field of wildflowers | an old mine | a spring with ice-cold \
water | a lookout with nobody there
base: hike {where}
past: hiked {where}
ger: hiking {where}
lead: [Why are you limping|What did you do with that sunny day]?
say: {P} hiked {where} {when}, {hours} hours in total. My legs!
say: {when} I laced up my boots and did {where}. [It was steep but so worth it.|]
ans: Ha! {when} I did {where}, all {hours} hours of it.
more found: Was it worth it? => Absolutely, I found {found}. => What did {P} [discover|find|come across] on the hike?
ask where: Where did {P} [hike|go hiking|go for a long walk]?
ask hours: How long did it take {P} to hike {where}?
infer: Is {P} [an outdoor person|physically fit]?

@ hobby trait kin many g:activity k:hobby
vars: hobby=hobby effect= since=pastspan
pool effect: clears {his} head after a long day | makes {him} forget the time | keeps {his} hands busy | reminds \
{him} of {his} grandmother | helps {him} sleep better | gives {him} something to show for the week
say: {P} {has} been really into {hobby} lately[, it's the best part of the week|].
say: {hobby} has become {his} thing, {P} {has} been doing it for {since}.
say: On free evenings {P} [do{es}|love{s}] {hobby}. [It never gets old.|]
lead: [What do you do to unwind|How do you spend your free time|Found anything fun to do]?
ans: Mostly {hobby}, to be honest. [I'm hooked.|]
react: {hobby} is [so cool|such a nice thing to do]! [I've been meaning to try.|]
more effect: What {does} {p} get out of it? => It {effect}. => Why {does} {P} [enjoy|like] {hobby}?
more effect: Why that, of all things? => Well, it {effect}. => What does {hobby} do for {P}?
more since: Since when? => It's been {since} now. => How long {has} {P} been [doing|into|practicing] {hobby}?
ask hobby: What [is {Ps} hobby|{does} {P} do for fun|{does} {P} do in {his} [spare|free] time]?
ask hobby: What {does} {P} do to [relax|unwind|destress]?
all hobby: What [are {Ps} hobbies|activities {does} {P} enjoy]?
then hobby: [And what|What] {does} {p} do for fun?
reply hobby: {hobby}.

@ sport trait kin many g:activity g:sports a:hobby
vars: sport=sport club=title day=day
say: {P} play{s} in a club now: {sport}, every {day}.
say: {P} took up {sport} {when} and {is} training hard. [My arms hurt.|]
lead: [Are you still working out|You look fit, what's the secret]?
ans: It's {sport}! [Every {day}, rain or shine.|]
react: {sport}? [I didn't expect that.|Good for you.]
more day: How often? => Once a week, on {day}. => [On which|What] day {does} {P} [train|practice|do {sport}]?
ask sport: [What|Which] sport {does} {P} [do|practice|play]?
ask sport: How {does} {P} [keep fit|stay in shape|get exercise]?
all sport: [What|Which] sports {does} {P} [do|play]?
infer: Would {P} be happy about [new sports shoes|a gift card for a sports store]?

@ race event g:sports with a:event
vars: race= minutes=minutes cause=
pool race: a half marathon | a stair run | a triathlon | a swimming race across the lake | a bike race | a mud run | \
the city marathon | a rowing regatta
pool cause: cancer research | the animal shelter | the children's hospital | the lifeboat crew | clean rivers | the \
local library
base: [take part in|finish] {race}
past: finished {race}
ger: finishing {race}
lead: [How did race day go|Are you still sore]?
say: {P} ran... well, survived {race} {when}! [What an atmosphere.|I cried at the finish.]
say: {when} I crossed the finish line of {race}.
ans: I made it! {when} was the day: {race}, done.
more cause: Was it for something? => It raised money for {cause}. => What [cause|charity] was {Ps} race for?
ask race: What [race|competition|sporting event] did {P} [take part in|complete]?

@ match event g:sports many
vars: sport=sport score= where=city
pool score: three to one | by one point | in the last minute | after extra time | by a mile | on penalties
base: win a {sport} [game|match|tournament]
past: won a {sport} [match|game]
ger: winning the {sport} match
say: We won our {sport} game {when}, {score}! [The crowd went wild.|]
say: {when} was the {sport} tournament and we took it home, {score}.
react: You won! [Your team must be thrilled.|I knew you would.]
more where: Where was it? => Over in {where}, so quite a drive. => Where did {Ps} {sport} [team win|match take place]?
ask sport: In which sport did {P} [win|have a victory]?
ask score: How did {Ps} team win the {sport} [game|match]?
count: How many [games|matches] {has} {P} won?

@ instrument trait kin g:music g:activity a:hobby a:learn
vars: instrument=instrument since=pastspan piece=title
lead: [What's that music I heard through the phone|Anything musical going on]?
say: {P} {has} been [learning|playing] the {instrument} for {since}[, the neighbors are patient|].
say: {P} picked up the {instrument} again. I've owned it for {since} and never really played.
ans: That was the {instrument}! [Still squeaky.|]
react: The {instrument}! [You have to play for me.|That takes patience.]
more piece: What are you practicing? => A piece called {piece}. => What [piece|song] {is} {P} practicing[ on the \
{instrument}|]?
ask instrument: [What|Which] [instrument|musical instrument] {does} {P} play?
ask since: How long {has} {P} been [playing|learning] the {instrument}?
infer: Would {P} enjoy [a subscription to the symphony|a jam session]?
then instrument: [And which|Which] instrument {does} {p} play?
reply instrument: The {instrument}.

@ concert event g:music g:activity with many a:event
vars: band=band city=city song=title
base: see {band} [live|in concert]
past: saw {band} live
ger: seeing {band}
lead: [How was the show|Did the tickets pay off]?
say: {P} saw {band} live {when}! [My ears are still ringing.|We danced all night.]
say: {when} there was this gig in {city}, {band}, and I stood in the first row.
ans: Unreal. {band} played for three hours.
react: {band}! [I love their early stuff.|Never heard of them.]
more song: Did they play your favorite? => They opened with {song}! => What song did {band} open with[ when {P} saw \
them|]?
more city: Where did they play? => In {city}, open air. => In which city did {P} see {band}?
ask band: [Which|What] [band|musicians|group] did {P} [see|hear] live?
ask band: Whose concert did {P} [attend|go to]?
all band: Which [bands|musical artists] {has} {P} seen?

@ book event g:books many
vars: title=title author=author about=
pool about: a lighthouse keeper who finds a letter | two sisters who stop talking | a thief in a library | a village \
that vanishes | a doctor on a whaling ship | growing up on a farm | a war between two islands | a robot that learns \
to grieve
base: [read|finish] {title}
past: [finished|read] {title}
ger: reading {title}
lead: [Reading anything good|Any book tips]?
say: {P} finished [reading|] {title} by {author} {when}. [I couldn't put it down.|What an ending!]
say: {when} I stayed up all night with {title}. [{author} can really write.|]
ans: Yes! {title}. [I got to the last page {when}.|] It's by {author}.
react: {title} is on my list[ too|]!
more about: What's it about? => It's about {about}. => What is the [book|novel] {P} read about?
ask title: What [book|novel] did {P} [read|finish]?
ask author: Who wrote the [book|novel] that {P} [read|finished]?
ask author: Which author {has} {P} been reading?
all title: Which books {has} {P} read?
infer: Would {P} enjoy [an afternoon in a bookshop|joining a reading circle]?

@ film event g:films many with
vars: title=title genre= where=
pool genre: thriller | romantic comedy | documentary | science fiction movie | western | horror movie | musical | \
animated movie | courtroom drama
pool where: at the open-air cinema | on the couch | at the old cinema downtown | on a plane | at a festival
base: [watch|see] {title}
past: watched {title}
ger: watching {title}
lead: [Seen anything good|What did you do last night]?
say: {P} watched {title} {when}, a {genre}. [I cried twice.|Not bad at all.]
say: {when} we saw this {genre} called {title}. [Have you heard of it?|]
ans: We watched {title}! It's a {genre}.
react: I've heard about {title}. [Was it scary?|]
more where: Did you see it in a theater? => I saw it {where}. => Where did {P} [see|watch] {title}?
ask title: What [movie|film] did {P} [watch|see]?
ask genre: What [kind|genre] of [movie|film] is {title}, which {P} watched?
all title: Which [movies|films] {has} {P} [seen|watched]?

@ favfilm trait many g:films
vars: title=title times=small
say: My favorite movie of all time is {title}, I've seen it {times} times.
say: I could watch {title} forever. [{times} times and counting.|]
react: {title} is a classic!
ask title: What is {Ps} favorite [movie|film]?
ask times: How often {has} {P} watched {his} favorite movie?

@ painting event g:art g:activity many a:hobby
vars: subject= technique= place=
pool subject: a lighthouse in fog | a crane at a building site | {his} grandmother's hands | a field of poppies | an \
empty street | a stormy sea | a bowl of lemons | a broken umbrella | two herons | the view from {his} window
pool technique: in oil | in watercolor | in charcoal | with acrylics | with ink | in pastels
pool place: over {his} bed | in the hallway | at the library | in a cafe | in {his} mother's kitchen
base: paint {subject}
past: painted {subject}
ger: painting {subject}
lead: [Still at the easel|Made anything lately]?
say: {P} [finished a painting|painted a picture] {when}: {subject}, {technique}.
say: {when} I finally painted {subject}. [It took me forever to get the light right.|]
ans: I have! {subject}, done {when}.
react: I'd love to see it! [You're so talented.|The colors must be great.]
more place: Where will it hang? => It hangs {place} now. => Where does {Ps} painting [hang|of {subject} hang]?
more technique: What did you use? => I did it {technique}. => [How|With what technique] did {P} paint {subject}?
ask subject: What did {P} paint?
ask subject: What is {Ps} [picture|painting|artwork] of?
all subject: What [pictures|subjects] {has} {P} painted?
infer: Would {P} [enjoy a trip to an art museum|like a set of brushes as a present]?

@ writing trait g:books g:activity a:hobby
vars: what= title=title theme=
pool what: a novel | a stage play | a children's book | a collection of poems | a memoir | a fantasy series | a \
radio play
pool theme: envy between brothers | a friendship across borders | growing old | a family secret | the sea | courage |\
 first love
lead: [What are you typing all the time|How's the writing going]?
say: {P} {is} working on {what}. [Every morning before breakfast, two pages.|It's called {title}.]
ans: Slow but steady. It's {what}, the working title is {title}.
react: I want to read it! [You've got such an imagination.|]
more theme: What's it about? => At heart it's about {theme}. => What [is the theme of|themes are explored in] {Ps} \
[book|work|writing]?
more title: Does it have a title? => I call it {title}. => What is the [title|name] of {Ps} [writing project|\
manuscript]?
ask what: What {is} {P} writing?

@ game trait kin many g:activity a:hobby
vars: game=title kind= hours=small
pool kind: a strategy game | a racing game | a puzzle game | a farming game | a card game | a role-playing game | a \
detective game
say: {P} {has} been playing {game} a lot, {kind}. [{hours} hours on Sunday alone!|]
say: Have you tried {game}? It's {kind} and {P} can't stop.
ask game: What game {is} {P} [playing|hooked on]?
ask kind: What [kind|type] of game is {game}?
all game: What games {does} {P} play?
"""
