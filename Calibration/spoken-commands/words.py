"""The words of the command model, and words that it must take for none of them."""

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
COMMANDS = ["yes", "no", "stop", "start", "go", "pause", "next", "back", "repeat", "accept", "reject", "help"]
UNKNOWN = "unknown"
SILENCE = "silence"
# In the order of the model's outputs.
WORDS = DIGITS + COMMANDS
LABELS = WORDS + [UNKNOWN, SILENCE]

# As a synthesiser reads them aloud, whatever it does with single characters.
LETTERS = """ay bee see dee ee eff gee aitch eye jay kay ell em en oh pee cue are ess tee you vee double-you ex why zee zed""".split()

# Words that are near one of ours, of which only a part is theirs, or which rhyme with it. Homophones (for, to, won, ate, know, paws) are missing on purpose.
NEAR = """
yet less guess yesterday yell chess mess press dress jazz yeah
snow slow low note nose not nope now nor norm moan hello mow
top shop stock step stomp stuff drop crop hop pop spot stump tap lobster soap
star art heart tart chart part dark stark startle sharp smart store storm stair steer
grow goat gold ghost girl good got gate gone cargo ago mango
cause clause laws pause-less house horse coarse sauce boss posture power paw because
text test neck nest necks taxi exit index nice mixed vexed annex
black pack rack bag bank bad bat tack lack attack bake beck buck feedback
complete compete defeat heat peat read repair report reply receipt petite rapid retreat
attempt accent accident access concept adept asset inspect
project object inject subject eject reset record director regret jacket rejoice
held hell health elf shelf yelp kelp whelp healthy helmet happy hip
hero narrow arrow sparrow cheerio xylo
wine fun run sun gun done when want wand once win
too-soon chew do shoe blue crew tooth tune zoo who
free tree sea key knee tea through thread threat feel street
door floor more core fork fort form forty roar fall
fire file fight hive dive live drive fife fine pipe height
sick fix mix kicks seeks socks sex kiss sit sixty
heaven eleven oven savannah seventy sever set even cellar given
hate late gate bait aid age ape ache eighty mate weight-lift
mine line sign nice night knife nineteen design vine pine
""".split()

OTHERS = """
up down left right on off hundred thousand million ten twelve twenty thirty forward faster slower open close light lamp door window motor belt
camera picture machine line part table water coffee music volume louder quiet morning evening today tomorrow monday friday sunday people woman man child
mother father brother sister dog cat bird horse fish house garden river mountain city country street market school office doctor computer telephone
number letter paper pencil button switch handle wheel engine hammer screw metal copper plastic bottle box basket chair bed kitchen bread butter apple
orange lemon sugar pepper salt chicken summer winter autumn spring weather rain wind cloud thunder island ocean travel ticket train airplane bicycle
money minute second hour week month year always never maybe please thanks sorry welcome question answer problem reason story paper simple difficult
beautiful terrible wonderful important different possible remember understand believe imagine continue finish begin cancel confirm delete enter escape
copy paste save load print send receive call dial turn follow jump walk sit stand sleep wake think speak listen write learn teach play work rest
marvin sheila wow visual learn robot elephant umbrella potato banana guitar piano violin orchestra
""".split()

PHRASES = ["hello there", "how are you", "good morning", "what time is it", "thank you", "I see", "come on", "of course", "all right", "well done", "look at this", "not now"]

# Each once, whatever list it came from.
UNKNOWN_TEXTS = list(dict.fromkeys(LETTERS + NEAR + OTHERS + PHRASES))
