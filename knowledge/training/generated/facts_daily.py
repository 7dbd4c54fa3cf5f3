"""Cards of facts about food, health, purchases, the garden, vehicles and technology (format: \
``generator_schemas``)."""

from __future__ import annotations

CARDS = """
@ cooking event g:food g:activity many with k:bake
vars: dish=food for= secret=
pool for: the whole family | a friend who was sick | the new neighbors | {his} colleagues | a potluck | a date
pool secret: roasted garlic | a spoon of honey | smoked paprika | lime juice | miso paste | a splash of vinegar | \
dark chocolate | fresh mint
base: cook {dish}
past: cooked {dish}
ger: cooking {dish}
lead: [What's cooking|What smells so good on your side]?
say: {P} made {dish} for {for} {when}. [There were no leftovers!|It took the whole afternoon.]
say: {when} I tried a new recipe, {dish}, for {for}.
ans: It was {dish}! I made it for {for} {when}.
react: {dish}, yum! [Send me the recipe.|Save me a plate next time.]
more secret: What's your secret? => The trick is {secret}. => What [secret ingredient|trick] {does} {P} use for {dish}?
ask dish: What [dish|meal] did {P} [make|prepare|cook]?
ask for: Who did {P} cook {dish} for?
all dish: What dishes {has} {P} [cooked|made]?
infer: Would {P} [appreciate a cookbook|like a new set of pans]?

@ baking event g:food many k:bake
vars: cake=dessert why=
pool why: a school fair | {his} dad's retirement | a bake sale | no reason at all | a wedding | the neighbor's birthday
base: bake {cake}
past: baked {cake}
ger: baking {cake}
say: {P} baked {cake} {when} for {why}. [The kitchen is still full of flour.|]
say: {when} my oven was busy: {cake}, for {why}.
react: I'd drive hours for {cake}!
ask cake: What did {P} bake?
ask cake: Which [dessert|sweet treat] did {P} make?
ask why: [What occasion|What] did {P} bake {cake} for?
all cake: What desserts {has} {P} [baked|made]?

@ restaurant event g:food many with
vars: place=restaurant dish=food
base: eat at {place}
past: ate at {place}
ger: eating at {place}
lead: [Did you go out for dinner|Where did you celebrate]?
say: {P} had dinner at {place} {when}. [The {dish} was out of this world.|You have to try their {dish}.]
say: {when} we tried {place}, finally. I ordered {dish}[ and regretted nothing|].
ans: We went to {place}, and the {dish} there is a dream.
react: I've walked past {place} so many times!
ask place: [At which restaurant|Where] did {P} [eat|dine|have dinner]?
ask dish: What did {P} [order|eat] at {place}?
all place: Which restaurants {has} {P} been to?

@ diet state kin g:food g:health
vars: diet= why=
pool diet: vegan | vegetarian | gluten-free | sugar-free | dairy-free | pescatarian | low-carb
pool why: for {his} stomach | for the climate | because of a bet | on the doctor's advice | out of love for animals |\
 to have more energy
say: {P} {has} gone {diet}, {why}. [It's easier than expected.|I miss cheese.|]
say: From now on {P} eat{s} {diet}. It's {why}.
react: {diet}, respect! [What do you cook then?|]
ask diet: What [diet|kind of diet] {does} {P} follow?
ask why: Why did {P} change {his} [diet|eating habits]?
now diet: What diet {is} {P} on now?
old diet: What diet did {P} follow before?
infer: Would {P} [enjoy a steakhouse|order anything on the menu]?

@ allergy trait kin g:health many
vars: thing=allergy when0=
pool when0: at school | on a plane | at a wedding | during a picnic | as a baby | in the army
say: {P} {is} allergic to {thing}, [so no chance|unfortunately]. [It's been like that forever.|]
say: Turns out {P} can't go near {thing}. {Ps} whole face swells up.
react: Allergic to {thing}? That must be annoying.
more when0: When did you find out? => They found out {when0}, it was scary. => [In what situation|Where] was {Ps} \
allergy to {thing} discovered?
ask thing: What {is} {P} allergic to?
ask thing: What [{does} {P} have|is] {Ps} allergy?
all thing: What are {Ps} allergies?

@ illness event sad g:health k:injury
vars: what= remedy= span=span
pool what: the flu | a migraine | food poisoning | pneumonia | tonsillitis | shingles | a kidney stone | an ear \
infection
pool remedy: chicken soup | ginger tea | antibiotics | a lot of sleep | hot baths | cough syrup from {his} aunt
base: [have|come down with] {what}
past: came down with {what}
ger: having {what}
lead: [Your voice sounds weak, what happened|Where have you been hiding]?
say: {P} came down with {what} {when}, {span} in bed. [Awful.|Never again.]
ans: I was knocked out by {what}. {span} under the blanket.
react: Poor you! {what} is no joke.
more remedy: What helped? => In the end {remedy}. => What helped {P0} [recover from|get over] {what}?
ask what: What [illness|disease|sickness] did {P} have?
ask span: How long {was} {P} [sick|ill|in bed]?

@ therapy trait g:health k:cope
vars: way= reason=
pool way: breathing exercises | a gratitude list | cold showers | talking to a therapist | long walks without a \
phone | guided meditation | a strict bedtime | singing in the car
pool reason: anxiety | stress at work | bad sleep | grief | panic before exams | {his} temper
say: What helps me with {reason} is {way}. [It's not magic, but it works.|]
say: I've been using {way} against {reason} lately.
lead: [How do you cope with it all|You seem calmer these days, why]?
ans: I think it's {way}. It keeps my {reason} in check, so to speak.
react: I've heard good things about {way}.
ask way: How {does} {P} [cope with|deal with|handle] {reason}?
ask way: What {does} {P} do for {his} [mental health|well-being]?
ask reason: What [problem|trouble] {is} {P} fighting with {way}?

@ purchase event kin g:purchases many k:buy
vars: thing= color=color price=money
pool thing: a leather sofa | a record player | a sewing machine | a telescope | a winter coat | a coffee machine | \
hiking boots | a standing desk | a rug | a tent | a watch | a cello case | a surfboard | an air fryer | a bookshelf |\
 a lamp | a necklace | a suitcase
base: buy {thing}
past: bought {thing}
ger: buying {thing}
lead: [What's in the huge box|Did you get anything in the sales]?
say: {P} bought {thing} {when}, in {color}. [It was love at first sight.|My bank account is crying.]
say: {when} {P} treated {self} to {thing}, {color}[ and shiny|].
ans: I couldn't resist: {thing}, {color}!
react: {color}, [good choice|how nice]! [You've wanted that forever.|]
more price: What did it cost? => It was {price}. => How much did {P} pay for {thing}?
ask thing: What did {P} [buy|purchase|treat {self} to]?
ask color: What color is {thing} {P} bought?
all thing: What [items|things] {has} {P} [bought|purchased]?

@ lostthing event sad g:mishaps many a:mishap
vars: thing= where=
pool thing: {his} keys | {his} wallet | {his} passport | {his} wedding ring | {his} headphones | {his} glasses | \
{his} phone | an umbrella from {his} grandmother | {his} earring
pool where: on the tram | in the freezer | under the car seat | at the swimming pool | in a library book | in the \
laundry | at the bakery
base: lose {thing}
past: lost {thing}
ger: losing {thing}
say: {P} lost {thing} {when}! [I turned the whole place upside down.|I searched for hours.]
say: {when} {thing} disappeared. [Panic!|I looked everywhere.]
react: Oh no! [Did you look in the fridge?|I hate when that happens.]
more where: Did it turn up? => Yes, {where}, of all places. => Where did {P} find {thing}?
ask thing: What did {P} lose?
ask thing: What [item|belonging] went missing for {P0}?

@ accident event sad g:mishaps a:injury k:mishap
vars: what= helper=
pool what: drove into a fence | slipped on the stairs | got stuck in an elevator | flooded the bathroom | locked \
{self} out | set off the fire alarm | fell into a pond | broke a tooth | got a flat tire on the highway
pool helper: a firefighter | the neighbor | a boy on a bike | a passing nurse | the caretaker | two tourists
lead: [Why the long face|You look shaken, what's up]?
say: {P} {what} {when}. [What a day!|I can laugh about it now.]
say: You won't believe {when}: I {what}.
ans: Don't ask. {when} I {what}.
react: Are you okay? [That sounds awful.|Things like that could happen to me.]
more helper: Did anybody help? => Luckily {helper} came along. => Who [helped|came to the aid of] {P0} after the \
[mishap|accident]?
ask what: What [accident|mishap|misfortune] did {P} have?
when: When did {P} have {his} [accident|mishap]?

@ garden event g:garden g:activity many a:hobby
vars: plant= where= pest=
pool plant: tomatoes | lavender | sunflowers | zucchini | roses | a fig tree | strawberries | garlic | chili peppers \
| a cherry tree | tulips | runner beans | pumpkins | a lemon tree | basil
pool where: on the balcony | behind the garage | in old bathtubs | along the fence | in a raised bed | on the roof
pool pest: slugs | a deer | the neighbor's cat | aphids | magpies | too much rain
base: plant {plant}
past: planted {plant}
ger: planting {plant}
lead: [How's the green thumb|Is anything growing yet]?
say: {P} planted {plant} {where} {when}. [Fingers crossed.|My nails are black.]
ans: There's {plant} {where} now! [I talk to them.|]
react: {plant}! [I kill every plant I touch.|I can't wait for the harvest.]
more pest: Any trouble with it? => Yes, {pest}, every single day. => What [damages|threatens|bothers] {Ps} {plant}?
ask plant: What did {P} [plant|put in the ground]?
ask plant: What {is} {P} growing?
ask where: Where did {P} plant {plant}?
all plant: What plants {has} {P} [planted|grown]?

@ phone event g:tech many a:buy a:get
vars: device= trouble= brand=company
pool device: a laptop | a tablet | a smart watch | a drone | an e-reader | a games console | a phone | a robot \
vacuum | a camera | a 3D printer
pool trouble: the battery dies at noon | it speaks only Dutch | the screen has a scratch | it never finds the Wi-Fi |\
 the cat is afraid of it
base: get {device}
past: got {device}
ger: getting {device}
say: {P} got {device} {when}, made by {brand}. [I still don't know all the buttons.|]
say: {when} {device} from {brand} arrived at my door.
react: Ooh, {device}! [Techie.|I need one too.]
more trouble: Are you happy with it? => Mostly, only {trouble}. => What [is wrong|problem {does} {P} have] with \
{device}?
ask device: What [gadget|device] did {P} get?
ask brand: Which [brand|company] makes {Ps} {device}?
all device: What [gadgets|devices] {has} {P} got?

@ crash event sad g:tech g:mishaps a:mishap
vars: lost= saved=
pool lost: the family tree | all holiday photos | the tax files | a year of recipes | the wedding video | ten years \
of bird counts
pool saved: a friend who repairs computers | an old USB stick | a cloud backup | a shop in the next town | nobody so \
far
say: My computer gave up {when}, and with it {lost}. [I could scream.|]
say: {when} the hard drive died. {lost}: gone!
react: Nightmare! [Back up, back up, back up.|]
more saved: Could anyone rescue it? => Thanks go to {saved}. => Who or what rescued {Ps} [data|files]?
ask lost: What did {P} lose when {his} [computer|laptop] broke?
when: When did {Ps} [computer crash|laptop break down]?

@ tattoo event g:art
vars: motif= spot= meaning=
pool motif: a swallow | a compass | a wave | a fern | a tiny octopus | a lighthouse | a moth | three stars | a \
mountain line
pool spot: on {his} shoulder | on {his} wrist | on {his} ankle | behind {his} ear | on {his} forearm | on {his} back
pool meaning: the sea | {his} grandmother | never giving up | the year abroad | {his} children | coming home
base: get a tattoo of {motif}
past: got a tattoo of {motif}
ger: getting a tattoo
say: {P} got inked {when}: {motif} {spot}! [It hurt less than I feared.|]
say: {when} I had {motif} tattooed {spot}.
react: {motif}, [how pretty|I want to see it]!
more meaning: Does it stand for something? => For me it's about {meaning}. => What does {Ps} tattoo [mean|symbolize|\
stand for]?
ask motif: What [is {Ps} tattoo of|tattoo did {P} get]?
ask spot: Where [on {his} body|] {does} {P} have {his} tattoo?

@ glasses event many k:buy
vars: color=color why= maker=name
pool why: a scratch | headaches at the screen | a sports accident | vanity | the old pair fell into a lake | night \
driving
base: get glasses with a {color} frame
past: got glasses with a {color} frame
ger: getting new glasses
say: {P} picked up new glasses {when}, frame in {color}! [The world has edges again.|I keep looking in the mirror.]
react: {color}! [Bold.|Show me.]
more why: Why new ones? => The reason was {why}. => Why did {P} need new glasses?
more maker: Who made them? => {maker}, the optician around the corner. => Who is {Ps} optician?
ask color: What color is the frame of {Ps} glasses?
"""
