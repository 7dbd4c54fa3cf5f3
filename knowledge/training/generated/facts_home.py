"""Cards of facts about business, home life, relatives and childhood (format: ``generator_schemas``)."""

from __future__ import annotations

CARDS = """
@ business event kin g:work a:job
vars: shop= name=title street=street money=
pool shop: bakery | bookshop | bike repair shop | flower shop | puppet theatre | cheese shop | coffee bar | dog \
grooming salon | pottery workshop | record store | escape room | catering company
pool money: {his} savings | a loan from the bank | a crowd of small backers | an inheritance | money from {his} parents
base: open a {shop}
past: opened a {shop} on {street}
ger: opening a {shop}
lead: [How's the business plan coming along|So when will you be your own boss]?
say: {when} {P} opened {his} own {shop}! It's on {street}.
ans: It's real now! {when} I cut the ribbon. You'll find my {shop} on {street}.
react: Your own {shop}! [I'll be the first customer.|So brave.]
more money: How did {p} pay for it all? => With {money}. => How did {P} [finance|fund|pay for] the {shop}?
more name: What's it called? => It's called {name}. => What is the name of {Ps} [{shop}|business]?
ask shop: What kind of [business|shop|company] did {P} [open|start|launch]?
ask street: Where is {Ps} [{shop}|business] [located|]?
infer: Would {P} rather work for [a big company|somebody else] or be {his} own boss?

@ roommate state
vars: name=name habit=
pool habit: plays the drums at night | cooks for everybody on Sundays | never does the dishes | collects cactuses | \
gets up at five | leaves the windows open in winter
say: I have a [new|] [roommate|flatmate] now, {name}. [So far, so good.|]
say: {name} moved into the spare room {when}, so I'm sharing the flat now.
more habit: What's it like to live together? => Funny mostly. {name} {habit}. => What does {Ps} [roommate|flatmate] do?
ask name: Who {does} {P} [share a flat|live] with?
now name: Who is {Ps} current [roommate|flatmate]?
old name: Who was {Ps} former [roommate|flatmate]?

@ birthday event g:family
vars: who= cake=dessert place=
pool who: {his} mother | {his} son | {his} daughter | {his} best friend | {his} grandfather | {his} wife | {his} \
nephew | the twins
pool place: in the garden | at the bowling alley | on a boat | in a karaoke bar | at the lake | in a tiny restaurant \
| at home
base: celebrate the birthday of {who}
past: celebrated the birthday of {who}
ger: celebrating the birthday of {who}
say: {when} we [threw a party|celebrated] for {who}: another year older! [We did it {place}.|]
say: It was {who}'s birthday {when}, so we got everybody together {place}.
react: Happy birthday to them! [Hope the cake was good.|]
more cake: Was there cake? => Of course, {cake}, [homemade|three whole trays]. => What did they eat at the birthday \
party {P} [organized|gave|held]?
ask who: Whose birthday did {P} celebrate?
ask place: Where did {P} celebrate the birthday of {who}?
when: When is the birthday of {who} of {P}?

@ inlaws event g:family
vars: who= thing= span=span
pool who: {his} parents | {his} grandparents | {his} parents-in-law | {his} cousins | an old aunt | {his} godmother
pool thing: looked at old photo albums | argued about politics | played cards until midnight | cleaned out the attic \
| cooked a big family recipe | went through old letters
base: visit {who}
past: visited {who}
ger: visiting {who}
say: {P} stayed with {who} {when}, for {span} or so. [It was time.|]
say: {when} I drove out to see {who}. They don't get many visitors.
more thing: What did you do there? => We {thing}. => What did {P} do [when visiting|at the home of|with] {who}?
ask who: Which [relatives|family members] did {P} [visit|go and see]?

@ childhood trait g:past
vars: thing= with=
pool thing: build tree houses | catch frogs | collect beetles | sell lemonade | deliver newspapers | go ice fishing |\
 write comics | climb onto roofs | put on puppet shows | collect fossils
pool with: {his} grandfather | {his} dad | the girl next door | {his} older cousin | a boy called Whistler | {his} \
godmother
say: When I was little, I used to {thing} with {with}. [Those were the days.|I still think about it.]
say: That reminds me of being a kid. With {with} I would {thing} all summer long.
react: That sounds like a lovely [childhood|memory].
ask thing: What did {P} use to do as a child?
ask with: Who did {P} {thing} with [as a child|in {his} childhood]?
ask thing: What is one of {Ps} childhood memories with {with}?

@ origin trait kin
vars: country=country city=city
say: {P} grew up in {city}[, in a house full of books|, three streets from the harbor|].
say: Originally {P} come{s} from {country}; {city}, to be exact.
say: You know, {P} {was} born in {city}, but people never guess that.
ask city: Where {is} {P} [originally from|from]?
ask city: [What is {Ps} hometown|Where did {P} grow up|In which place {was} {P} born]?
then city: [And where|Where] {is} {p} from?
reply city: {city}.
"""
