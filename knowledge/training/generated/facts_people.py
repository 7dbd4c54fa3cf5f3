"""Cards of facts that any person may have, with follow-up forms and held-out forms (keys with a leading ``un``).

The format is described in ``generator_schemas``.
"""

from __future__ import annotations

CARDS = """
@ works state kin k:job
vars: place=company job=job
say: {P} work{s} at {place} [now|], as a {job}. [The hours are long.|It suits {him}.|]
say: {P} {is} a {job} at {place}[, has been for years|, and good at it|].
say: {P} just got hired by {place}. {job}, of all things!
unsay: {place} employs {P0} as a {job}[, a steady thing|].
unsay: They know {P0} at {place}: the {job} with the loud laugh.
react: A {job}! [That can't be easy.|I always wanted to be that.]
ask place: Where {does} {P} work?
ask place: [Which company employs|Who is the employer of] {P0}?
ask job: What {does} {P} do for a living?
ask job: What is {Ps} [job|profession]?
now place: Where {does} {P} work [now|at present]?
old place: Where did {P} work before?
unask place: In which firm {does} {P} earn {his} money?
unask job: What line of work {is} {P} in?
then place: [And where|Where] {does} {p} work?
then place: And {his} employer?
then job: [And what|What] {does} {p} do for a living?
then job: What about {his} job?
unthen place: Which firm pays {him}?
unthen job: What's {his} line of work?
reply place: At {place}.
reply job: {P} {is} a {job}.
unreply place: That would be {place}.
unreply job: {job}, as far as I know.

@ lives state kin k:home
vars: city=city kind=
pool kind: a houseboat | a tiny studio | an old farmhouse | a loft | a flat above a bakery | a shared house | a \
terraced house | a tower block
say: {P} live{s} in {city}, in {kind}. [I should visit more often.|]
say: {Ps} place is {kind} in {city}. [You would love it.|]
say: {P} settled down in {city} [years ago|last year]. {kind}, quite cosy.
unsay: You'd find {P0} in {city}, [renting|calling] {kind} home.
unsay: Home for {P0} means {kind} in {city}.
react: {city}! [That's far.|Nice area.|]
ask city: Where {does} {P} live?
ask city: In [what|which] city {is} {P} at home?
ask kind: What kind of [home|place] {does} {P} live in?
now city: Where {does} {P} live [now|currently]?
old city: Where did {P} live before?
unask city: What town {is} {P} a resident of?
unask kind: What sort of dwelling {does} {P} have?
then city: [And where|Where] {does} {p} live?
then city: And what city {is} {p} in?
also kind: What is {his} place like?
also kind: What kind of home is it?
unthen city: Whereabouts is {his} home?
unalso kind: What sort of dwelling is that?
reply city: In {city}.
reply kind: {kind}.
unreply city: {city}, apparently.
unreply kind: It's {kind}.

@ aged trait kin
vars: age=grown bmonth=
pool bmonth: January | February | March | April | June | July | August | September | October | November | December
say: {P} turn{s} {age} in {bmonth}. [Time flies.|I need a present.|]
say: In {bmonth} {P} will be {age}, [we're throwing a party|hard to believe].
unsay: {bmonth} brings another candle for {P0}, {age} then.
react: {age}? [Really?|I would have guessed less.]
ask age: How old {is} {P}?
ask bmonth: [When|In which month] is {Ps} birthday?
unask age: What is {Ps} age?
unask bmonth: What month {was} {P} born in?
then age: [And how|How] old {is} {p}?
then age: What about {his} age?
then bmonth: And when is {his} birthday?
then bmonth: What month is {his} birthday?
unthen age: Do you happen to know {his} age?
unthen bmonth: What month {does} {p} celebrate in?
reply age: {age}.
reply bmonth: In {bmonth}.
unreply age: {age} years.
unreply bmonth: Some day in {bmonth}.

@ haspet state kin g:pets many
vars: animal=animal pet=pet age=age
say: {P} {has} a {animal} [called|named] {pet}, {age} years old[ and spoiled rotten|].
say: {Ps} {animal} {pet} [stole the show again|chewed up a shoe|had to see the vet]. {age} years old and still wild.
unsay: There's a {animal} at {Ps} home that answers to {pet}. {age} years old.
lead: [Who's making that noise|Any furry visitors this week]?
react: {pet} is [a great name|the cutest name] for a {animal}.
ask animal: What [kind of pet|animal|pet] {does} {P} have?
ask pet: What is {Ps} [pet|animal] called?
ask pet: What is the name of {Ps} {animal}?
ask age: How old is {Ps} [pet|{animal}]?
all animal: What pets {does} {P} have?
all pet: What are the names of {Ps} pets?
unask animal: Which creature shares {Ps} home?
unask pet: What {does} {P} call {his} animal companion?
then animal: And what pet {does} {p} have?
then animal: [Does {p} have a pet|Any pets]?
also pet: What's its name?
also pet: And what is it called?
also age: How old is it?
also age: And its age?
unthen animal: Is there an animal in the house?
unalso pet: What does it answer to?
unalso age: How many years has it got?
reply animal: A {animal}.
reply pet: {pet}.
unreply animal: It's a {animal}.
unreply pet: They went for {pet}.

@ eats trait kin g:food
vars: dish=food sweet=dessert
say: {P} would [live on|kill for] {dish}, and {sweet} for dessert, [always|every time].
say: For {Ps} birthday there was {dish}, {his} favorite, and {sweet} after.
unsay: Give {P0} {dish} with {sweet} to finish and the day is saved.
react: {dish}! [Now I'm hungry.|Good taste.]
ask dish: What is {Ps} favorite [food|dish|meal]?
ask sweet: What is {Ps} favorite [dessert|sweet]?
unask dish: Which meal makes {P} happiest?
unask sweet: What sweet course {does} {P} prefer?
then dish: And {his} favorite food?
then dish: What {does} {p} like to eat?
then sweet: And for dessert?
then sweet: What about {his} favorite dessert?
unthen dish: What should one cook for {him}?
unthen sweet: What {does} {p} want as a last course?
reply dish: {dish}.
unreply dish: {dish}, without question.

@ drives state kin a:buy
vars: car= color=color
pool car: an old van | a sports car | a pickup truck | an electric scooter | a motorbike | a station wagon | a \
convertible | a tiny hatchback | a camper | a cargo bike | a jeep
say: {P} drive{s} {car} now, a {color} one. [You can't miss it.|]
say: {P} bought {car}, {color} [of course|with stripes].
unsay: Look out for {car} in {color}: that's {P0} at the wheel.
react: {color}? [Stylish!|Bold choice.]
ask car: What [vehicle|car|kind of vehicle] {does} {P} [drive|have]?
ask color: What color is {Ps} [car|vehicle]?
now car: What {does} {P} drive [now|these days]?
old car: What did {P} drive before?
unask car: How {is} {P} motorized?
unask color: In which color is {Ps} set of wheels?
then car: And what {does} {p} drive?
then car: What kind of car {does} {p} have?
also color: What color is it?
also color: And the color?
unthen car: What are {his} wheels?
unalso color: How is it painted?
reply car: {car}.
reply color: {color}.
unreply car: {P} get{s} around with {car}.
unreply color: It's {color}.

@ learns trait kin a:learn
vars: subject=language teacher=name why=
pool why: for a job abroad | because of a new love | to read old letters | to talk with the grandparents | to keep \
the brain young | after a bet
say: {P} {is} learning {subject} {why}, with a teacher called {teacher}.
say: {P} started taking {subject} lessons with {teacher}, {why}.
unsay: Twice a week {teacher} drills {P0} in {subject}, {why}.
react: {subject} is [hard|beautiful]!
ask subject: [What|Which] language {is} {P} learning?
ask teacher: Who teaches {P0} {subject}?
ask why: Why {is} {P} learning {subject}?
unask subject: Which tongue {is} {P} trying to master?
unask teacher: Who gives {P} language lessons?
then subject: And which language {is} {p} learning?
also teacher: Who teaches {him}?
also teacher: And the teacher?
also why: Why that one?
also why: What's the reason?
unthen subject: Which tongue {does} {p} practice?
unalso teacher: Who gives the lessons?
unalso why: What drives {him} to it?
reply subject: {subject}.
unreply subject: {subject}, they say.

@ plays trait kin g:activity k:hobby
vars: thing=hobby day=day partner=name
say: {P} spend{s} every {day} on {thing}[, together with a friend called {partner}|].
say: {thing} is all {P} can talk about. {day} is the day for it, with {partner}.
unsay: Come {day}, nothing keeps {P0} and {partner} from {thing}.
react: {thing}, [how fun|really]!
ask thing: What [is {Ps} hobby|{does} {P} do in {his} free time]?
ask day: On which day {does} {P} do {his} hobby?
ask partner: Who {does} {P} share {his} hobby with?
unask thing: Which pastime {does} {P} pursue?
unask partner: Who joins {P} in {his} pastime?
then thing: And {his} hobby?
then thing: What {does} {p} do for fun?
also day: On what day?
also partner: With whom?
also partner: Who joins {him}?
unthen thing: Which pastime is {his}?
unalso day: What weekday is that?
unalso partner: Does anyone do it with {him}?
reply thing: {thing}.
unreply thing: Mostly {thing}.

@ ill event sad kin g:health k:injury
vars: part= doctor=name span=span
pool part: {his} knee | {his} back | {his} shoulder | {his} wrist | {his} ankle | {his} elbow | {his} hip | a toe | \
two ribs | {his} collarbone
base: hurt {part}
past: hurt {part}
ger: hurting {part}
say: {P} hurt {part} {when}. Doctor {doctor} says {span} of rest.
say: Poor thing, {P} {was} in hospital {when} because of {part}. {doctor} is the doctor, and it will take {span}.
unsay: {when} it was off to the clinic with {P0}: {part}. {doctor} treated it, {span} and it's fine.
react: Ouch! [Get well soon!|I hope it heals fast.]
ask part: What [injury|health problem] did {P} have?
ask part: What did {P} injure?
ask doctor: Who is {Ps} doctor?
ask span: How long {does} {P} need to [rest|recover]?
when: When did {P} get [hurt|injured]?
unask part: Which part of {Ps} body was damaged?
unask doctor: Who looked after {P} medically?
then part: And what did {p} injure?
also doctor: Who was the doctor?
also span: How long will it take to heal?
also span: For how long?
unthen part: Where did it hurt?
unalso doctor: Who took care of it?
unalso span: What's the time needed to recover?
reply part: {part}.
unreply part: That was {part}.

@ visits event kin g:places many k:travel
vars: city=city with=name gift=
pool gift: a snow globe | a scarf | a wooden spoon | a jar of honey | a fridge magnet | a hand-painted cup | a bag \
of coffee | a tin of tea
base: [travel|go] to {city}
past: [travelled|went] to {city}
ger: travelling to {city}
say: {P} went to {city} {when} with {with} and brought back {gift}. [So kitschy.|]
say: {when} {P} and {with} took a trip to {city}. {gift} is the souvenir.
unsay: {gift} on my shelf is from {city}, where {P} and {with} were {when}.
react: {city}, [how nice|what a trip]!
ask city: Where did {P} [travel|go]?
ask city: [Which|What] city did {P} visit?
ask with: Who did {P} travel [to {city}|] with?
ask gift: What did {P} bring back from {city}?
all city: [Which|What] cities {has} {P} visited?
unask city: What was {Ps} travel destination?
unask gift: Which souvenir did {P} pick?
then city: And where did {p} travel?
also with: Who with?
also with: Who did {p} go with?
also gift: What did {p} bring back?
also gift: Did {p} bring anything from there?
unthen city: What was the destination?
unalso with: Which companion was there?
unalso gift: Was there a souvenir?
reply city: To {city}.
unreply city: It was {city}.
"""
