"""Cards of facts about home and family, moves, work and studies. The format is described in ``generator_schemas``."""

from __future__ import annotations

CARDS = """
@ move event kin g:places with a:home
vars: city=city why=
pool why: {his} company opened an office there | the rents had become too high | {p} wanted to live near the sea | \
{p} fell in love with somebody from there | {p} needed a fresh start | the schools are better there
base: [move|relocate] to {city}
past: [moved|relocated] to {city}
ger: moving to {city}
lead: [How's the flat hunt going|What's the news about the house|Are the boxes packed]?
say: {P} [finally|] [moved|relocated] to {city} {when}. [There are boxes everywhere, but the place feels like home \
already.|It still feels unreal.|]
say: {when}, {P} packed up everything and left for {city} for good.
say: Big news: {P} {has} a new address! {when} the van was unloaded in {city}.
ans: All done! {city} is home now, [the keys were handed over|everything was carried up the stairs] {when}.
react: Wow, {city}! [I hear the food there is great|That's a big step|I've always wanted to see it].
more why: What made {him} [choose that place|go]? => [Mostly because|Well,] {why}. => [Why|For what reason] did {P} \
[move|relocate|leave][ to {city}|]?
ask city: Where did {P} [move|relocate]?
ask city: [Which city|What place] did {P} move to?
now city: Where {does} {P} live [now|these days|at the moment]?
now city: In which city {is} {P} living currently?
old city: Where did {P} live before the [last|latest] move?
all city: Which cities {has} {P} lived in?
then city: [And where|Where] did {p} move?
reply city: To {city}.

@ newjob event kin g:work k:job
vars: job=job company=company part=
pool part: the people | the short commute | the mornings at home | learning something every day | the lunch breaks \
by the river | the calm office
base: start [working as|{his} job as] a {job}
past: started [working as|{his} new job as] a {job} at {company}
ger: starting as a {job}
lead: [Any news from the job search|How did the interviews go|What's happening at work]?
say: {P} started [a new position|working] as a {job} at {company} {when}[, and so far the team is lovely|].
say: Guess what, {company} hired {him} as a {job}! The first day was {when}.
ans: I heard back {when}: {company} said yes! [From now on it's|The title is] {job}, can you believe it?
react: Congrats! {company} is lucky.
more part: What {does} {p} like most there? => [Honestly,|I'd say] {part}. => What {does} {P} like [best|most] about \
[the job|working] at {company}?
ask job: What is {Ps} [profession|new job|occupation]?
ask job: What [{does} {P} do for a living|kind of work {does} {P} do|{is} {P} employed as]?
ask company: [Which company {does} {P} work for|Who {is} {Ps} employer|Where {does} {P} work]?
now company: Where {does} {P} work [now|currently|at present]?
old company: Where did {P} work [before|previously]?
now job: What {is} {Ps} current [job|position]?
old job: What was {Ps} [previous|former] [job|position]?
when: When did {P} [begin|start] [the new job|working] at {company}?
all company: Which companies {has} {P} worked for?
then company: [And where|Where] {does} {p} work?
reply job: A {job}.

@ lostjob event sad kin g:work a:job
vars: job=job how=
pool how: the whole department was closed | the shop went bankrupt | they moved everything abroad | a machine does \
it now | the new manager wanted a smaller team
base: lose {his} job as a {job}
past: lost {his} job as a {job}
ger: losing {his} job
say: {when} {P} got laid off. [No more {job}, just like that.|After years as a {job}, it's over.]
say: Sad news, {P} {was} let go {when}; {p} worked as a {job}, you know.
react: Oh no, I'm so sorry. [Something better will come along.|That must hurt.]
more how: What happened? => [Well,|It's simple:] {how}. => Why [did {P} lose {his} job|{was} {P} laid off]?
ask job: What did {P} work as before being [laid off|unemployed]?
when: When did {P} [lose {his} job|become unemployed]?
infer: [Is {P} likely|Would {P} be able] to [buy an expensive house|make big purchases] right now?

@ promotion event kin g:work a:job
vars: role= gift=
pool role: team lead | head of department | deputy manager | senior consultant | shift supervisor | regional \
director | head chef | chief editor
pool gift: a fountain pen | a huge cake | a bottle of wine | a plant for the desk | a funny mug | a signed card
base: get promoted to {role}
past: got promoted to {role}
ger: getting promoted
lead: [How's the office|How are things at the office]?
say: {P} got [promoted|a promotion] {when}! [You're talking to the new|Say hello to the] {role}.
say: My hard work paid off. {when} I was made {role}.
ans: Actually pretty great! {when} they made me {role}.
react: Wow, {role}! You earned it.
more gift: Did the others celebrate with {him}? => Yes, they gave me {gift}. => What did {Ps} colleagues give {him} \
[for the promotion|to celebrate]?
ask role: What [position|role] {was} {P} promoted to?
ask role: What career step did {P} [take|make]?
infer: Would {P} be considered ambitious [at work|in {his} career]?

@ commute state kin
vars: way= minutes=minutes
pool way: by bike | by train | by ferry | on foot | by tram | with an old scooter | by car with two colleagues
say: These days {P} get{s} to work {way}, it takes {minutes}.
say: {Ps} new routine: {way} to the office every morning, {minutes} each way.
react: {minutes}? [That's not bad at all.|You must have time to think.]
ask way: How {does} {P} [commute|travel to work|get to the office]?
ask minutes: How long {does} {Ps} commute take?
now way: How {does} {P} get to work [now|currently]?
old way: How did {P} use to get to work?

@ child event kin g:family
vars: name=name weight=
pool weight: {his} eyes | very long fingers | a lot of dark hair | a dimple in the chin | the loudest voice in the ward
base: have a baby
past: had a baby
ger: having a baby
lead: [How is everybody at home|So, any news from the hospital]?
say: {P} became a parent {when}! [The little one is|Welcome to the world,] {name}.
say: The baby arrived {when}, a healthy one called {name}.
ans: Everyone's healthy and happy! Little {name} arrived {when}.
react: Congratulations! {name} is a beautiful name.
more weight: Who does the baby look like? => Hard to say, but {name} has {weight}. => What does {Ps} [baby|newborn] \
have?
ask name: What is the name of {Ps} [baby|child|newborn]?
ask name: What did {P} call {his} [baby|newborn]?
when: When {was} {Ps} [baby|child] born?
all name: What are the names of {Ps} children?
infer: Is {P} likely to be [getting little sleep|tired] [at night|] these days?

@ wedding event kin g:family
vars: city=city band=band dress=color
base: get married[ in {city}|]
past: got married in {city}
ger: getting married
lead: [How was the big day|So, how did the ceremony go]?
say: {P} tied the knot {when}! [The ceremony was in|We all travelled to] {city}[ and it didn't rain|].
say: {P} got married {when}, in a tiny chapel in {city}.
ans: It was perfect. {when}, {city}, sunshine, and everybody cried.
react: A wedding in {city} sounds like a dream!
more band: What about the music? => {band} played until three in the morning. => [Who played|Which band performed] \
at {Ps} wedding?
more dress: What did {p} wear? => Something {dress}, which surprised everybody. => What color did {P} wear at {his} \
wedding?
ask city: Where did {P} get married?
ask city: In which city was {Ps} wedding?
when: When [did {P} tie the knot|was {Ps} wedding|did {P} marry]?

@ breakup event sad kin
vars: span=pastspan why=
pool why: they wanted different things | the distance was too much | there was too much arguing | {p} wanted \
children | work always came first
base: [break up|split up] with {his} partner
past: split up with {his} partner
ger: the break-up
say: {P} and {his} partner broke up {when}, after {span} together.
say: It's over between {P0} and {his} partner. {when} was the last straw. {span} just gone.
react: I'm really sorry to hear that. Break-ups are hard.
more why: What went wrong? => I think {why}. => Why did {Ps} relationship end?
ask span: How long {was} {P} [in the relationship|together with {his} partner]?
when: When did {Ps} relationship end?
infer: Is {P} [single|likely to be dating someone] [now|at the moment]?

@ house event kin g:home a:home
vars: color=color rooms=small street=street
base: buy a house
past: bought a house on {street}
ger: buying a house
lead: [Did the bank say yes|Any progress with the mortgage]?
say: {P} signed the papers {when}, the house on {street} is {his}! [It has {rooms} rooms.|]
say: {when} {P} bought {his} first home, a little place on {street} with {rooms} rooms.
ans: They did! {when} we got the keys for the place on {street}.
react: A home of your own! [You must be over the moon.|I can't wait to see it.]
more color: Will {p} change anything? => First thing, the front door gets painted {color}. => What color will {Ps} \
front door [be|have]?
ask street: [Where|On which street] is {Ps} [new home|house|place]?
ask rooms: How many rooms does {Ps} [home|house] have?
when: When did {P} [become a home owner|buy {his} home]?

@ renovation event g:home many
vars: room= how= cost=money
pool room: the kitchen | the bathroom | the attic | the basement | the balcony | the hallway | the guest room | the \
garage
pool how: with {his} own hands | with the help of two friends | thanks to online videos | with a very patient builder
base: renovate {room}
past: renovated {room}
ger: renovating {room}
lead: [Why the paint on your hands|Still living in dust]?
say: {P} [finished|completed] [redoing|renovating] {room} {when}. [New tiles, new lights, everything.|It looks so \
much bigger.]
ans: Ha, yes. {when} I got done with {room} and it looks wonderful.
react: You redid {room}? [I'm impressed.|Send pictures!]
more how: Did {p} do it alone? => I did it {how}. => How did {P} [manage to renovate|redo] {room}?
more cost: Was it expensive? => All in all it came to {cost}. => How much did {P} [spend on|pay for] {room}?
ask room: [Which|What] part of the home did {P} [remodel|renovate]?
all room: Which rooms {has} {P} [renovated|redone]?

@ school state kin g:study a:learn
vars: subject= city=city
pool subject: marine biology | history | economics | computer science | nursing | law | philosophy | architecture | \
chemistry | graphic design | linguistics | geology | film | dentistry | agriculture | mathematics
say: {P} {is} [studying|doing a degree in] {subject} in {city} [now|at the moment].
say: {P} got into the program in {city}! It's {subject}, the thing {p} always wanted.
react: {subject} is fascinating[, isn't it|]!
ask subject: What {does} {P} study?
ask subject: What is {Ps} [major|field of study|degree in]?
ask city: [Where|In which city] {does} {P} go to university?
now subject: What {is} {P} studying [now|currently]?
old subject: What did {P} study [at first|before switching]?
infer: What [career|line of work] might {P} [end up in|pursue] after [university|graduating]?
then subject: [And what|What] {does} {p} study?
reply subject: {subject}.

@ exam event kin g:study
vars: exam= grade=
pool exam: the driving test | the bar exam | the final exam in statistics | the pilot's exam | the language \
certificate | the entrance test | the first aid certificate | the sailing license
pool grade: full marks | just one mistake | the best result of the year | a narrow pass | ninety percent
base: pass {exam}
past: passed {exam}
ger: passing {exam}
lead: [Did you get your results|How did it go]?
say: I can breathe again, {P} passed {exam} {when}!
ans: I passed! {when} they told me: {exam} is done, with {grade}.
react: Well done! All that studying paid off.
more grade: How good was it? => I got {grade}, believe it or not. => What [grade|result] did {P} [get|achieve] in \
{exam}?
ask exam: What [test|exam|certificate] did {P} [pass|complete successfully]?

@ course event g:study g:activity many k:learn a:hobby
vars: thing= teacher=name length=span
pool thing: upholstery | Italian cooking | bookkeeping | first aid | life drawing | car repair | web design | public \
speaking | wine tasting | bread baking | self-defense | photo editing | sign language | furniture restoration | \
landscape gardening
base: [join|sign up for|take] a [course|class] in {thing}
past: signed up for a {thing} [class|course]
ger: taking a {thing} class
lead: [Doing anything new in the evenings|Learning anything these days]?
say: {P} [signed up|enrolled] for a {thing} [course|class] {when}. [I was nervous, but the group is nice.|It runs \
for {length}.]
ans: Yes! {when} I went to my first {thing} lesson, and I loved it.
react: {thing}! [That's so useful.|I could never do that.]
more teacher: Who's the teacher? => [Her name is|It's somebody called|His name is] {teacher}[, very patient|]. => \
Who teaches {Ps} {thing} [class|course]?
ask thing: What [class|course] did {P} [sign up for|enroll in|join]?
ask thing: What new skill {is} {P} learning?
all thing: What [classes|courses] {has} {P} taken?
"""
