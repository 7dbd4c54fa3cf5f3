"""Cards of facts about friends, gifts, help, goals, feelings and opinions (format: ``generator_schemas``)."""

from __future__ import annotations

CARDS = """
@ volunteering event kin g:help g:activity many with
vars: place= task=
pool place: an animal shelter | a soup kitchen | a retirement home | a food bank | a beach clean-up | a refugee \
center | a school library | a hospice | a community garden | a crisis hotline
pool task: sorted donations | cooked for sixty people | read stories aloud | fixed bicycles | taught people to swim |\
 walked the dogs | answered calls all night | painted the fence
base: volunteer at {place}
past: volunteered at {place}
ger: volunteering at {place}
lead: [You mentioned wanting to give back, any luck|What kept you busy on Saturday]?
say: {P} helped out at {place} {when}. [It was humbling.|So many kind people there.]
say: {when} {P} spent the day at {place} and {task}.
ans: I found something! {when} I was at {place} for the first time.
react: That's so kind of you! [The world needs people like you.|]
more task: What did {p} do there? => I {task}. => What did {P} do as a volunteer at {place}?
ask place: Where {has} {P} [volunteered|done volunteer work|helped out]?
all place: Where {has} {P} volunteered?
infer: Would {P} [be considered|describe {self} as] a [helpful|compassionate] person?

@ donation event g:help many
vars: thing= to=
pool thing: {his} old sewing machine | forty books | winter clothes | {his} hair | a piano | blood | toys of {his} \
kids | half of {his} bonus | a bicycle
pool to: a seamen's hostel | the children's ward | a school abroad | the fire brigade's raffle | a women's center | \
the parish | a youth club
base: donate {thing}
past: donated {thing} to {to}
ger: donating {thing}
say: {P} gave {thing} to {to} {when}. [Felt good.|It was just collecting dust.]
say: {when} {thing} went to {to}, as a donation.
react: That's generous!
ask thing: What did {P} [donate|give away]?
ask to: Who did {P} [donate {thing} to|give {thing}]?
all thing: What [{has} {P} donated|donations did {P} make]?

@ gift event g:family many k:get
vars: thing= giver= story=
pool thing: a brooch | a hand-knitted scarf | a music box | an old atlas | a pocket knife | a photo album | a \
stuffed bear | a teapot | a fountain pen | a framed letter | a bracelet
pool giver: a great-aunt | an uncle | {his} godfather | {his} best friend | a colleague | {his} daughter | an \
exchange student
pool story: luck | home | courage | {his} roots | patience | old times
base: get {thing}
past: got {thing} from {giver}
ger: getting {thing}
lead: [That looks special, what is it|Where did you get that]?
say: {giver} gave me {thing} {when}. [I teared up.|I'll keep it forever.]
say: Look at this! It's {thing}, a present from {giver}[, I got it {when}|].
ans: It's {thing}! {giver} gave it to me.
react: How thoughtful!
more story: Does it mean something? => It reminds me of {story}. => What does the [gift|present] from {giver} \
[remind {P0} of|symbolize for {P0}]?
ask thing: What [present|gift] did {P} [get|receive]?
ask thing: What did {P} get from {giver}?
ask giver: Who gave {P0} {thing}?
ask giver: Who is {thing} from that {P} owns?

@ friendship event g:friends many k:meet
vars: friend=name where= job=job
pool where: at a bus stop | in a pottery studio | on a delayed train | at the dentist | in an online forum | at a \
funeral | in a queue for tickets | at the gym | in the dog park
base: make friends with {friend}
past: made friends with {friend}
ger: meeting {friend}
lead: [Have you met anybody interesting|Who's that in your photo]?
say: {P} met somebody great {when}, {friend}. [We clicked right away.|We talked for hours.]
ans: That's {friend}, we met {when} {where}!
react: {friend} sounds [nice|like good company]!
more where: Where did {p} meet? => We met {where}. => Where did {P} [meet|get to know] {friend}?
more job: What does {friend} do? => {friend} works as a {job}. => What is the [job|profession] of {Ps} friend {friend}?
ask friend: Who did {P} [become friends with|meet|get to know]?
all friend: Which [new people|friends] did {P} [make|meet]?

@ reunion event g:friends a:meet
vars: who= city=city topic=
pool who: {his} school class | {his} old band | the rowing crew | {his} university friends | the former neighbors | \
{his} exchange partners
pool topic: old teachers | who got married | that trip with the broken bus | first loves | the fire in the chemistry \
room
base: meet up with {who}
past: met up with {who}
ger: seeing {who} again
say: {P} saw {who} again {when}, in {city}. [Everybody looked the same, just greyer.|]
say: {when} there was a reunion of {who} in {city}.
react: Reunions can be [awkward|magical]!
more topic: What did you all talk about? => Mostly about {topic}. => What did they talk about at {Ps} reunion?
ask who: Who did {P} [meet again|have a reunion with]?
ask city: Where did {P} meet {who}?

@ quarrel event sad g:friends
vars: who=name about= end=
pool about: money | a broken vase | politics | a secret that came out | loud music | a borrowed bike | a joke gone \
wrong
pool end: we hugged it out | we don't talk anymore | a letter fixed it | we laugh about it now | a friend stepped in
base: argue with {who}
past: had an argument with {who}
ger: arguing with {who}
say: {P} had a fight with {who} {when}, about {about}.
say: {when} {who} and I fell out over {about}.
react: Arguments like that are draining.
more end: How did it end? => Well, {end}. => How did {Ps} argument with {who} end?
ask who: Who did {P} [argue|quarrel|fall out] with?
ask about: What did {P} and {who} [argue|quarrel|fight] about?

@ goal plan kin g:plans many k:plan
vars: goal= method=
pool goal: run a marathon | learn to juggle | write a novel | save for a boat | quit smoking | climb a volcano | \
open a guesthouse | train a guide dog | swim a mile | go back to school | sing on a stage | build a tiny house | \
retire early | get a pilot license | start a podcast | speak at a conference
pool method: a strict plan | a coach | getting up at five | an app | a friend who pushes {him} | small steps every day
base: {goal}
ger: the plan
lead: [What's next on your list|Any resolutions]?
say: {Ps} big goal is to {goal}, {when} at the latest. [Laugh all you want.|]
say: {P} want{s} to {goal} {when}.
ans: I've decided to {goal}. [No more excuses.|]
react: I believe in you! [That's a big one.|Count me in as your fan.]
more method: How will {p} go about it? => With {method}. => How {does} {P} [plan|want] to reach the goal to {goal}?
ask goal: What [goal|ambition|dream] {does} {P} have?
ask goal: What {does} {P} want to achieve?
all goal: What goals {does} {P} have?

@ appointment plan many g:plans with k:plan
vars: what= where=street
pool what: see a ballet | go to a wine tasting | meet a notary | have an interview | take {his} kids to the zoo | \
get {his} eyes checked | attend a wedding | visit an open house | try an escape room | pick up a rescue dog | give a \
talk
base: {what}
ger: the appointment
lead: [Any plans for the next days|What are you up to next]?
say: {P} {is} going to {what} {when}, on {where}. [I'm excited.|]
say: {when} {P} will {what}.
ans: Yes, {when} I'm going to {what}!
react: Have fun! [Tell me all about it.|]
ask what: What {is} {P} going to do[ soon|]?
ask what: What [plans|appointment] {does} {P} have?

@ award event kin g:work
vars: award= for= gave=company
pool award: a medal | a silver cup | a scholarship | a certificate of honor | first prize | a grant | the audience \
award
pool for: {his} photos | {his} research on bees | a short story | {his} chili recipe | thirty years of service | \
saving a swimmer | {his} garden | a costume
base: receive {award}
past: received {award} for {for}
ger: receiving {award}
say: {P} won {award} {when}, for {for}! [I gave a terrible speech.|]
say: {when} {gave} handed {P0} {award}. It's for {for}.
react: You must be proud!
more gave: Who gave it? => It was given by {gave}. => Which organization [awarded|honored] {P0}?
ask award: What [prize|award|honor] did {P} [win|receive]?
ask for: [What|Why] {was} {P} [awarded|honored] {award}[ for|]?

@ setback event sad g:mishaps k:mishap
vars: what= next=
pool what: was rejected by a choir | failed the driving test | lost a big client | missed the finals | didn't get \
the apartment | was turned down for a loan | ruined the presentation | came last in the tournament
pool next: try again in spring | take a break first | ask a mentor for advice | change the plan completely | \
practice every day | write it off as a lesson
lead: [You sound down, everything okay|How did it turn out]?
say: {when} I {what}. [It stings.|I needed a day to get over it.]
ans: Not well. I {what}.
react: That's tough. [Setbacks don't define you.|One door closes...]
more next: What will you do now? => I think I'll {next}. => What will {P} do [after|following] {his} [setback|failure]?
ask what: What setback did {P} [face|suffer]?
ask what: What [disappointed {P0}|went wrong for {P0}]?

@ opinion trait many
vars: topic= view=
pool topic: social media | homework | electric cars | horoscopes | remote work | zoos | tipping | modern art | early \
mornings | small towns | reality shows | school uniforms | minimalism | astrology | cash
pool view: overrated | a blessing | a waste of time | the future | a necessary evil | underrated | pure magic | a \
bit sad | something for others
lead: What do you think of {topic}, actually?
say: If you ask me, {topic}: {view}. [But everyone as they like.|]
ans: I'd call it {view}. [That's just me, though.|]
react: Interesting view on {topic}. [I see it differently.|Fair enough.]
ask view: What {does} {P} think [of|about] {topic}?
ask view: What is {Ps} [opinion|view|attitude] on {topic}?

@ comfort trait k:cope
vars: thing= why=
pool thing: a candle | an old blanket | rain on the window | the smell of coffee | a playlist from the nineties | \
{his} grandmother's ring | a lucky coin | the sound of trains | a letter in {his} wallet
pool why: {p} lost {his} father | the long winter abroad | that night in the hospital | {his} first apartment | the \
exam years | {his} childhood
say: What always gives me comfort is {thing}. [Silly, I know.|]
say: {thing}, that's what calms me on bad days.
react: I get that.
more why: Where does that come from? => I think it began with {why}. => Why does {thing} comfort {P0}?
ask thing: What [comforts|calms|soothes] {P0}?
ask thing: What helps {P0} on bad days?

@ fear trait kin
vars: fear= origin=
pool fear: heights | spiders | flying | the dark | needles | deep water | clowns | thunder | public speaking | \
elevators | horses | big crowds
pool origin: a fall from a tree | a movie {p} saw too early | an uncle's prank | a storm at sea | a summer camp | no \
idea, it was always there
say: {P} {is} terrified of {fear}. [Don't laugh.|I break out in a sweat.]
say: Nothing makes {P0} panic like {fear}, it was always so.
react: {fear}? I had no idea.
more origin: Do you know why? => I guess {origin}. => What caused {Ps} fear of {fear}?
ask fear: What {is} {P} [afraid|scared|frightened] of?
ask origin: Where does {Ps} fear of {fear} come from?
infer: What would make {P0} [nervous|uncomfortable]?

@ advice trait many
vars: topic= tip=
pool topic: better sleep | job interviews | raising teenagers | saving money | moving house | first dates | long \
flights | sourdough | public speaking | sore muscles
pool tip: write everything down | start small | don't compare | drink water first | ask the oldest person you know | \
set two alarms | breathe out longer than in | never do it on an empty stomach
lead: Do you have a tip for {topic}?
say: My advice for {topic}: {tip}. [Works every time.|]
ans: Sure: {tip}. [That's what I always do.|]
react: I'll try that. [Good advice.|]
ask tip: What advice {does} {P} give [on|about] {topic}?
ask tip: What {does} {P} recommend for {topic}?

@ recommend event g:books many
vars: title=title by=author kind=
pool kind: book | podcast | series | album | documentary
base: recommend the {kind} {title}
past: recommended the {kind} {title}
ger: recommending {title}
say: You should give the {kind} {title} a try, it's by {by}. [You'd love it.|It reminded me of you.]
say: I have a recommendation: {title}, a {kind} by {by}.
react: Thanks, I'll check out {title}!
ask title: What {kind} did {P} recommend?
ask title: What did {P} suggest?
ask by: Who made the {kind} that {P} recommended?
all title: What recommendations {has} {P} given?

@ museum event g:activity g:art many a:event
vars: what= show= city=city
pool what: a museum | an aquarium | a planetarium | a castle | a zoo | a botanical garden | a gallery | an old mine |\
 a science center
pool show: jellyfish | medieval armor | an exhibition on mushrooms | a fossil of a whale | glass flowers | a \
collection of clocks | the Mars room | paintings by children
base: visit {what}
past: visited {what} in {city}
ger: visiting {what}
say: {P} spent a day at {what} {when}. [So much to see.|] It was in {city}.
say: {when} we went to {what} in {city}.
react: That sounds like a nice day out!
more show: What did you like best? => For me it was {show}. => What did {P} like [best|most] when visiting {what}?
ask what: What [attraction|sight|place] did {P} visit?
ask city: In which city did {P} visit {what}?

@ festival event g:music g:activity with many k:event
vars: fest= moment= city=city
pool fest: a kite festival | a film festival | a carnival | a street food fair | a book fair | a poetry slam | a \
science night | a lantern walk | a craft market | a folk dance evening
pool moment: the fireworks at the end | an old man who danced alone | when everyone sang | the costumes | a kid who \
gave a speech | the silence before it began
base: attend {fest}
past: attended {fest} in {city}
ger: attending {fest}
lead: [What's with the glitter on your jacket|How was your weekend]?
say: {P} went to {fest} in {city} {when}. [So much joy!|My feet hurt.]
ans: It was great, I went to {fest} in {city}!
react: I'd love to go to something like that.
more moment: What stuck with you? => I'd say {moment}. => What was the [best|most memorable] [moment|part] for {P0} \
at the [event|festival]?
ask fest: What [event|festivity] did {P} [attend|go to]?
ask city: Where did {P} attend {fest}?
all fest: What events {has} {P} attended?

@ project trait g:work
vars: project= problem= client=company
pool project: a bridge | an app for cyclists | a documentary | a children's hospital wing | a theatre play | a solar \
roof | a new vaccine | a city park | an exhibition
pool problem: the budget | the deadline | a missing permit | two colleagues who don't talk | the weather | bad data
say: At work I'm on {project} these days, for {client}. [Long evenings.|]
say: We're doing {project} for {client} now, can you imagine?
lead: [What are you working on|Busy at the office]?
ans: Very. It's {project}, and {client} pays for it.
react: {project}, [impressive|wow]!
more problem: What's the hard part? => It's {problem}, honestly. => What is the [difficulty|challenge] in {Ps} project?
ask project: What [project {is} {P} working on|{is} {P} working on]?
ask client: Who is {Ps} [client|customer]?
"""
