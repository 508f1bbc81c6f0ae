/**
 * The words the curator knows: closed classes of English and common attributes. No name of any project, person or
 * place stands here; what is not listed is treated as an ordinary word.
 */
/** Words, one space between each. */
export function set(words: string): Set<string> {
  const found = new Set<string>();
  const list = words.split(" ");
  for (let i = 0; i < list.length; i++) if (list[i].length > 0) found.add(list[i]);
  return found;
}

/** `a=x,y b=z`: x and y mean a. */
function classes(text: string): Map<string, string> {
  const found = new Map<string, string>();
  const groups = text.split(" ");
  for (let i = 0; i < groups.length; i++) {
    const pair = groups[i].split("=");
    const words = pair[1].split(",");
    for (let j = 0; j < words.length; j++) found.set(words[j], "@" + pair[0]);
  }
  return found;
}

/** A sentence with one of these says what may be, not what is. `may` is looked at by itself (a month, too). */
export const hedges = set(
  "might maybe perhaps probably possibly could should would hopefully presumably apparently seems seem likely " +
    "unlikely tentatively tentative wonder wonders if unless whether suppose supposedly guess hope hopes wish " +
    "think thinks believe believes feel feels consider considering proposal proposed propose proposes suggest " +
    "suggests suggested want wants wanted tbd tbc rumour rumor rumours assume assuming either almost nearly " +
    "wondering thinking asked asks ask wondered",
);
/** These make a time relative to the day of writing. */
export const relatives = set("next today tomorrow yesterday tonight last this these");
export const copulas = set("is are was were be been being remains remain stays stay becomes became are");
export const pasts = set("was were had did used");
export const auxiliaries = set("has have had will shall been be being got gets do does did is are was were");
export const adverbs = set(
  "now no longer not already also finally officially currently back again still always just since permanently " +
    "actually really then only both formally never n't anymore once usually normally early late earlier later forward",
);
export const determiners = set("the a an our my your their his her its this that these those every each some any no");
/** Left out of keys. */
export const stops = set(
  "the a an our my your their his her its this that these those every each some any of for in on at to and or by " +
    "with from into as is are was were be been being has have had will shall do does did not no so very then than " +
    "project team date time new old current currently now longer anymore more again back already still also both " +
    "instead official officially finally just only them us we they it i you he she there here all about per actual " +
    "correct previous permanently original planned",
);
export const pronouns = set(
  "it this that these those they he she we i you there here who what which everything everyone everybody nothing " +
    "nobody somebody someone something one none both others another",
);
export const people = set("we they i you he she");
export const negations = set("not no never n't cannot without neither nor none nothing nobody");
/** A title word that names no subject. */
export const genericTitles = set(
  "note notes meeting meetings minutes agenda standup stand-up daily weekly monthly plan plans planning log logs " +
    "journal diary idea ideas todo todos task tasks misc list update updates status report review retro " +
    "retrospective sync call 1:1 1on1 1-1 check-in checkin committee general info details detail fact facts " +
    "summary overview decision decisions action actions item items open question questions next step steps " +
    "timeline milestone milestones dates schedule background discussion attendees present agm kickoff kick-off " +
    "copy draft template week month year monday tuesday wednesday thursday friday saturday sunday jan january feb " +
    "february mar march apr april may jun june jul july aug august sep sept september oct october nov november " +
    "dec december readme index inbox scratch random stuff thoughts recap followup follow-up prep announcement " +
    "session practicalities logistics change changes people money key number numbers in the and for of with after " +
    "before on at to a an our my",
);
/** Nouns and verbs that name an attribute. */
export const attributes = classes(
  "launch=launch,launches,launched,launching,ship,ships,shipped,shipping,release,releases,released,go-live,golive,rollout " +
    "owner=owner,owners,owns,owned,leads,led,lead,manages,managed,maintains,maintained,maintainer,coordinates,coordinated,responsible,runs " +
    "price=price,prices,cost,costs,costing budget=budget,budgets fee=fee,fees " +
    "due=due,deadline,deadlines where=location,located,venue,place,whereabouts,based,sits,lives,stored,kept,parked,found " +
    "start=start,starts,starting,started,begin,begins,began,opens,opening end=end,ends,ended,expires,closes,closing,finishes " +
    "version=version,versions weight=weight,weighs,weigh capacity=capacity,holds,seats " +
    "use=uses,use,using,relies,written,built,hosted,hosting,host " +
    "supplier=supplier,suppliers,vendor,buys,buy,bought,order,orders,ordered,source " +
    "last=lasts,lifetime meet=meets,meet,rehearses,rehearse work=works member=members",
);
/** Attribute classes that hold one value at a time. */
export const singular = set("@launch @owner @price @budget @fee @due @where @when @start @end @version @weight @capacity @last @meet @member @work");
/** Finite forms that stand between a subject and a value. */
export const predicates = set(
  "launches launched ships shipped releases owns leads led manages maintains coordinates costs cost sits lives " +
    "starts started begins began opens ends ended expires closes finishes weighs weigh holds seats uses use relies " +
    "lasts meets meet rehearses rehearse works runs buy buys",
);
/** Participles after a copula that say what the value is. */
export const participles = set(
  "owned led managed maintained coordinated located based stored kept parked hosted written built scheduled planned set due " +
    "run released launched shipped held called named made released",
);
/** Verbs that carry a change; their attribute comes from the subject or the value. */
export const changes = set(
  "moved moves move moving pushed push postponed postpone shifted shift slipped slips slip delayed delay rescheduled " +
    "reschedule relocated relocate changed changes change switched switches switch switching migrated migrate " +
    "migrates replaced replace replaces swapped swap raised raise lowered lower cut increased increase increases " +
    "rises rise falls fall grows grew reduced reduce dropped drop rose fell renamed rename went goes brought bumped bump extended extend upgraded " +
    "upgrade transferred transfer converted shortened",
);
/** Words by which a sentence says of itself that something changed. */
export const cues = set(
  "rises falls now instead anymore moved moves pushed postponed shifted slipped delayed rescheduled relocated changed switched " +
    "migrated replaced replaces swapped raised lowered increased reduced rose fell renamed bumped extended upgraded " +
    "transferred formerly previously updated correction corrected revised reverted dropped new back again switches " +
    "switching moving cancelled canceled scrapped shortened converted longer cut",
);
/** A neighbouring sentence with one of these speaks of what was. */
export const bygones = set(
  "old no longer not previous previously originally earlier former formerly off was were cancelled canceled instead " +
    "dropped scrapped gone dead replaces replaced moved slipped outdated wrong obsolete superseded",
);
export const cancels = set("cancelled canceled scrapped abandoned");
export const roles = set(
  "owner lead leader maintainer treasurer chair chairman chairwoman chairperson secretary president director manager " +
    "coordinator conductor contact captain editor librarian pianist accompanist head admin administrator supervisor " +
    "advisor adviser organiser organizer reviewer buyer bookkeeper cleaner driver teacher tutor landlord landlady " +
    "caretaker webmaster moderator accountant vet plumber electrician babysitter tenant mentor sponsor spokesperson " +
    "dentist doctor baker deputy steward",
);
/** Roles that are the same as owning. */
export const owners = set("owner lead leader maintainer manager coordinator head responsible");
/** A sentence that begins `X VERB that/to` with one of these is a decision. */
export const decides = set("decided agreed resolved voted chose picked opted settled choose decide agree going");
export const decisionLabels = set("decision decisions decided agreed resolved outcome resolution agreement");
/** Labels whose line is no statement. */
export const otherLabels = set(
  "todo action actions task tasks next question questions idea ideas see also present attendees attending who when " +
    "what why how absent apologies link links tags via re cc from to subject quote example note notes nb ps fyi " +
    "reminder agenda who's http https warning tip thanks hint keep stop start",
);
export const states = set(
  "open closed broken fixed cancelled done full empty ready live deprecated blocked paid unpaid signed approved " +
    "booked free sold finished archived private public mandatory optional required free available unavailable vacant",
);
export const wherePrepositions = set("in at inside near behind under above on beside next opposite upstairs downstairs");
export const clauseEnds = set("because since which who where while but so although though when and");
export const plainVerbs = set(
  "needs need requires require has have accepts accept supports support allows allow includes include contains contain " +
    "covers cover works serves serve eats pays pay offers offer provides provide",
);
/** Of these verbs, that say what must or may be, a thing has one number at a time. */
export const norms = set("needs need requires require accepts accept allows allow");
export const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const monthNames = [
  "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
];
export const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/** 1 to 12, or 0. */
export function monthOf(lower: string): i32 {
  const short = monthNames.indexOf(lower);
  if (short >= 0) return short + 1;
  return lower == "sept" ? 9 : months.indexOf(lower) + 1;
}
/** 1 to 7, or 0. */
export function weekdayOf(lower: string): i32 {
  let word = lower;
  if (word.endsWith("s") && word.length > 6) word = word.substring(0, word.length - 1);
  return weekdays.indexOf(word) + 1;
}
const numberWords = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
/** The number a word names, or -1. */
export function numberWord(lower: string): i32 {
  return numberWords.indexOf(lower);
}
/** Judgements, which nobody can check. */
export const opinions = set(
  "great good bad nice lovely boring fine ok okay fun awful terrible beautiful amazing wonderful horrible hard easy " +
    "cheap expensive nicer better worse best worst happy sad tired annoying weird strange important brilliant cursed",
);
/** Subjects that mean something only where they stand. */
export const vagueSubjects = set("rest same other others thing things part point problem answer reason idea result truth half");
