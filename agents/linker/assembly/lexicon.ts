/**
 * Closed lists of English: words that are never names, and words that say what the name beside them is.
 *
 * Invariants:
 * 1. At most 32 lists: each is a bit.
 * 2. No name of anyone or anything stands here, but days, months and peoples, so that they are left out.
 */

/** What each listed word is: one bit a list. */
const classes = new Map<string, u32>();
let nextBit: u32 = 1;

/** The lists a word (in small letters) stands in: test with `&`. */
export function classesOf(word: string): u32 {
  return classes.has(word) ? classes.get(word) : 0;
}

function list(words: string): u32 {
  const bit = nextBit;
  nextBit <<= 1;
  const parts = words.split(" ");
  for (let i = 0; i < parts.length; i++) {
    if (parts[i].length > 0) classes.set(parts[i], classesOf(parts[i]) | bit);
  }
  return bit;
}

function set(words: string): Set<string> {
  const found = new Set<string>();
  const parts = words.split(" ");
  for (let i = 0; i < parts.length; i++) {
    if (parts[i].length > 0) found.add(parts[i]);
  }
  return found;
}

/** Never part of a name: days, months, function words, peoples and languages, salutations. */
export const never: u32 = list(
  "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun " +
    "mondays tuesdays wednesdays thursdays fridays saturdays sundays " +
    "january february march april may june july august september october november december " +
    "jan feb mar apr jun jul aug sep sept oct nov dec spring summer autumn fall winter christmas easter " +
    "halloween thanksgiving xmas eve " +
    "i i'm i'll i've i'd we we'll we're we've we'd you you'll you're he she it it's its they they're them me us " +
    "my our your his her their mine ours this that these those the a an and or but nor so yet if then else " +
    "when while where who whom whose what which why how because since until although though as at by for from in " +
    "into of off on onto out over per to toward towards under up upon via with within without about above across " +
    "after against along among around before behind below beneath beside besides between beyond despite down " +
    "during except inside like near outside past through throughout is am are was were be been being do does did " +
    "done have has had having will would shall should can could may might must not no none nothing never nobody " +
    "don't doesn't didn't can't won't isn't aren't wasn't let's there there's here that's what's who's " +
    "yes ok okay oh ah hi hello hey dear thanks thank please sorry cheers regards best bye " +
    "all any anyone anything both each either enough every everyone everything few fewer many more most much " +
    "neither other others another some someone something several such same own only just even still also too very " +
    "again already always ever often sometimes usually now today tomorrow yesterday tonight later soon once twice " +
    "one two three four five six seven eight nine ten eleven twelve hundred thousand million first second third " +
    "fourth fifth last next previous new old am pm cet cest utc gmt est pst bst " +
    "english german french spanish italian portuguese dutch danish swedish norwegian finnish polish russian " +
    "ukrainian czech greek turkish chinese japanese korean indian american british irish scottish welsh european " +
    "african asian australian canadian mexican brazilian swiss austrian belgian latin arabic hebrew hindi thai " +
    "vietnamese mandarin christian muslim jewish catholic " +
    "mom mum mummy mommy dad daddy grandma grandpa granny nana papa mama mother father uncle aunt auntie god",
);

/** Titles before a person's name. */
export const titles: u32 = list(
  "mr mrs ms miss dr prof professor doctor sir madam captain coach nurse officer judge pastor father sister " +
    "brother uncle aunt auntie",
);

/** Before a name they are part of it, where they have a capital that means something. */
export const ages: u32 = list("old new");

/** Before a name whose 's is part of it. */
export const saint: u32 = list("st saint");

/** Ordinary words that often begin a sentence, an item or a heading with a capital. */
export const ordinary: u32 = list(
  "action actions added address agenda agreed agreement aim alternative alternatives analysis announcement answer " +
    "answered apparently approach approved archive area arrived article ask asked assigned assumption attendees " +
    "attempt attended author away back background backlog bad bake baked basic batch bed begin bench big bill " +
    "birthday blocked blocker blockers body book booked books bought box break breakfast bring brief bring bug bugs " +
    "build built business buy calendar call called calls cancel cancelled capacity car card careful case cause " +
    "caution change changed changes channel chapter chat check checked checklist choice choose chose clean cleaned " +
    "cleaning clear client clients close closed code coffee collect comment comments common company compare " +
    "completed concern concerns conclusion confirm confirmed consider contact content context contract cook cooked " +
    "copy cost costs could create created current customer customers cut daily data dataset date day days deadline " +
    "deal debt decide decided decision decisions default delay delayed deliver delivered delivery demo deploy " +
    "deployed deployment design desk detail details dinner direction discuss discussed discussion doc docs document " +
    "documents door double dr draft drafted drive dropped dry due early edit effect effort email emails end ended " +
    "engineering error errors estimate evening event events everybody evidence example expected expense expenses " +
    "experiment explain external extra fact failed failure family fast feature features feedback felt figure file " +
    "files final finalise finalize finally find fine finish finished fix fixed fixes flight floor flow focus follow " +
    "followed following food forgot form format forward found free freeze full fun future garden gave general get " +
    "gift give go goal goals goes going good got great group growth guess guests guide half hand happy hard head " +
    "health heard help hire hiring history hold holiday home hope hotel hour hours house however idea ideas impact " +
    "important improve improvement include included incident info input inside install interesting internal " +
    "interview interviews introduction invite invited invoice invoices issue issues item items job join joined keep " +
    "kept key kickoff kitchen known lab large late latest launch launched lead leads learn learned learning leave " +
    "left legal lesson lessons let letter level library light limit link links list live local log long look looked " +
    "looking looks lost lot low lunch mail main maintenance make makes making management manager manual map " +
    "market marketing material materials maybe meals mean means measure measured meet meeting meetings member " +
    "members memo mention mentioned menu message messages met method metrics middle migrate migrated migration " +
    "milestone milestones minutes missing mistake mix model money month monthly months morning move moved moving " +
    "music name names need needed needs network news nice night nobody normal note noted notes notice number " +
    "numbers offer office online open opened opening operations option options order ordered orders outcome " +
    "outline output overall overview owner owners pack packed page paid pair paper papers part participants parts " +
    "party pay payment payments people perhaps person phase phone photo photos pick picked pickup place plan " +
    "planned planning plans plant planted plants platform play point points policy poll post power practice prepare " +
    "prepared present presentation presented press pretty price prices pricing print priorities priority probably " +
    "problem problems process product production products progress project projects proposal propose proposed " +
    "prototype provided public purpose push pushed put quality quarter quarterly question questions quick quote " +
    "quotes raised ran range rate raw read reading ready reason reasons received recently recipe recipes record " +
    "reduce reference references release released releases reminder reminders remove removed rename renamed rent " +
    "repair replace replaced reply report reported reports request requested requests required requirement " +
    "requirements research reserve resolved rest result results retro retrospective return returned reversal " +
    "reverted review reviewed reviews right risk risks road role roles rollback rollout room rooms round routine run " +
    "running runs said sale sales sample samples saw say says scale schedule scheduled school science scope search " +
    "season section security see seems seen sell send sent separate series server service services session set " +
    "setup share shared ship shipped shipping shop short show showed side sign signed simple site size sleep slides " +
    "slow small social software sold soil solution source speaker spec special spent spoke sprint staff stage " +
    "stakeholders stand standup start started starting state status stay step steps stock stop stopped storage store " +
    "story strategy strong student students study stuff style subject submit submitted success suggested suggestion " +
    "suggestions summary supplier suppliers supply support sure survey switch switched sync system systems table " +
    "take taken takeaway takeaways takes talk talked target task tasks tax team teams tell template test tested " +
    "testing tests text theme theory thing things think thinking thought ticket tickets time timeline times tip tips " +
    "title todo together told tomorrow tonight tool tools took top topic topics total touch track tracking train " +
    "training travel treat trial tried trip try trying turn type ui unclear understand update updated updates " +
    "upgrade upgraded upload urgent use used user users uses using vacation value vegetables version versions video " +
    "view visit visited vote wait waiting walk want wanted wants warning watch watched water weather web website " +
    "week weekend weekly weeks welcome well went wish wishlist won wonder wonderful word words work worked working " +
    "workout works workshop world worth write writing wrote year yearly years young " +
    "api apis faq fyi eod eow eta tbd tbc todo wip ceo cto cfo coo vp hr pr prs qa it ux pm pms kpi kpis okr okrs " +
    "roi sla slas pdf csv json xml yaml html css sql http https url urls id ids ok nda vat rsvp asap imo tldr diy " +
    "cpu gpu ram ssd usb led tv pc os db ci cd ssh tls ssl dns vpn ip jwt sso oauth crud orm etl mvp poc rfc rfcs " +
    "adr adrs dna rna pcr ph uv ph.d phd bsc msc b2b b2c saas pto ooo aka nb ps re fwd cc bcc",
);

/** Generic words around a name: the name is the same without them. */
export const generic: u32 = list(
  "project projects team service services app apps application api apis platform system server servers client " +
    "backend frontend website site repo repository program programme initiative library sdk cli database codebase " +
    "dashboard corp corporation inc ltd llc gmbh ag plc company",
);
/** Of these, the words after a name that say it is a project. */
export const projectAfter: u32 = list(
  "project team launch release rollout migration roadmap milestone milestones repo repository sprint beta mvp " +
    "prototype kickoff initiative programme codebase backlog pilot workstream rewrite",
);
/** Words before a name that say it is a project. */
export const projectBefore: u32 = list("project codename codenamed initiative programme launch");
/** Words after a name that say it is a product. */
export const productAfter: u32 = list(
  "app apps api apis sdk library plugin plugins database dashboard server servers service platform cli extension " +
    "framework software tool subscription license licence integration plan account laptop printer camera",
);
/** Verbs before a name that say it is a product. */
export const productBefore: u32 = list(
  "use uses used using install installed installing upgrade upgraded adopt adopted via configure deploy deployed",
);
/** Suffixes of hyphenated code names. */
export const codeSuffix: u32 = list(
  "api service app server client web ui sdk cli db worker bot lib repo backend frontend core gateway proxy",
);

/** Verbs after a name that only a person does. */
export const personAfter: u32 = list(
  "said says asked asks thinks thought wants wanted agreed agrees suggested suggests proposed proposes promised " +
    "told tells wrote writes prefers preferred mentioned mentions called insisted confirmed confirms offered offers " +
    "reviewed reviews presented joined volunteered argued explained noted reported reports likes loves hates hopes " +
    "believes knows remembered remembers forgot apologised apologized replied emailed texted phoned visited brought " +
    "booked paid owns leads prepared prepares baked cooked sends sent showed pointed reckons objected worries " +
    "warned decided decides feels felt learned recommended recommends takes took brings plays cooks cleans scans calls helps lends lent invites invited teaches studies serves pays argues argued doubts doubted claims claimed drove agreed explains",
);
/** Weaker: persons and other things do these. */
export const personAfterWeak: u32 = list(
  "will has had is was can could should would fixed moved finished started went came gave made needs got did works " +
    "worked handles handled draws drew picks picked checks checked keeps bought sold ran runs joins works and updates uses arrives moves orders",
);
/** Words before a name that say it is a person. */
export const personBefore: u32 = list(
  "asked ask told tell thanked thank met meet emailed email call called phone phoned text texted ping pinged cc " +
    "thanks invite invited interviewed remind reminded hired helped",
);
/** Weaker: also said of things and places. */
export const personBeforeWeak: u32 = list("with by from for and see visit");
/** Before "with" and "to": they make a person certain. */
export const personWith: u32 = list(
  "met meet meeting meetings talked talk spoke speak call chat lunch dinner coffee breakfast 1:1 sync interview agreed " +
    "discussed worked working paired pairing walk trip went catch-up",
);
/** Labels whose names are persons, with a colon. */
export const personLabel: u32 = list(
  "owner owners assignee assignees attendees attendee present participants who author authors from to cc lead " +
    "contact reviewer reviewers assigned speaker speakers host guest guests with people by team members",
);
/** Roles: "the plumber NAME", "NAME (designer)", "NAME, our editor". */
export const roles: u32 = list(
  "designer engineer developer manager director teacher plumber electrician doctor dentist nurse neighbour neighbor " +
    "colleague coworker friend cousin nephew niece sister brother wife husband son daughter boss intern student " +
    "postdoc supervisor advisor coach trainer lawyer accountant landlord tenant supplier baker chef editor writer " +
    "author founder ceo cto cfo vp pm lead analyst architect recruiter consultant contractor vet babysitter nanny " +
    "gardener carpenter builder painter driver technician scientist researcher professor captain barber hairdresser " +
    "florist roaster wholesaler buyer seller customer client guitarist drummer singer bassist mentor tutor",
);

/** Words before a place, with what may stand before them: "moved to", "office in". */
export const placeBefore: u32 = list("in at to from near towards into on");
/** Before "to" and "from": they make a place certain. */
export const travel: u32 = list(
  "fly flying flew flies flight flights drive driving drove drives trip trips travel travels travelling traveling " +
    "travelled train trains bus buses ferry arrive arrived relocate relocated relocates relocating back walk walked " +
    "hike hiked tickets ticket visit road way route",
);
/** Before "in", "at" and "near": they make a place certain. */
export const placeVerb: u32 = list(
  "arrive arrives arrived arriving live lives living lived based office offices born weekend holiday holidays " +
    "vacation conference warehouse hotel apartment flat house shop store branch stay staying stayed workshop venue " +
    "cafe restaurant market factory campus offsite station airport meetup landed summer school",
);
/** After a name: they make it a place. */
export const placeAfter: u32 = list(
  "office offices flat airport trip station branch warehouse flight harbour",
);
/** Words that say by themselves that a place follows. */
export const placeVisit: u32 = list("visit visited visiting outside downtown");
/** Last words of names of places. */
export const placeSuffix: u32 = list(
  "street road avenue lane park lake river beach airport station square bridge hotel hospital university museum " +
    "library school island islands hill mountain mountains bay harbour harbor castle market garden gardens hall " +
    "cathedral church valley forest",
);

/** Last words of names of firms and other bodies: no persons. */
export const bodySuffix: u32 = list(
  "logistics bank group partners foundation institute agency authority records studio studios press media labs clinic " +
    "insurance brewery bakery holdings union council association systems solutions energy foods motors",
);
/** First words of names of places. */
export const placePrefix: u32 = list(
  "hotel hospital cafe café restaurant bar pub lake mount port saint san santa st fort camp clinic",
);

/** Joins the parts of one name when capitals stand on both sides. */
export const joiners: u32 = list("of de del van von der den da di la le du el al y bin ibn");

/** Before a ticket. */
export const ticketBefore: u32 = list("ticket issue bug story task jira epic card");
/** Not tickets, though they look so. */
export const notTicket: Set<string> = set(
  "utf iso sha md aes rsa rfc ieee din en es http covid gpt mp h cve windows win ipv dd q fy usb ps pm am cat " +
    "mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec",
);
/** What a file name ends with. */
export const fileSuffix: Set<string> = set(
  "md txt pdf doc docx xls xlsx csv tsv json jsonl yaml yml toml xml html htm css scss js mjs cjs ts tsx jsx py rs " +
    "go c h cpp hpp java kt swift rb php sh bat sql png jpg jpeg gif svg webp mp3 mp4 mov wav flac zip gz tgz tar " +
    "ppt pptx odt ods key ipynb ps1 psm1 cmd vbs r rmd m jl tf proto log ini cfg conf env lock wasm wat parquet stl gcode fasta bib tex epub ics",
);
/** What the name of a machine begins with, before a hyphen. */
export const machinePrefix: Set<string> = set("srv nas vm fw vps");
/** What the name of a host ends with, where it is no word that may begin a sentence. */
export const hostSuffix: Set<string> = set(
  "com org net edu gov io dev app cloud example test info biz local internal lan eu uk de fr nl ch",
);
/** Names of things that end like a file. */
export const notFile: Set<string> = set("node next vue nuxt react three d3 express ember chart backbone asp");
