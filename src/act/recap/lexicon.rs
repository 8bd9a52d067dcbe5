//! Word lists: words that say nothing by themselves, kinds of things of which a conversation names one at a time, and words
//! that stand for one another.

/// Words that carry no meaning of their own; sorted.
#[rustfmt::skip]
const STOPWORDS: &[&str] = &[
    "a", "able", "about", "actually", "after", "again", "all", "also", "am", "an", "and", "any", "anyway", "are", "aren't",
    "as", "at", "be", "because", "been", "before", "being", "both", "but", "by", "can", "can't", "could", "did", "didn't",
    "do", "does", "doesn't", "doing", "don't", "done", "each", "either", "else", "even", "ever", "every", "few", "for",
    "from", "get", "gets", "give", "go", "going", "got", "had", "has", "have", "having", "he", "he'll", "he's", "her",
    "here", "hers", "him", "his", "hm", "hmm", "how", "i", "i'd", "i'll", "i'm", "i've", "if", "in", "instead", "into",
    "is", "isn't", "it", "it'll", "it's", "its", "just", "keep", "know", "let", "let's", "like", "make", "makes", "may",
    "maybe", "me", "mean", "meant", "might", "mine", "more", "most", "much", "must", "my", "need", "needs", "no", "nope",
    "nor", "not", "now", "of", "off", "oh", "ok", "okay", "on", "one", "only", "onto", "oops", "or", "other", "others",
    "our", "ours", "out", "over", "please", "put", "really", "said", "say", "says", "shall", "she", "she'll", "she's",
    "should", "so", "some", "something", "sorry", "still", "such", "than", "thanks", "that", "that's", "the", "their",
    "them", "then", "there", "there's", "these", "they", "they're", "thing", "things", "think", "this", "those", "though",
    "to", "too", "under", "until", "up", "us", "use", "used", "very", "wait", "want", "wants", "was", "wasn't", "we",
    "we'd", "we'll", "we're", "we've", "well", "were", "what", "what's", "when", "where", "which", "while", "who", "whole",
    "why", "will", "with", "won't", "would", "yeah", "yes", "yet", "you", "you're", "your",
];

/// Whether a word says nothing by itself.
pub(super) fn is_stopword(lower: &str) -> bool {
    STOPWORDS.binary_search(&lower).is_ok()
}

/// Kinds of things of which one replaces another: of two databases, colours or cities the later is meant, where anything
/// says that something has changed.
#[rustfmt::skip]
const CLASSES: &[(&str, &[&str])] = &[
    ("language", &["python", "javascript", "typescript", "java", "kotlin", "swift", "rust", "golang", "ruby", "php", "perl", "scala",
        "haskell", "c", "c++", "c#", "r", "julia", "matlab", "bash", "powershell", "lua", "dart", "elixir", "clojure", "fortran", "cobol", "vba", "go"]),
    ("database", &["postgres", "postgresql", "mysql", "mariadb", "sqlite", "oracle", "mongodb", "mongo", "redis", "cassandra",
        "dynamodb", "bigquery", "snowflake", "redshift", "sql server", "duckdb", "clickhouse", "elasticsearch"]),
    ("framework", &["react", "vue", "angular", "svelte", "django", "flask", "fastapi", "rails", "spring", "laravel", "express", "next.js",
        "nuxt", "tailwind", "bootstrap", "jquery", "pytorch", "tensorflow", "pandas", "polars", "numpy", "matplotlib", "seaborn", "plotly", "ggplot2", "junit", "pytest", "jest"]),
    ("cloud", &["aws", "azure", "gcp", "google cloud", "heroku", "netlify", "vercel", "cloudflare"]),
    ("system", &["windows", "linux", "macos", "mac", "ubuntu", "debian", "fedora", "android", "ios", "iphone"]),
    ("format", &["csv", "json", "xml", "yaml", "toml", "pdf", "docx", "word document", "markdown", "html", "excel", "xlsx", "parquet", "png", "jpeg", "jpg", "svg", "mp3", "mp4",
        "powerpoint", "slides", "latex"]),
    ("colour", &["red", "green", "blue", "yellow", "orange", "purple", "pink", "black", "white", "grey", "gray", "brown", "teal", "navy",
        "turquoise", "beige", "gold", "silver", "violet", "maroon", "cream", "lavender", "dark blue", "light blue", "dark green"]),
    ("chart", &["pie chart", "bar chart", "line chart", "scatter plot", "histogram", "heatmap", "box plot", "area chart", "bubble chart",
        "stacked bar chart", "donut chart", "line graph", "bar graph", "treemap", "radar chart", "violin plot", "flowchart", "table"]),
    ("form", &["poem", "sonnet", "haiku", "limerick", "ballad", "short story", "story", "novel", "essay", "email", "e-mail", "letter",
        "blog post", "article", "newsletter", "press release", "speech", "toast", "report", "memo", "tweet", "postcard", "song", "rap", "play", "screenplay", "monologue", "fairy tale", "obituary", "eulogy"]),
    ("tone", &["formal", "informal", "casual", "friendly", "serious", "funny", "humorous", "professional", "playful", "sarcastic", "neutral",
        "warm", "stern", "polite", "blunt", "dramatic", "cheerful", "solemn", "ironic", "poetic"]),
    ("tense", &["past tense", "present tense", "future tense"]),
    ("person", &["first person", "second person", "third person"]),
    ("spelling", &["british english", "american english", "british spelling", "american spelling"]),
    ("tongue", &["english", "german", "french", "spanish", "italian", "portuguese", "dutch", "polish", "russian", "chinese", "mandarin",
        "japanese", "korean", "arabic", "turkish", "hindi", "swedish", "danish", "norwegian", "finnish", "greek", "czech", "catalan"]),
    ("transport", &["train", "plane", "car", "bus", "bike", "bicycle", "ferry", "taxi", "rental car", "camper van", "campervan", "motorbike", "flight", "boat"]),
    ("lodging", &["hotel", "hostel", "apartment", "airbnb", "campsite", "guesthouse", "bed and breakfast", "resort", "cabin", "chalet", "motel"]),
    ("meal", &["breakfast", "brunch", "lunch", "dinner", "supper"]),
    ("protein", &["chicken", "beef", "pork", "lamb", "salmon", "tuna", "cod", "trout", "shrimp", "prawns", "tofu", "tempeh", "halloumi", "turkey", "duck", "steak", "bacon", "paneer"]),
    ("starch", &["rice", "pasta", "noodles", "potatoes", "couscous", "quinoa", "bulgur", "polenta", "gnocchi", "spaghetti"]),
    ("flavour", &["vanilla", "chocolate", "strawberry", "lemon", "caramel", "hazelnut", "coffee", "raspberry", "coconut", "pistachio"]),
    ("diet", &["vegan", "vegetarian", "pescatarian", "keto", "paleo", "gluten-free", "halal", "kosher"]),
    ("cuisine", &["thai", "indian", "mexican", "moroccan", "lebanese", "vietnamese", "ethiopian"]),
    ("sport", &["tennis", "football", "soccer", "basketball", "volleyball", "swimming", "yoga", "pilates", "climbing", "boxing", "golf", "badminton"]),
    ("instrument", &["guitar", "piano", "violin", "drums", "flute", "cello", "ukulele", "trumpet", "saxophone", "harp"]),
    ("genre", &["jazz", "rock", "pop", "classical music", "hip hop", "techno", "folk", "blues", "reggae", "metal", "funk", "soul"]),
    ("animal", &["dog", "cat", "rabbit", "hamster", "parrot", "horse", "fox", "bear", "owl", "dragon", "rat", "mouse", "wolf", "penguin", "turtle"]),
    ("age", &["toddlers", "teenagers", "adults", "seniors", "beginners", "experts", "intermediates", "children"]),
    ("job", &["analyst", "engineer", "manager", "nurse", "teacher", "developer", "designer", "director", "consultant", "accountant",
        "head of", "assistant", "electrician", "plumber", "carpenter", "chef", "doctor", "lawyer", "editor", "librarian", "scientist", "researcher", "intern", "coordinator", "specialist"]),
    ("place", &["amsterdam", "athens", "austin", "bangkok", "barcelona", "basel", "beijing", "berlin", "bologna", "bordeaux", "boston", "brussels",
        "budapest", "cairo", "cape town", "chicago", "cologne", "copenhagen", "dallas", "delhi", "denver", "dublin", "edinburgh", "florence",
        "frankfurt", "geneva", "genoa", "ghent", "glasgow", "graz", "hamburg", "helsinki", "hong kong", "istanbul", "kyoto", "krakow", "leeds", "leipzig", "lille",
        "lisbon", "ljubljana", "london", "los angeles", "lyon", "madrid", "manchester", "marseille", "melbourne", "mexico city", "miami",
        "milan", "montreal", "moscow", "mumbai", "munich", "naples", "new york", "nice", "oslo", "osaka", "oxford", "paris", "philadelphia",
        "porto", "portland", "prague", "riga", "rome", "rotterdam", "salzburg", "san diego", "san francisco", "seattle", "seoul", "seville", "shanghai",
        "singapore", "stockholm", "sydney", "tallinn", "tokyo", "toronto", "turin", "valencia", "vancouver", "venice", "vienna", "vilnius",
        "warsaw", "washington", "zurich", "austria", "belgium", "brazil", "canada", "china", "croatia", "denmark", "egypt", "england",
        "finland", "france", "germany", "greece", "hungary", "iceland", "india", "ireland", "italy", "japan", "kenya", "mexico", "morocco",
        "netherlands", "norway", "peru", "poland", "portugal", "scotland", "slovenia", "spain", "sweden", "switzerland", "thailand", "tuscany", "vietnam", "wales", "bali",
        "crete", "mallorca", "sardinia", "sicily", "corsica", "provence", "brittany", "bavaria", "tyrol", "cornwall", "andalusia"]),
];

/// The kind of thing that these words name, and how many of them do; the longest name counts.
pub(super) fn class(words: &[&str]) -> Option<(&'static str, usize)> {
    let mut best: Option<(&'static str, usize)> = None;
    let first = words.first()?;
    for (class, names) in CLASSES {
        for name in names.iter().filter(|name| name.starts_with(first)) {
            let length = name.split(' ').count();
            let there = words.len() >= length && best.is_none_or(|(_, longest)| length > longest);
            if there && name.split(' ').zip(words).all(|(part, word)| part == *word) {
                best = Some((class, length));
            }
        }
    }
    best
}

/// Kinds whose names are told by what stands before them, too: "data analyst", "three-part essay".
pub(super) fn takes_modifiers(class: &str) -> bool {
    matches!(class, "job" | "form" | "chart")
}

/// Stems that stand for one another: one of a kind for the kind, and near synonyms.
#[rustfmt::skip]
const AKIN: &[&[&str]] = &[
    &["fish", "salmon", "tuna", "cod", "trout", "mackerel", "herr", "sardin", "haddock"],
    &["meat", "beef", "pork", "lamb", "chicken", "steak", "bacon", "ham", "sausag", "turkey"],
    &["lawn", "gras", "grass", "turf"],
    &["nut", "walnut", "almond", "cashew", "hazelnut", "peanut", "pecan"],
    &["dairy", "milk", "chees", "butter", "cream", "yogurt", "yoghurt"],
    &["alcohol", "wine", "beer", "prosecco", "champagn", "cocktail"],
    &["fruit", "appl", "pear", "berry", "orang", "banana", "plum", "cherry"],
    &["music", "song", "band", "playlist", "dj"],
    &["pictur", "photo", "imag", "photograph"],
    &["car", "driv", "vehicl"],
    &["pric", "cost", "budget", "money"],
    &["movi", "film"],
    &["kid", "child", "children"],
    &["flower", "ros", "tulip", "lily", "daisy", "peony", "carnation"],
    &["tree", "oak", "birch", "map", "pin"],
    &["dog", "puppy"],
    &["cat", "kitten"],
    &["sea", "beach", "coast", "seasid"],
    &["mountain", "alp", "hik"],
    &["train", "rail", "railway"],
    &["plan", "flight", "fly"],
    &["hotel", "room"],
    &["test", "exam"],
    &["mail", "email", "e-mail"],
    &["phon", "telephon", "call"],
    &["begin", "start", "leav", "departur", "depart"],
    &["return", "back", "way"],
    &["end", "finish"],
];

/// Whether two stems stand for one another.
pub(super) fn are_akin(a: &str, b: &str) -> bool {
    AKIN.iter().any(|group| group.contains(&a) && group.contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_classes_disjoint_where_it_matters() {
        assert!(STOPWORDS.is_sorted(), "{:?}", STOPWORDS.windows(2).find(|pair| pair[0] > pair[1]));
        assert_eq!(class(&["sql", "server", "2019"]), Some(("database", 2)));
        assert_eq!(class(&["pie", "chart"]), Some(("chart", 2)));
        assert_eq!(class(&["anything"]), None);
    }
}
