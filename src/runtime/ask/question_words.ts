/**
 * What the language itself says about words: which mean nearly the same, which forms belong together, and by what
 * a text gives a time, a place, a person, a number, a reason. Facts of English; nothing about anyone's notes.
 */
import { stemOf } from "../../graph/mod.ts";

/** Words of a line may stand for each other in a question and its answer. */
const classLines = `
launch launched ship release released rollout rolled live publish debut unveil
price cost charge fee fare rate rent tariff expense pay paid payment priced
lead led leader head own owner owned responsible charge manage manager run boss supervise maintainer
meet met meeting call appointment session
live lives lived address home reside based located location
live lives lived move moved
start begin began begun kickoff commence starting opening first
end finish finished over close closes last final expire
deadline due cutoff
buy bought purchase order ordered acquire
decide decided decision choose chose chosen agree agreed agreement pick picked settle settled select
move moved relocate relocated shift shifted transfer
phone telephone mobile cell number tel
mail email
car vehicle
child children kid kids
doctor physician dr gp
job work employer position role
fix fixed repair repaired mend mended
broken broke break fail failed failure crash crashed down defect wrong
error bug fault issue problem
big large size
quick fast speed rapid
weigh weight heavy
length long
height tall high
temperature degrees
error mistake
trip journey travel travelled holiday vacation
arrive arrived arrival come came coming
leave leaves leaving depart departs departure
return returned back
fly flies flying flew flight flights
drive drove driven driving driver
teach taught teacher
stay stayed staying hotel accommodation lodging sleep
visit visited visiting visits
eat ate eaten food meal
give gave given
get got gotten receive received obtain
take took taken
make makes made
go goes going gone went
send sent mailed
keep kept store stored storage
hold held
say said tell told
sell sold sale sales
write wrote written author
find found discover discovered
lose lost
win won winner
spend spent spending
bring brought brings
think thought
build built
grow grew grown
speak spoke spoken talk
leak leaked leaking
stop stopped quit
resign resigned
replace replaced replacement swap swapped substitute
change changed
use used using
responsible charge
supplier supply supplies supplied vendor provider delivered deliver delivers delivery
customer client buyer
staff employee colleague team
salary wage pay earn earns
birthday born birth
marry married wedding
wife husband spouse partner
mother mom mum mama
father dad papa
rule policy
need needed require required requirement must
password passcode passphrase
plan planned planning schedule scheduled
install installed installation
test tested testing
reason because cause caused
color colour coloured colored painted
favourite favorite prefer preferred preference
name named called
hour hours opening
insure insured insurance
allergy allergic allergies
holiday leave
guest visitor
capacity fit fits room seats
battery batteries
photo picture image
bill invoice
contact reach
rain weather
latest newest recent
open opens opened
close closes closed closing shut shuts
collect collects collected fetch fetches fetched pick picks picked
buy buys bought get gets got order
cook cooks cooked chef caterer catering kitchen
play plays played act acts role part cast
rehearse rehearsal practise practice practising
sing sings sang sung song songs choir
train trains training coach coaching
lesson lessons class classes course courses
clean cleans cleaned wash washes washed wipe
alter alters altered alteration tailor
lend lends lent borrow borrows borrowed loan
hire hires hired rent rents lease
sit sits seat seats seated
bake bakes baked oven
allow allows allowed permit permitted forbid forbidden
vote voted elect elected election
sick ill illness
hurt injured injury
die died death dead
plant plants planted sow sown grow
steal stole stolen theft
missing lost lose
sign signs signed signature
submit submitted hand handed due deadline
inspect inspects inspection inspector examine examiner exam
check checks checked
dial ring rings phone call
reserve reserved reservation book booked booking
marry married wedding wed
wear wears wore dress dressed clothes
drink drinks drank
breed kind sort type
rename renamed name called
print prints printed printer
cancel cancelled canceled off
refuse refused reject rejected decline declined
invite invited invitation guest guests
insured cover covered
earn earned wage paid
beat beaten win won
join joins joined member
heat heated heating boiler radiator
authenticate authentication login auth token
`.trim().split("\n");

const classes = new Map<string, Set<number>>();
classLines.forEach((line, at) => {
  for (const word of line.split(" ")) {
    const stem = stemOf(word), known = classes.get(stem);
    if (known === undefined) classes.set(stem, new Set([at]));
    else known.add(at);
  }
});

/** Stems that may stand for a stem, itself not among them. */
export function relatedStems(stem: string): Set<string> {
  const related = new Set<string>();
  for (const at of classes.get(stem) ?? []) {
    for (const word of classLines[at]?.split(" ") ?? []) related.add(stemOf(word));
  }
  related.delete(stem);
  return related;
}

const stemsOf = (words: string) => new Set(words.split(/\s+/).map(stemOf));

/** Words that say little in a question: an answer may do without them. */
export const lightStems = stemsOf(
  `happen happened happens go goes going went gone come comes get gets got do make makes made take takes taken took place use uses used need needed have know say said tell
  give put set thing stuff call called named kind sort type way many much people person still currently exactly
  actually really again ever yet please remember remind show find there item mean entail`,
);

/** Words that say little in a question for a place: what is there need not be said to be kept there. */
export const placingStems = stemsOf(
  "keep keeps kept store stores stored put find found locate located situated stand stands lie lies sit sits hide hidden",
);

/** Words that are mostly verbs: what is asked about does it, and a text may tell so in another way. */
export const verbStems = stemsOf(
  `accept add agree aim allow announce answer apply approve arrange arrive ask assign attend avoid bake be become
  begin belong bite blame book borrow break bring build burn buy call cancel care carry catch cause change
  charge check choose clean clear climb close collect come complain complete confirm connect contain continue
  cook cope cost count cover crash cross cut damage deal decide deliver depend deploy describe deserve die dig
  discover dislike do draw drink drive drop earn eat end enjoy enter escape exist expect explain expire face
  fail fall feed feel fetch fight fill find finish fit fix fly follow forget get give go grow handle hang happen
  hate have head hear help hide hire hit hold host hurt identify improve include insist install introduce invite
  involve join judge jump keep kick know land last launch lead leak learn leave lend let lie like live load lock
  look lose love maintain make manage marry mean measure meet mention miss mix move need notice occur offer open
  operate order organise organize own pack paint park pass pay pick plan plant play prefer prepare present
  prevent print produce promise propose protect prove provide publish pull push put quit raise reach read
  receive recommend refuse register reject release rely remain remember remove rent repair repeat replace reply
  report represent request require rescue reserve resign rest return ride ring rise roll rule run save say
  search see seem sell send serve set settle share ship show shut sign sing sit sleep smell solve sort speak
  spend split stand start stay steal stick stop store study submit suffer suggest suit supervise supply support
  suppose switch take talk taste teach tell think throw tow train translate travel treat try turn understand
  update upgrade use visit vote wait wake walk want warn wash watch wear win wish work worry write kept held sold told bought brought chose chosen paid gave given gone went taken took
  made said sent spent stood taught thought wore won wrote written left lost met ran sat saw seen spoke broke broken drove driven built found got hung lent led flew rose sung swam threw understood woke`,
);

/** Words that ask for what is so now, or lately; they ask for no word. */
export const recentStems = stemsOf(
  "now latest current currently today recent recently newest nowadays days present",
);

const months = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|june?|july?|aug(?:ust)?|sept?(?:ember)?|" +
  "oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
const weekdays =
  "mon(?:days?)?|tue(?:s|sdays?)?|wed(?:nesdays?)?|thu(?:rs|rsdays?)?|fri(?:days?)?|sat(?:urdays?)?|" +
  "sun(?:days?)?|weekdays?|weekends?";
const units =
  "seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|nights?|weeks?|months?|years?|fortnights?|decades?";
const numbers =
  "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|" +
  "seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|" +
  "dozen|half|twice|once|couple";

/** Each match is a time, a day, a date or a span. */
export const timePattern = new RegExp(
  `\\b(?:\\d{1,2}[:.]\\d{2}(?!\\.?\\d)|\\d{1,2}\\s?(?:am|pm|a\\.m\\.|p\\.m\\.|o'clock)|\\d{4}-\\d{2}(?:-\\d{2})?|(?:19|20)\\d{2}|` +
    `(?:0?[1-9]|[12]\\d|3[01])\\.(?:0?[1-9]|1[0-2])\\.(?:\\d{4}|\\d{2})?(?!\\.?\\d)|\\d{1,2}/\\d{1,2}(?:/\\d{2,4})?|${months}|(?<=\\d(?:st|nd|rd|th|\\.)? (?:of )?)may|` +
    `may(?= \\d)|(?<=\\b(?:in|by|until|till|since|before|after|from|during|early|late|mid|end of|to|and) )may\\b(?! (?:be|have|not|need|want|also))|` +
    `${weekdays}|today|tomorrow|tonight|yesterday|noon|midday|midnight|mornings?|evenings?|afternoons?|dusk|dawn|` +
    `sunset|sunrise|spring|summer|autumn|winter|easter|christmas|daily|weekly|monthly|yearly|annually|` +
    `every\\s+(?:other\\s+)?\\p{L}+|(?:next|last|this)\\s+(?:week|month|year|quarter|time)|q[1-4]|` +
    `(?:\\d[\\d.,]*|${numbers}|a|an|few)\\s+(?:${units})|(?:once|twice)\\s+an?\\s+\\p{L}+)\\b`,
  "giu",
);

/** Each match is a day of a month: its number is no code. */
export const datePattern = new RegExp(
  `\\b\\d{1,2}(?:st|nd|rd|th|\\.)?\\s+(?:of\\s+)?(?:${months}|may)\\b|\\b(?:${months}|may)\\s+\\d{1,2}(?:st|nd|rd|th)?\\b`,
  "giu",
);

/** Each match is a span without a beginning or an end: "four hours", and not "in four hours" or "every two weeks". */
export const spanPattern = new RegExp(
  `(?<!\\b(?:in|after|within|every|until|next|last|this|these|once|twice)\\s+)\\b(?:\\d[\\d.,]*|${numbers}|few)\\s+(?:${units})\\b(?!\\s+(?:ago|before|after|later|earlier))`,
  "giu",
);

/** Each match is an amount of money. */
export const moneyPattern =
  /(?:[€$£¥₹]|\b(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|JPY|CZK)\s?)\s?\d[\d.,]*|\d[\d.,]*\s?(?:k\s?)?(?:[€$£¥₹]|(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|JPY|CZK|euros?|dollars?|pounds?|francs?|cents?|pence|bucks?|quid|yen|kr|crowns?)\b)|\b(?:free of charge|for free|gratis)\b/giu;

/** Each match is a number, in digits or in words. */
export const numberPattern = new RegExp(`[-+−]?\\d[\\d.,:/%]*|\\b(?:${numbers})\\b`, "giu");

/** Each match is a place after its preposition, or a part of an address. */
export const placePattern =
  /\b(?:in|at|on|under|behind|near|beside|beneath|above|below|between|inside|outside|opposite|into|onto|to|from|off|around|across|along|next to|left of|right of|in front of|north of|south of|east of|west of|with)\s+(?:(?:the|a|an|our|my|his|her|their|your|its|this|that)\s+)?[\p{L}\d][\p{L}\d’'-]*|\b(?:floor|building|street|road|lane|avenue|square|hall|cellar|attic|hallway|garage|shed|drawer|shelf|cupboard|warehouse|office|upstairs|downstairs|abroad|online|outside|at home)\b/giu;

/** Each match is a street and its number, or a numbered room. */
export const numberedPlacePattern =
  /\b(?:[Rr]oom|[Ff]loor|[Pp]latform|[Gg]ate|[Pp]lot|\p{Lu}\p{L}{3,})\s+\d[\d.]*[a-z]?\b/gu;

/** A text that gives a reason says so. */
export const causePattern =
  /\b(?:because|since|due to|caused?|causes|reasons?|as it|as they|as we|so that|therefore|thanks to|owing to|thus|hence|in order to|to avoid|to keep|to make|to save|to prevent|that'?s why|which is why|so we|so it|so they|on account of|out of|for fear|after all|the point)\b/iu;
export const weakCausePattern =
  /\b(?:too|probably|apparently|by an?|by the|for the|for its|turned out|as)\b|[;(:–—]/iu;

export const colourPattern =
  /\b(?:red|blue|green|yellow|orange|purple|violet|pink|brown|black|white|gr[ea]y|beige|turquoise|teal|cyan|magenta|maroon|navy|olive|gold(?:en)?|silver|cream|ivory|ochre|crimson|scarlet|lilac|indigo|amber|mint|coral)\b/giu;
export const emailPattern = /[^\s@<>()]+@[^\s@<>()]+\.\p{L}{2,}/giu;
export const urlPattern =
  /\b(?:https?:\/\/|www\.)\S+|\b[a-z\d-]+(?:\.[a-z\d-]+)*\.(?:com|org|net|io|dev|app|eu|example|local)\b/giu;
export const phonePattern = /\+?\d[\d\s()/.-]{4,}\d/gu;
export const temperaturePattern = /[-−]?\d[\d.,]*\s?(?:°|degrees?\b|[CFK]\b)|\broom temperature\b/giu;
export const codePattern = /\b[\p{L}\d]*\d[\p{L}\d._-]*|\b[\p{L}\d]+(?:-[\p{L}\d]+){2,}/giu;

/** A text about what may be, or was only thought of. */
export const hypotheticalPattern =
  /\b(?:maybe|perhaps|might|could|should we|shall we|would like|would be nice|wish|wishes|hypothesis|if we|if only|consider|considering|idea|proposal|propos(?:e|es|ed|ing)|suggest(?:s|ed|ion)?|option|unless|undecided|nothing decided|not decided|not sure|not yet|don'?t know|no idea|unclear|unknown|tbd|tba|rumou?r)\b/iu;
/** Something changed: what was said before holds no longer. */
export const changePattern =
  /\b(?:now|moved?|moves|no longer|not .{1,40} any ?more|instead|changed|changes|switched|switch(?:es)? to|postponed|delayed|brought forward|back (?:to|at|on|in)|rescheduled|rebooked|replaced|replaces|takes? over|taken over|took over|from now on|new date|raised|lowered|reduced|increased|extended|shortened|upgraded|migrated|relocated|shifted|rises|(?:goes|went|gone) (?:up|down)|put (?:back|off|forward)|no more|after all|as of|update[ds]?|correction|new plan|cancelled|canceled|until|slips?|slipped|pushed)\b/iu;
/** Words by which a text takes something back. */
export const reversalCue =
  /\b(?:no longer|any ?more|scrap(?:ped)?|(?:is|are|was|were|all|it'?s|that'?s) off|called? off|cancel(?:led|ed|s)?|correction|corrected|turns? out|turned out|actually|after all|minds?|against|wrong|instead|rather than|in place of|forget|ignore|overruled|not to blame|mistaken|mistake|misread|abandoned|withdrawn|revoked|void|don'?t|doesn'?t|won'?t|isn'?t|aren'?t|wasn'?t|never|no more|not)\b/iu;
/** Words by which a text moves something on, to another time, place, amount or hand. */
export const movementCue =
  /\b(?:moved?|moves|moving|push(?:ed|es)|put (?:back|off|forward)|postpone[ds]?|delay(?:ed|s)?|shift(?:ed|s)?|brought forward|switch(?:ed|es|ing)?|swap(?:ped|s)?|replac(?:ed?|es|ing)|takes? over|took over|taken over|hand(?:ed|s)? over|rebooked|rescheduled|chang(?:ed?|es)|(?:goes|went|gone|go) (?:up|down|from|to|with|back)|rose|rises|raised|lowered|reduced|increased|extended|shortened|upgraded|downgraded|dropp?(?:ed|s)|slip(?:ped|s)?|bumped|renamed|migrated|relocated|converted|cut (?:to|from|down)|from .{1,40} to|becomes?|became|updated?|revised|amended|grown|grew|shrank|doubled|halved)\b/iu;
/** Words by which a text says what is so from then on. */
export const currencyCue =
  /\b(?:now|as of|from now on|from here on|new|newest|again|back|finally|in the end|final|update|by now|already|these days|will be|then|today|from (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|september|october|november|december|next|\d)\p{L}*|since|until|still|stays?)\b/iu;
/** What is named after this holds no longer: "switched from X to Y", "instead of X". */
export const droppedBefore =
  /\b(?:from|instead of|rather than|no longer|not|replaces|replaced|replacing|the old(?: \p{L}+)?,?)\s+(?:(?:the|at|on|in|with|by)\s+)?["“'€$£]?$/iu;
/** Whether a text ends by asking. */
export const isQuestion = (text: string): boolean => /\?["'”’)\]]*$/.test(text.trimEnd());
export const negationWords = new Set(
  "no not never without none nobody nothing neither nor cannot cant".split(" "),
);
export const firstPerson = /\b(?:i|i'm|im|i've|i'll|i'd|me|my|mine|myself)\b/iu;
/** A sentence that opens so speaks of what the one before it spoke of. */
export const pronounPattern =
  /^(?:\P{L}*[\p{L}’']+){0,2}?\P{L}*\b(?:he|she|it|they|his|hers?|its|their|him|them|this|these|those)\b/iu;
