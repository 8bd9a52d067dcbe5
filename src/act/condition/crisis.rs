//! Language of a crisis: of suicide, of harm to oneself, of violence that is going on.
//!
//! After what screening instruments ask for (the Columbia protocol, C-SSRS: wish to be dead, thoughts, method, intent, plan,
//! preparation; Joiner's interpersonal theory: being a burden, belonging nowhere), in the words in which people write to a
//! machine. Looking alike is tolerated where it is cheap: what is taken for a crisis by mistake passes untouched.

use super::spelling::words;

/// Whether `text` holds language of a crisis. English only.
pub fn is_crisis(text: &str) -> bool {
    // A crisis is told in a message, not in a manuscript: of a long text the beginning and the end are read.
    const READ: usize = 4_000;
    let (head, tail) = match text.len() {
        length if length <= 2 * READ => (text, ""),
        length => (&text[..text.floor_char_boundary(READ)], &text[text.ceil_char_boundary(length - READ)..]),
    };
    [head, tail].into_iter().any(|part| {
        let words = words(part);
        let found = |patterns: &[&str]| patterns.iter().any(|pattern| holds(&words, pattern));
        let elsewhere = found(ELSEWHERE);
        found(CERTAIN) || !elsewhere && (found(LIKELY) || is_spoken_of_by_one_it_concerns(&words))
    })
}

/// Whether somebody speaks in the first person, of themselves or of somebody close, and of death, of not living, or of harm.
fn is_spoken_of_by_one_it_concerns(words: &[String]) -> bool {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let i = has(&["i", "im", "ive", "ill", "id", "me", "my", "myself", "mine", "we"]);
    let denied = has(&[
        "dont",
        "not",
        "no",
        "never",
        "cant",
        "wont",
        "without",
        "stop",
        "isnt",
        "nobody",
        "pointless",
        "lost",
        "end",
        "done",
        "less",
        "wish",
        "out",
    ]);
    let harm = has(DEATH) || has(&["i", "im", "ive", "my"]) && has(HARM) || denied && has(LIVING);
    i && harm && !IDIOMS.iter().any(|idiom| holds(words, idiom)) || has(&["suicide", "suicidal", "noose"])
}

const DEATH: &[&str] = &[
    "die",
    "dying",
    "dead",
    "death",
    "suicide",
    "suicidal",
    "overdose",
    "overdosed",
    "overdosing",
    "kms",
    "unalive",
    "noose",
    "killed",
    "kill",
    "killing",
];
const HARM: &[&str] = &[
    "knife", "blade", "razor", "gun", "cuts", "cutting", "harming", "harm", "harmed", "bleed", "bleeding", "pills",
    "tablets", "jump", "rooftop", "ledge", "bridge", "rope", "selfharm", "bleach", "drown",
];
const LIVING: &[&str] = &[
    "live", "living", "alive", "exist", "existing", "exists", "wake", "here", "life", "future", "hope", "being", "gone",
];

/// Figures of speech in which those words mean something else.
#[rustfmt::skip]
const IDIOMS: &[&str] = &[
    "is|are|was|were killing me", "killing my", "kill for", "could kill", "id kill to", "kill me if|for", "kill a|the|off|time|weeds|process|it|them", "what kills", "dying to know|see|hear|try|get", "dead tired|serious|right|end|letter|line|battery|link|code|set", "die|died|dying of|from boredom|laughter|embarrassment|laughing|curiosity", "could * die|died", "nearly|almost died|dead", "to death",
    "phone|battery|laptop|car|plant|plants|sourdough|key|fire|tree|screen|computer * died|die|dies|dying|dead", "im dead , |lol|haha", "killed me , im", "dog|cat|horse|fish|hamster|rabbit * died|dead|dying|sleep", "mother|mom|mum|father|dad|grandfather|grandpa|grandmother|grandma|aunt|uncle|friend|husband|wife|brother|sister|partner|son|daughter|he|she * died|dead|dying|passed", "died on|in|last|yesterday|at", "cutting|cut carbs|costs|hair|sugar|back|out|down|corners|wood|edge", "jump to|higher|start|rope|scare|ship|back",
    "live in|near|with|at|alone|together|music|show|stream|without my", "living room|out|in|costs|with|near|together", "life insurance|cycle|style|hack|hacks|jacket|balance|goals|time|long", "here is|are|in|and", "rather die than eat", "killing it", "for dear life",
];

/// Whether the words hold a pattern: its words in their order, `a|b` one of several, `*` up to five words of a clause, `x~` a
/// word that begins so, `$` the end of a clause.
fn holds(words: &[String], pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.split(' ').collect();
    (0..words.len()).any(|at| matches(&words[at..], &parts))
}

fn matches(words: &[String], parts: &[&str]) -> bool {
    let Some((part, rest)) = parts.split_first() else { return true };
    if *part == "*" {
        let clause = words.iter().take(5).take_while(|word| *word != ",").count();
        return (0..=clause).any(|skip| matches(&words[skip..], rest));
    }
    if *part == "$" {
        return words.first().is_none_or(|word| word == ",") && matches(words, rest);
    }
    let Some((word, after)) = words.split_first() else { return false };
    part.split('|').any(|wanted| match wanted.strip_suffix('~') {
        Some(beginning) => word.starts_with(beginning),
        None => word == wanted,
    }) && matches(after, rest)
}

/// What is said of oneself, and hardly of anything else.
#[rustfmt::skip]
const CERTAIN: &[&str] = &[
    // In the fewest words.
    "never open my eyes", "wrote|written the|my note", "drink|drinking myself to death", "parking garage * down|looking|edge", "i want it to end", "dont|not * try * stop me", "drank|drink|drinking * cleaner|bleach|antifreeze|poison", "i cut again", "i|im * like|about ending it", "is to die", "walk|walking into the sea|ocean|river|lake|traffic", "i give up , goodbye", "just|please take me *",
    "kill|killing|hurt|hurting|harm|harming|cut|cutting|burn|burned|burnt|burning|stab|starve|starving|poison|drown|hang|hanging|shoot|punish|punishing myself * again|so|tonight|because|until|and|$", "keep|kept|started|been|stop|stopped * cutting|hurting|burning|harming * and|myself|again|$", "a|the|my rope * garage|ceiling|tree|beam|attic|closet|looking|neck",
    "tired|sick|exhausted of living|life|existing|breathing $", "tired of living like|with|anymore|this", "make it * through * night|tonight|weekend|day", "box|bottle|pack|strip of|full * pills|tablets|ibuprofen|paracetamol|meds|aspirin|tylenol * done|once|all|here|enough|finish|take",
    "i * overdose|overdosed|overdosing", "end it all|now|tonight|today|soon|this|myself", "end it , i", "my * funeral", "just * die already", "die in my sleep", "not wake up", "be dead already", "dead than alive", "i * razor", "i * noose", "cut|cutting * arms|wrists|thighs|deeper|deep",
    "i|im * jump|jumping * bridge|train|building|roof|cliff|balcony|window|floor", "front of a|the train|bus|truck|car", "pills * bottle|counted|ready|beside|desk|table", "i * finish it all", "leave this world|life|earth", "without me in it|here|around", "world * without me", "dont|cant * live * anymore|longer|like", "no * will to live",
    "i * never * born", "stop * being alive|breathing|living", "want * gone * forever|good|me", "i|im * done with life|living|everything|this life", "i|im * give|giving up on life|living|everything|myself", "i * ending things|everything|myself", "survive this|the night|another", "hit me * again|now|hiding|kids|door", "hiding * from him|her", "he * has|got|with * knife|gun * outside|here|door|me",
    "not|never|wont * see * another|tomorrow|birthday|christmas|morning", "hope * never|dont|not wake", "hurts to|too exist|be|live|much * alive|live", "nobody|noone * would|will * care|notice|miss|mind", "stand|standing * edge|ledge|tracks|roof|bridge", "my * blood * everywhere|floor|stop", "swallowed|took|taken * pills|tablets|meds|bleach|paracetamol|bottle", "make * look like an accident", "i * method|plan * tonight|ready|place",
    // The wish to be dead, and not to be.
    "i * want|wanna|wish|need|hope|ready to|2 die", "i * wanna die", "want|wants to be dead", "i want to die", "wish i was|were * dead", "wish i was|were never born", "wish i had never been born",
    "rather be dead than", "better off dead", "better off without me", "better|happier|relieved * without me", "if i was|were|wasnt|werent * dead|gone|around|here", "world * better * without me",
    "dont|didnt|not|never want|wanna|wanted to be|stay * alive", "dont want|wanna * be alive", "dont want|wanna * live anymore", "dont want|wanna * live in this", "dont want|wanna * exist~", "stop exist~", "not want to exist", "want|wanna * be dead",
    "dont want|wanna to wake up", "dont want|wanna wake up", "not|never wake|waking up", "never wake again", "disappointed * i woke", "sleep forever", "go to sleep and never", "fall asleep and never|not",
    "dont|not|no * deserve to live|exist", "dont deserve to live", "i should * die", "i should be dead", "why am i * alive", "if i died|die * would|nobody|noone|who", "i could just die and",
    "be|go|follow where|with|him|her|them she|he|him|her|my|they is|are|husband|wife|baby|son|daughter * dead", "want|need to be with my * husband|wife|mum|mom|dad|baby|son|daughter|mother|father", "i want to be where she|he", "i want to follow him|her|them",
    // Life as nothing.
    "no|any|another|one reason to live|keep|go|stay", "no point in|of|to living|life|going|being", "point of|in living|life|being|existing", "life * not|isnt|aint|never * worth", "isnt worth living", "not worth living", "nothing * to live for", "nothing left for me",
    "tired|sick|done of|with * living|life|being alive|existing", "tired of being alive", "done fighting", "had enough of * life", "lost * will to live", "cant|cannot|not * keep|go on living", "not strong enough to * live|living", "i cant go on like", "cant go on anymore", "cannot go on",
    "life is over", "no future for me", "world without her|him|them|me", "see myself * alive", "cant live with what|myself", "is * living * choose not", "be around|here much longer", "wont be around", "wont be here next|tomorrow|anymore|long|by", "not going to be around|here", "dont want|wanna to be here anymore",
    "dont want|wanna be here anymore", "wont|not * make it through|till|until the|this|to night|tonight|morning|weekend", "last day on earth", "not afraid of death|dying",
    // Being a burden, being missed by none.
    "burden to|on * everyone|everybody|family|them|all|people|my", "im|am a burden", "nobody|noone|anyone|anybody * miss|notice|care * if|when i|me", "no one * miss|notice|care * i|me", "nobody|noone would miss me", "no one would miss me", "would anyone care", "be sorry when im * dead|gone",
    "disappear * for good", "disappear and never come", "disappear forever", "insurance * worth more than", "worth more dead", "kindest thing * for them",
    // Thoughts, intent, method.
    "kill|hang|shoot|drown|off|unalive|offing|killing|hanging|shooting|drowning|unaliving|hurt|hurting|harm|harming|cut|cutting|burn|burned|burnt|stab|slit|poison|starve|starving myself|my wrists|my wrist|my arms|my arm|my thighs|my throat|my veins", "kill|hurt|harm|hang|unalive|offing|shoot|drown myself", "cutting myself|herself|himself", "end|ending|take|taking my|it|his|her * own life", "end|ending my life",
    "taking|take my own life", "took my own life", "slit|slitting|cut|cutting my|his|her * wrists|wrist|veins|throat", "i * keep|started|want|need|urge * to|and cutting|cut|bleed", "i * kms", "wanna|want|gonna|going to|will kms", "ctb", "unalive", "end it * tonight|tomorrow|today|now|anymore", "end it all * i", "i * want|going|gonna|might|could|will|just * end it",
    "just end it", "end things * me", "ending things * me", "not the relationship , me", "want * it|everything|this|all to|be stop|over|end * permanently|forever|me", "want it to be over", "want|need|wanted the|this|my pain|suffering|hurting to|2 end|stop|over", "want|need|just * everything to stop", "make it stop * i",
    "jump|jumping|step|throw|throwing * in|front|off|from|of * train|bridge|building|roof|balcony|truck|bus|car|cliff|floor|window|platform", "should i * jump", "on the bridge", "on the roof", "on the|a ledge", "platform edge", "on the edge and", "swerve * into|off", "drive|driving|crash|steer * car|into|it into|off * tree|wall|bridge|traffic|cliff|truck", "let go of the wheel", "wish * car|bus|truck|train|someone|somebody would * hit|kill|shoot|end",
    "gun in|to my mouth|head", "dads|my|a|the gun * here|head|mouth|loaded", "i * loaded gun", "a rope * looking|neck|ready", "noose", "exhaust * ready", "hose * exhaust|ready|car", "hang|hanging|hanged|hung myself", "at the end of my rope",
    "pills|meds|tablets|paracetamol|ibuprofen|tylenol|antidepressants|xanax|insulin * in front|counted|saved|enough|how many|all", "took|take|taken|swallowed|swallow|taking all|too|30|40|50|60|twenty|thirty|forty|fifty|the * many|my|whole|of|paracetamol|pills|meds|tablets", "swallowed all", "took * paracetamol|pills|tablets * ago", "a bottle of pills", "stockpiling|hoarding|saving * my|up|pills|antidepressants|meds", "how many * pills|tablets|sleeping * would|does|do * take|need", "box of * and im|i", "od|oding on", "i overdosed", "going|gonna|want|planning to|2 overdose|od", "drank|drink|drinking bleach|antifreeze", "painless|painful|least|quick|quickest|easiest * way|ways to die|go|end", "would it * hurt to jump|hang|drown", "is it * painful|hurt to drown|hang|die", "how|cut deep|too * cut|deep do|i", "cut too deep", "how deep do i",
    "suicidal * and|i|thoughts|again|now|today|since|for", "i|im|am|feel|feeling|feels|felt|been * suicidal", "think|thinking|thought|thoughts|considering|contemplating|planning * about|of * suicide|dying|ending|death|self|killing|taking", "suicide * only|way|option|answer|out|easier|best", "thoughts of self|suicide|death|dying|harm|ending|killing", "self harm|harmed|harming * again|i|urges|last|relaps~", "thoughts|urges of|to self harm|harm|cut", "relapsed and|on|with|into * cut|cutting|self|harm|arms", "urge to cut|end|die|jump|hurt", "urge to * it", "razor|blade|lighter * only|helps|skin", "want to bleed", "die tonight", "dying * all the time|day|kindest|would be", "voices * tell|telling|say|saying * kill|die|hurt|end|jump",
    "keep myself safe", "might do to myself", "do something * to myself|stupid", "kill me please", "please kill me", "someone kill me", "god * takes|take me", "my own funeral", "body to give up", "stopped eating * i|want", "find my body", "body when they",
    // Preparation and goodbyes.
    "planning|planned|plan * it for|how|when|weeks|date|death", "i know how and when", "chosen|picked|set a|the|my date", "saturday|sunday|monday|tuesday|wednesday|thursday|friday|tonight|tomorrow is the day", "wrote|written|writing|write * letters|notes|note|goodbye|suicide to|for|and|note * kids|children|family|mum|mom|parents|everyone|they", "goodbye|suicide|farewell note|letter * family|kids|parents|wont|i", "said my goodbyes", "saying my goodbyes", "gave|giving|given * dog|cat|things|stuff|everything away|sister|friend|brother|wont * needing|need|wont", "wont be needing", "sorted|sorting|made|wrote my will * time|ready|cancelled|tonight", "cancelled everything", "last message * thank|goodbye|sorry|i|bye", "by the time * reads|read|see|sees|find|finds this|me", "wont hear from me", "tell my|them|her|him mum|mom|kids|family|dad|wife|husband|i|everyone * love", "goodbye everyone|world|all", "im done * goodbye", "thank you for * trying|being kind", "cant be saved", "made * peace with|ready * it|go|goodbyes", "tonight i * rest|go|end|sleep", "rest for good", "i rest", "ready to go * made|peace|goodbyes", "way out * alive|this|me|except|suicide|death", "dont see a way out", "leaves me alive", "nothing matters anymore * and|i|wont",
    // Violence that is going on, and others in danger.
    "kill|kills|hurt|stab|shoot me|us if|when|and|tonight|i", "kill me if i", "he|she|they will|ll|gonna|going|is|said * kill|stab|shoot|hurt me|us * i|leave|if|door|tonight|outside|scared", "scared|afraid * he|she|they * kill|hurt|hit|stab me|us", "will kill me", "choked me", "strangled me", "hitting|beating|raping|choking me|us|my * now|again|right", "hes|shes * hitting|beating me", "raped me", "i am|im * bleeding * lot|heavily|out|much|and", "bleeding a lot",
    "friend|brother|sister|daughter|son|wife|husband|mum|mom|dad|girlfriend|boyfriend|roommate|partner|she|he|kid|child * going|wants|want|threaten~|trying|tried|about|planning|says * to kill|die|end|hurt|jump|overdose|take|cut|suicide|hang * herself|himself|themselves|tonight|life|what|now|help|it", "going to kill herself|himself|themselves", "going to kill her|him self", "says|said|told|texted|saying * wants|want|going|gonna to die|kill|end|jump", "cutting herself|himself", "locked * in * knife|bathroom|pills|gun",
];

/// What may be said of other things as well: it counts where nothing says that it is.
#[rustfmt::skip]
const LIKELY: &[&str] = &[
    "suicid~", "kill myself|herself|himself|themselves", "end my life", "want|wanna|wants to|2 die", "self harm", "overdose * on|of|pills", "kms", "hang myself", "shoot myself", "i want to disappear", "i hate myself", "i cant do this anymore", "i cant take this|it anymore",
    "i * worthless", "goodbye forever", "empty * let go", "everything to stop", "cut myself", "nothing matters", "i lost everything",
];

/// What says that the talk is of fiction, study, news, machines or figures of speech.
#[rustfmt::skip]
const ELSEWHERE: &[&str] = &[
    "character|characters|protagonist|hero|heroine|villain|novel|novels|play|scene|script|screenplay|movie|film|plot|chapter|lyrics|poem|monologue|story|fiction|book|read|band|song|game|boss|sims|minecraft|squad|series",
    "thesis|essay|exam|theory|theories|sociology|philosophy|psychology|flashcards|article|journalists|report|reporting|news|rates|statistics|table|bill|parliament|policy|law|laws|history|feudal|legal|study|studies|research|researching",
    "medical student", "as a nurse", "the patient", "patient in", "case study", "screening|curriculum|training", "teachers|lecture|seminar", "cousin|grandfather|ancestor|1952", "condolence", "basketball|drills|car|rocket|door|doors|climb|landing|train for", "social suicide|burn", "rm|linux|process|aws|azure|key|policy|server|query|instances|tables|code",
    "laughing|laugh|idiom|foot|synonym|translate|spanish|tense|embarrassed", "shaving|shaved|kitchen|paper|potato", "explain|summarise|summarize|compare|list|what is|who was|what does|when did|how did|why does", "10|5|21|42 kms", "better light",
];
