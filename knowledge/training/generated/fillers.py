"""Sentences without facts that make turns long: what people say around a fact, by topic. Templates only."""

from __future__ import annotations

ASIDES = (  # about oneself, after a statement or an answer
    "[To be honest, |Honestly, |]I [wasn't sure at first|had my doubts|nearly gave up on it], but [it turned out fine|\
I'd do it again|\
it was the right call]",
    "[I keep telling myself|My motto is|I try to remember]: [one day at a time|no rush|better late than never|done is \
better than perfect].",
    "[It made my|That was the best part of my] [day|week|month], [no question|really|and I mean it].",
    "[Everyone around me|My whole circle|The people close to me] [noticed|had an opinion about it|was very supportive|\
laughed a lot].",
    "[There were ups and downs|It had its rough moments], [but that's part of it|but who cares now|as always].",
    "[I shake my head|I still have to pinch myself|I catch myself smiling] when I think of it.",
    "[Sometimes|Every now and then] you [just have to jump|need a change|have to do something for yourself], [right|\
you know]?",
    "[I took a lot of pictures|I should have taken more pictures|Remind me to show you the pictures].",
    "[Not that I planned it|It all happened so fast|It was kind of spontaneous], [but well, here we are|and maybe \
that's why it worked].",
    "[If you had told me a year ago|Ten years ago], I would [not have believed it|have laughed].",
    "[The whole thing|All of it] [took more energy than I thought|was over too quickly|felt like a movie|cost me some \
sleep].",
    "[I owe it to|Thanks to] [a bit of luck|stubbornness|good timing|the right people], I guess.",
    "[Small things like that|Moments like these] [keep me going|give me strength|are what I live for|make up for the \
rest].",
    "[I've been thinking about what comes next|Let's see where it leads|I'll keep you posted|There's more to come].",
    "[I couldn't have done it alone|I had help, of course|It was a joint effort].",
)
ENCOURAGEMENTS = (  # to the partner, after their fact
    "[You deserve|You have earned] [every bit of it|some joy|a good time], [really|seriously|I mean that].",
    "[I can hear|I can tell] [how much it means to you|that you care about it|it matters to you].",
    "[That's the spirit|Way to go|Keep it up|Love the attitude]! [Your energy is contagious.|You make it sound easy.|]",
    "[It's great|It's lovely|I love] [that you make room for such things|seeing you like this|how you talk about it].",
    "[You'll look back on this|One day you will laugh about this|That's a memory for life].",
    "[I've been looking for something like that|Maybe I should follow your example|You've given me an idea].",
    "[Don't be too hard on yourself|Take your time|Be gentle with yourself], [these things need time.|it will come.|\
okay]?",
    "[A pity that I missed it|I would have loved to see that|I can picture it already].",
    "[Stories like that|News like this] [brighten my day|always cheer me up|make me think].",
    "[Thanks for letting me know|I'm glad we can share these things|It's good to be able to talk about it].",
    "[On my side there's not much to tell|Nothing that exciting over here|Here it's mostly routine], [but I'm fine|\
just the usual].",
    "[Whatever happens|No matter what], [I'm in your corner|you can count on me|you'll find a way].",
)
TOPICS = {  # by group of the schema: talk around the topic, by either person
    "places": (
        "[New places|Foreign streets|Faraway corners] [open the mind|always teach you something|make you see home \
differently].",
        "[I love wandering around without a map|Traveling is my kind of therapy|A suitcase by the door makes me \
happy].",
        "[Packing|Jet lag|Long queues at the airport] [is the worst part|I could do without], [but it's worth it|\
though].",
    ),
    "work": (
        "[Work takes up so much of our lives|A good team makes all the difference|Mondays are hard for everyone].",
        "[Finding the right balance between work and life|Staying motivated at the office] [isn't easy|takes effort].",
        "[Careers rarely go in a straight line|You learn more from bad bosses than from good ones|Deadlines, \
deadlines].",
    ),
    "family": (
        "[Family comes first|Family can be exhausting and wonderful at once|There's nothing like family].",
        "[Kids grow up so fast|The house is never quiet with family around|Family gatherings are always a bit \
chaotic].",
    ),
    "home": (
        "[A home is never finished|Home is where you can take your shoes off|It's the little things that make a house \
cosy].",
        "[I could spend hours in furniture stores|Decorating is half the fun|Every home has its own smell, don't you \
think].",
    ),
    "study": (
        "[You never stop learning|Learning keeps you young|Studying at night was never my thing].",
        "[A good teacher changes everything|Exams always gave me stomach aches|Homework never ends].",
    ),
    "activity": (
        "[A hobby is like a small vacation|Doing something with your hands is so calming|Free time is precious].",
        "[Nothing else gets me off the treadmill|Everybody needs something just for fun|Practice makes perfect].",
    ),
    "outdoor": (
        "[Nature always calms me down|Fresh air works wonders|The sky out there is something else].",
        "[I miss the smell of the woods|There's nothing like the sound of birds in the morning|I need more green in \
my life].",
    ),
    "sports": (
        "[Sweating clears the mind|It's all about team spirit|Winning isn't everything, but it's nice].",
        "[Stretch before you start|Warm up properly|Drink enough water], [I always forget|that's what they say].",
    ),
    "music": (
        "[Music says what words can't|A good song can save a day|I can't live without music].",
        "[Live music is just different|Headphones on, world off|Some tunes stay with you forever].",
    ),
    "books": (
        "[A good book is the best company|Reading takes me to other worlds|I always have something on my nightstand].",
        "[The right words at the right time can change you|I love the smell of old paper|So many pages, so little \
time].",
    ),
    "films": (
        "[Nothing beats popcorn and a big screen|I'm always the one who cries at the end|Soundtracks make or break it \
for me].",
        "[The book is always better, they say|I prefer when nobody talks during a movie|A cosy evening with a good \
story, perfect].",
    ),
    "art": (
        "[Art helps me say what I can't put in words|Colors change my mood|Creativity comes in waves].",
        "[Everyone sees something else in a picture|A blank canvas can be scary|Making things is so satisfying].",
    ),
    "pets": (
        "[Animals give so much love|Pets make a house a home|They always know when you're sad].",
        "[The hair is everywhere|They really have a mind of their own|Those eyes, you can't say no].",
    ),
    "health": (
        "[Health is the most important thing|You only notice it when something hurts|Listen to your body].",
        "[Doctors' waiting rooms make me nervous|Sleep is the best medicine|Take it easy for a while].",
    ),
    "food": (
        "[Good food brings people together|The kitchen is the heart of the home|I'm always hungry when we talk].",
        "[Secret ingredient: butter|Recipes are only suggestions|I burn everything I touch], [haha|it's a gift].",
    ),
    "purchases": (
        "[Shopping can be dangerous|I always compare prices for weeks|Quality lasts longer, they say].",
        "[My wallet needs a rest|Money comes and goes|Treat yourself once in a while].",
    ),
    "help": (
        "[Giving back feels so good|Every little bit of help counts|Helping others puts things in perspective].",
        "[The world needs more kindness|It takes a village|Community is everything].",
    ),
    "plans": (
        "[Having something to look forward to helps|Dreams need a deadline|Plans change, and that's okay].",
        "[I'm counting the days|Step by step we'll get there|It's good to aim high].",
    ),
    "mishaps": (
        "[Murphy's law|Bad luck comes in threes|It's always something, isn't it]?",
        "[At least nobody got hurt|One day it'll be a funny story|These things happen to the best].",
    ),
    "friends": (
        "[Good friends are hard to find|True friends stay|Friendship needs care].",
        "[It's good to have people you can call at night|Old friends know all your secrets|Laughing together is \
everything].",
    ),
    "garden": (
        "[Digging in the soil grounds me|Gardens teach patience|Everything grows if you let it].",
        "[The slugs are winning|Rain would be good now|I love the first green of spring].",
    ),
    "tech": (
        "[Technology is great until it isn't|I never read the manual|Always make a backup].",
        "[Screens everywhere|I miss the days before passwords|Gadgets are my weakness].",
    ),
}
MORE_SMALL_TALK = (
    "[I read somewhere|They say|I once heard] that [laughing is like a workout|we blink less when we stare at screens|\
naps make you \
smarter|plants like being talked to]",
    "[I'm trying to|I want to|I really should] [drink more water|go to bed earlier|spend less time on my phone|be \
more patient], \
[wish me luck|let's see how that goes|easier said than done].",
    "[My alarm didn't go off this morning|The bus was late again|The internet was down all morning|My coffee got cold \
while we talked], \
[typical|what a start|but okay].",
    "[The days are getting shorter|The days are getting longer|The leaves are changing|It smells like rain], [have \
you noticed|I love \
this time of year|it makes me sleepy]",
    "[Do you ever feel|Don't you sometimes think] that [time speeds up as we get older|we worry too much|everything \
happens at once|we \
should write more letters]",
    "[Let's do something together soon|We should meet for a coffee|We really have to hang out more], [I'd like that|\
it's been too long|\
my treat]",
    "After [our chats|talking to you|such a talk] I always [cheer up|see things more clearly|feel better], {you}.",
    "[It's not easy|It's brave|It's a good sign] to [talk about it|try new things|admit that|start over]. [I \
respect that.|Not \
everybody does.|]",
    "[Balance is everything|Rest is important|Self-care isn't selfish|Patience pays off]. [I have to remind myself of \
that.|Easier said \
than done.|We all forget it sometimes.]",
    "[I'm curious|Tell me]: [what keeps you motivated|what made you smile this week|how do you stay so positive|what \
would you do with a \
free day]?",
)
