"""What the generator's facts are filled with: names and words from large lists, and titles composed of them.

Knows words only. Every list is held as one text so that it stays readable; ``POOLS`` gives them by name.
"""

from __future__ import annotations

import random
from collections.abc import Callable


def _list(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in text.replace("\n", ",").split(",") if entry.strip())


WOMEN = _list("""Abigail, Adele, Aisha, Alicia, Alina, Amara, Amelia, Amina, Anika, Anita, Anna, Antonia, Ariana,
Astrid,
Ayumi, Beatrice, Bella, Bianca, Bridget, Camila, Carla, Carmen, Cecilia, Celeste, Chantal, Chiara, Chloe, Clara, Cora,
Dalia, Dana, Daphne, Delia, Denise, Diana, Dora, Edith, Elena, Elisa, Eloise, Elsa, Emilia, Erika, Esme, Esther, Eva,
Fatima, Farah, Felicia, Fiona, Flora, Freya, Gabriela, Gemma, Georgia, Gloria, Greta, Hana, Hannah, Harriet, Hazel,
Heidi, Helen, Ida, Imani, Ines, Ingrid, Irene, Iris, Isabel, Ivy, Jana, Jasmine, Jenna, Joan, Jocelyn, Josie, Judith,
Julia, June, Kamala, Karin, Katya, Keiko, Kiara, Kirsten, Lana, Laura, Leah, Leila, Lena, Leonie, Lila, Linda, Livia,
Lola, Lorena, Lucia, Lydia, Mabel, Madison, Magda, Maite, Mara, Margot, Mariam, Marisol, Marta, Matilda, Mei, Mila,
Mina, Mira, Molly, Monica, Nadia, Naomi, Natalia, Nell, Nia, Nicole, Nina, Noor, Nora, Odette, Olga, Olive, Paige,
Paloma, Paula, Pearl, Penelope, Petra, Phoebe, Polly, Priya, Rachel, Ramona, Rania, Rebecca, Renata, Rhea, Rosa,
Roxanne, Ruth, Sabrina, Sadie, Salma, Sana, Sandra, Sara, Selma, Serena, Shirin, Sienna, Silvia, Simone, Sofia, Sonia,
Stella, Susan, Sylvie, Tamara, Tara, Tessa, Thea, Tina, Uma, Ursula, Valentina, Vanessa, Vera, Victoria, Violet, Wanda,
Wendy, Willa, Ximena, Yara, Yasmin, Yuki, Yvonne, Zara, Zelda, Zoe""")
MEN = _list("""Aaron, Abel, Adrian, Ahmed, Alan, Albert, Alec, Alfonso, Amir, Anders, Andre, Anton, Arjun, Arlo, Arthur,
Asher, Axel, Barry, Bashir, Ben, Bernard, Bilal, Boris, Brandon, Bruno, Byron, Caleb, Cyrus, Carlos, Cedric, Chen,
Clark, Claude, Clyde, Colin, Conrad, Damian, Daniel, Darius, Dario, David, Dennis, Derek, Desmond, Diego, Dmitri,
Dominic, Duncan, Dylan, Edgar, Eduardo, Edwin, Eli, Elliot, Emil, Enzo, Eric, Ethan, Eugene, Ezra, Fabian, Felix,
Fergus, Finn, Francis, Frank, Frederik, Gabriel, Gareth, Gavin, George, Gilbert, Giovanni, Graham, Gustav, Hamza, Hans,
Harold, Harvey, Hassan, Hector, Henrik, Herman, Hiroshi, Hugo, Ian, Ibrahim, Igor, Isaac, Ismael, Ivan, Jack, Jamal,
Jasper, Javier, Jerome, Joel, Jonas, Jorge, Joseph, Julian, Kai, Karim, Karl, Keith, Kenji, Kevin, Klaus, Kofi, Kurt,
Lars, Laurence, Leo, Leon, Liam, Lloyd, Logan, Lorenzo, Louis, Luca, Lucas, Magnus, Malik, Marco, Marcus, Mario, Martin,
Mateo, Max, Mehmet, Miguel, Milo, Mohamed, Morgan, Nathan, Neil, Nico, Nigel, Niklas, Noah, Norman, Oleg, Oliver, Omar,
Oscar, Otto, Owen, Pablo, Patrick, Pavel, Pedro, Peter, Pierre, Quentin, Rafael, Raj, Ramon, Rashid, Ray, Reza, Ricardo,
Robin, Rodrigo, Roger, Roland, Roman, Ross, Rufus, Ruben, Samir, Samuel, Santiago, Saul, Scott, Sebastian, Sergio, Seth,
Shane, Simon, Stefan, Stuart, Sven, Tariq, Theo, Thomas, Tobias, Toby, Tom, Tristan, Ulrich, Umar, Vaughn, Victor,
Vikram, Vincent, Wade, Walter, Wesley, Wilfred, William, Xavier, Yann, Yusuf, Zachary, Zane""")
HELD_OUT_EVERY = 6  # every sixth name is kept for the held-out follow-ups


def names(gender: str, *, unseen: bool = False) -> tuple[str, ...]:
    """First names of a gender ("f", "m"): those of training, or those kept for the held-out set."""
    pool = WOMEN if gender == "f" else MEN
    return tuple(name for i, name in enumerate(pool) if (i % HELD_OUT_EVERY == 5) is unseen)


POOLS: dict[str, tuple[str, ...]] = {
    "city": _list("""Lisbon, Porto, Madrid, Seville, Valencia, Bilbao, Granada, Marseille, Lyon, Bordeaux, Nantes,
        Lille,
        Toulouse, Brussels, Antwerp, Ghent, Amsterdam, Rotterdam, Utrecht, Hamburg, Bremen, Leipzig, Dresden, Cologne,
        Munich, Stuttgart, Vienna, Graz, Salzburg, Zurich, Basel, Geneva, Bern, Milan, Turin, Bologna, Naples, Palermo,
        Verona, Trieste, Ljubljana, Zagreb, Split, Sarajevo, Belgrade, Budapest, Prague, Brno, Krakow, Gdansk, Wroclaw,
        Vilnius, Riga, Tallinn, Helsinki, Turku, Stockholm, Gothenburg, Malmo, Oslo, Bergen, Copenhagen, Aarhus, Dublin,
        Cork, Galway, Belfast, Edinburgh, Glasgow, Leeds, Bristol, Cardiff, Sheffield, York, Norwich, Athens,
        Thessaloniki, Sofia, Bucharest, Istanbul, Izmir, Ankara, Tbilisi, Yerevan, Cairo, Marrakesh, Fez, Tunis, Dakar,
        Accra, Lagos, Nairobi, Kampala, Kigali, Cape Town, Durban, Windhoek, Mumbai, Pune, Bangalore, Kolkata, Chennai,
        Jaipur, Kathmandu, Colombo, Bangkok, Chiang Mai, Hanoi, Da Nang, Singapore, Penang, Jakarta, Manila, Cebu,
        Taipei, Seoul, Busan, Tokyo, Osaka, Kyoto, Sapporo, Nagoya, Fukuoka, Shanghai, Chengdu, Hangzhou, Sydney,
        Melbourne, Brisbane, Perth, Hobart, Auckland, Wellington, Dunedin, Vancouver, Calgary, Toronto, Montreal,
        Quebec,
        Halifax, Winnipeg, Seattle, Portland, Denver, Boise, Austin, Houston, Dallas, Tucson, Phoenix, Chicago,
        Milwaukee, Detroit, Cleveland, Pittsburgh, Boston, Baltimore, Atlanta, Savannah, Nashville, Memphis,
        New Orleans, Miami, Tampa, Omaha, Tulsa, Spokane, Albuquerque, Salt Lake City, Mexico City, Oaxaca, Guadalajara,
        Havana, San Juan, Bogota, Medellin, Quito, Lima, Cusco, La Paz, Santiago, Valparaiso, Buenos Aires, Cordoba,
        Mendoza, Montevideo, Recife, Salvador, Curitiba"""),
    "country": _list("""Portugal, Spain, France, Belgium, Germany, Austria, Italy, Slovenia, Croatia, Hungary, Poland,
        Lithuania, Latvia, Estonia, Finland, Sweden, Norway, Denmark, Iceland, Ireland, Scotland, Wales, Greece,
        Bulgaria,
        Romania, Turkey, Georgia, Armenia, Egypt, Morocco, Tunisia, Senegal, Ghana, Kenya, Uganda, Rwanda, Namibia,
        Botswana, Madagascar, India, Nepal, Sri Lanka, Thailand, Vietnam, Cambodia, Laos, Malaysia, Indonesia,
        South Korea, Japan, Taiwan, Mongolia, Australia, New Zealand, Canada, Mexico, Cuba, Costa Rica, Panama,
        Colombia,
        Ecuador, Peru, Bolivia, Chile, Argentina, Uruguay, Brazil, Jamaica, Jordan, Oman"""),
    "language": _list("""Spanish, French, German, Italian, Portuguese, Dutch, Swedish, Norwegian, Danish, Finnish,
        Polish,
        Czech, Hungarian, Greek, Turkish, Arabic, Hebrew, Hindi, Bengali, Tamil, Thai, Vietnamese, Korean, Japanese,
        Mandarin, Swahili, Welsh, Irish, Icelandic, Romanian, Ukrainian, Persian, Catalan, sign language"""),
    "job": _list("""nurse, paramedic, dentist, pharmacist, physiotherapist, midwife, vet, teacher, librarian,
        translator,
        journalist, editor, photographer, architect, carpenter, plumber, electrician, welder, mechanic, bus driver,
        pilot,
        flight attendant, chef, baker, barista, bartender, butcher, florist, gardener, farmer, beekeeper, tailor,
        hairdresser, accountant, tax adviser, lawyer, paralegal, notary, police officer, firefighter, social worker,
        counselor, psychologist, software engineer, data analyst, web designer, game developer, product manager,
        salesperson, estate agent, insurance broker, bank clerk, event planner, tour guide, museum curator, conservator,
        sound engineer, film editor, stage manager, music teacher, swimming instructor, yoga instructor, ski instructor,
        personal trainer, referee, geologist, biologist, chemist, marine biologist, meteorologist, astronomer,
        civil engineer, surveyor, crane operator, warehouse manager, courier, postal worker, locksmith, optician,
        illustrator, animator, copywriter, receptionist, office manager, recruiter, speech therapist, nutritionist"""),
    "sport": _list("""tennis, badminton, squash, table tennis, basketball, volleyball, handball, football, rugby,
        cricket,
        baseball, softball, hockey, ice hockey, lacrosse, golf, archery, fencing, boxing, judo, karate, taekwondo,
        wrestling, rowing, sailing, kayaking, surfing, swimming, diving, water polo, climbing, bouldering, cycling,
        mountain biking, running, triathlon, skating, skiing, snowboarding, curling, gymnastics, bowling, darts,
        ultimate frisbee, roller derby, horse riding, paddleboarding, orienteering, pilates, yoga"""),
    "hobby": _list("""pottery, knitting, crochet, quilting, embroidery, woodworking, wood carving, painting,
        watercolors,
        calligraphy, origami, photography, birdwatching, stargazing, beekeeping, gardening, baking, cooking,
        cheese making, home brewing, chess, board games, jigsaw puzzles, model trains, stamp collecting,
        coin collecting,
        genealogy, geocaching, hiking, camping, fishing, foraging, metal detecting, juggling, magic tricks,
        salsa dancing,
        tango, ballroom dancing, choir singing, improv theatre, stand-up comedy, podcasting, blogging, journaling,
        creative writing, poetry, scrapbooking, candle making, soap making, jewelry making, leatherwork, glassblowing,
        screen printing, drone flying, astronomy, video editing, digital art, sketching, flower arranging, yo-yo,
        3D printing, restoring old radios, collecting vinyl, crossword puzzles, meditation, tai chi"""),
    "instrument": _list("""piano, guitar, bass guitar, violin, viola, cello, double bass, flute, clarinet, oboe,
        saxophone,
        trumpet, trombone, French horn, tuba, harp, accordion, harmonica, banjo, mandolin, ukulele, drums, marimba,
        bagpipes, sitar, lute, recorder, church organ, synthesizer, kalimba, djembe, tin whistle"""),
    "animal": _list("""dog, cat, rabbit, guinea pig, hamster, ferret, parrot, budgie, canary, tortoise, turtle, gecko,
        iguana, corn snake, goldfish, betta fish, hedgehog, chinchilla, pony, goat, duck, hen, puppy, kitten, cockatiel,
        bearded dragon, rat, axolotl, donkey, greyhound, beagle, dachshund, labrador, poodle, border collie, corgi"""),
    "wild": _list("""elephants, lions, whales, dolphins, puffins, penguins, seals, otters, foxes, wolves, bears, moose,
        deer, owls, eagles, herons, flamingos, sea turtles, sharks, octopuses, bats, badgers, hedgehogs, pandas, koalas,
        red pandas, giraffes, zebras, sloths, monkeys, tigers, leopards, hummingbirds, butterflies, dragonflies"""),
    "pet": _list("""Biscuit, Pepper, Mango, Olive, Waffles, Pickle, Ziggy, Nacho, Maple, Clover, Hazelnut, Bruno, Rocky,
        Nala, Simba, Misty, Smokey, Patches, Ginger, Peanut, Mochi, Sushi, Tofu, Bean, Noodle,
        Dumpling,
        Pixel, Widget, Comet, Orbit, Rocket, Tango, Polka, Banjo, Cricket, Bramble, Thistle, Willow, Juniper, Sage,
        Basil,
        Truffle, Nutmeg, Cinnamon, Marble, Pebble, Dusty, Sunny, Stormy, Blizzard, Frost, Ember, Copper, Rusty, Figaro,
        Merlin, Gandalf, Watson, Sherlock, Duchess, Baron, Captain, Sailor, Scout, Ranger, Bandit, Moose, Bear,
        Otter"""),
    "food": _list("""ramen, pho, pad thai, green curry, butter chicken, dal, biryani, samosas, dumplings, dim sum,
        mapo tofu, bibimbap, kimchi stew, sushi, okonomiyaki, tempura, paella, gazpacho, tortilla, risotto, gnocchi,
        lasagna, carbonara, ravioli, minestrone, ratatouille, quiche, coq au vin, onion soup, raclette, fondue,
        schnitzel, goulash, pierogi, borscht, moussaka, souvlaki, hummus, falafel, shakshuka, tagine, couscous,
        jollof rice, injera, tacos, enchiladas, mole, tamales, ceviche, empanadas, arepas, feijoada, jerk chicken,
        gumbo, jambalaya, chili, mac and cheese, pulled pork, clam chowder, lobster rolls, fish and chips,
        shepherd's pie, haggis, scones, waffles, pancakes, mushroom soup, lentil stew, stuffed peppers, roast lamb"""),
    "dessert": _list("""apple pie, cheesecake, tiramisu, panna cotta, brownies, carrot cake, lemon tart, banana bread,
        cinnamon rolls, baklava, churros, macarons, eclairs, profiteroles, creme brulee, chocolate mousse,
        rice pudding, bread pudding, cherry crumble, rhubarb cake, pavlova, strudel, sticky toffee pudding,
        key lime pie,
        peach cobbler, pumpkin pie, gingerbread, shortbread, almond cookies, pistachio ice cream, mango sorbet, gelato,
        donuts, fudge, black forest cake, honey cake, poppy seed roll, matcha cake, mochi, flan"""),
    "allergy": _list("""peanuts, shellfish, cat hair, dog hair, pollen, dust, strawberries, eggs, soy, sesame, walnuts,
        kiwi, bee stings, penicillin, latex, gluten, dairy, tomatoes, mangoes, nickel, feathers, mold"""),
    "color": _list("""red, dark red, orange, yellow, mustard yellow, lime green, olive green, dark green, teal,
        turquoise,
        sky blue, navy blue, purple, lilac, pink, magenta, beige, brown, cream, white, grey, black, silver, gold,
        bronze"""),
    "kinf": _list("sister, mother, grandmother, aunt, niece, cousin, daughter, stepmother, girlfriend, mother-in-law"),
    "kinm": _list("brother, father, grandfather, uncle, nephew, cousin, son, stepfather, boyfriend, brother-in-law"),
    "folk": _list("boss, neighbor, roommate, best friend, colleague, landlord, old classmate, trainer, coach, mentor"),
    "day": _list("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday"),
    "small": _list("two, three, four, five, six, seven, eight, nine, ten, eleven, twelve"),
    "number": tuple(str(n) for n in range(13, 99)),
    "year": tuple(str(n) for n in range(1988, 2019)),
}
ADJECTIVES = _list("""Silent, Broken, Golden, Hidden, Burning, Frozen, Crimson, Distant, Hollow, Wandering, Forgotten,
Paper, Glass, Iron, Velvet, Electric, Midnight, Northern, Southern, Endless, Quiet, Restless, Secret, Shattered, Gentle,
Wild, Winter, Summer, Crooked, Painted, Borrowed, Lost, Last, First, Second, Salt, Copper, Scarlet, Invisible,
Drowned""")
NOUNS = _list("""River, Garden, Harbor, Lantern, Mirror, Orchard, Bridge, Island, Tower, Compass, Letter, Clock, Shore,
Forest, Kingdom, Horizon, Sparrow, Raven, Fox, Wolf, Crown, Map, Key, Station, Train, Light, Shadow, Stone, Meadow,
Mountain, Ocean, Storm, Ember, Feather, Thread, Promise, Song, Violin, Archive, Lighthouse, Cathedral, Tide, Valley""")
SURNAMES = _list("""Abbott, Alvarez, Amsel, Archer, Baptiste, Barlow, Becker, Bianchi, Bishop, Bloom, Calder, Carver,
Castillo, Chandra, Cole, Dahl, Dawson, Delgado, Duarte, Ellery, Engel, Farrow, Fischer, Flores, Garner, Gold, Haddad,
Hale, Hansen, Hartley, Holm, Ishikawa, Jansen, Kapoor, Keller, Kimura, Kowalski, Lang, Larsen, Lowe, Marsh, Mbeki,
Mercer, Moreau, Nakamura, Novak, Okafor, Oakes, Park, Pereira, Quinn, Reyes, Rossi, Sato, Shah, Silva, Sorensen, Tan,
Thorne, Varga, Vogel, Walsh, Weber, Winters, Yilmaz, Zimmer""")
TRADES = _list("""Systems, Logistics, Foods, Studios, Media, Health, Robotics, Analytics, Energy, Textiles, Books, Labs,
Consulting, Pharma, Airlines, Insurance, Motors, Games, Software, Construction, Design, Brewing, Outfitters, Optics""")


def _title(rng: random.Random) -> str:
    draw, adjective, noun = rng.random(), rng.choice(ADJECTIVES), rng.choice(NOUNS)
    if draw < 0.4:
        return f'"The {adjective} {noun}"'
    if draw < 0.7:
        return f'"{adjective} {noun}"'
    if draw < 0.85:
        return f'"{noun} of the {rng.choice(NOUNS)}"'
    return f'"{"An" if noun[0] in "AEIO" else "A"} {noun} in {rng.choice(POOLS["city"])}"'


def _band(rng: random.Random) -> str:
    noun = rng.choice(NOUNS)
    return f"the {rng.choice(ADJECTIVES)} {noun}s" if rng.random() < 0.6 else f"{rng.choice(SURNAMES)} and the {noun}s"


def _company(rng: random.Random) -> str:
    made = rng.choice(NOUNS) + rng.choice(("field", "gate", "wood", ""))
    return f"{rng.choice((rng.choice(SURNAMES), made))} {rng.choice(TRADES)}"


def _author(rng: random.Random) -> str:
    return f"{rng.choice(WOMEN if rng.random() < 0.5 else MEN)} {rng.choice(SURNAMES)}"


def _name(rng: random.Random) -> str:
    return rng.choice(names("f" if rng.random() < 0.5 else "m"))


def _place(rng: random.Random) -> str:
    kind = rng.choice(("Cafe", "Bistro", "Kitchen", "Diner", "Grill", "Tavern", "Bakery", "Noodle House", "Deli"))
    made = f"the {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}" if rng.random() < 0.5 else f"{rng.choice(SURNAMES)}'s"
    return f"{made} {kind}"


COMPOSED: dict[str, Callable[[random.Random], str]] = {
    "title": _title,
    "band": _band,
    "company": _company,
    "author": _author,
    "name": _name,
    "restaurant": _place,
    "money": lambda rng: f"${rng.randrange(2, 96) * 25:,}",
    "minutes": lambda rng: f"{rng.randrange(3, 24) * 5} minutes",
    "pastspan": lambda rng: f"{rng.choice(POOLS['small'])} {rng.choice(('years', 'years', 'months', 'weeks'))}",
    "span": lambda rng: f"{rng.choice(POOLS['small'])} {rng.choice(('days', 'weeks', 'nights'))}",
    "age": lambda rng: str(rng.randrange(2, 19)),
    "grown": lambda rng: str(rng.randrange(21, 88)),
    "street": lambda rng: f"{rng.choice(NOUNS)} {rng.choice(('Street', 'Lane', 'Road', 'Avenue', 'Square'))}",
}


def value(pool: str, rng: random.Random) -> str:
    """One value of a named pool: listed or composed."""
    make = COMPOSED.get(pool)
    return make(rng) if make else rng.choice(POOLS[pool])
