//! Turns that pass the language gate, and turns that do not.

use super::*;

#[test]
fn the_word_list_is_sorted_and_short() {
    assert!(ENGLISH.is_sorted_by(|a, b| a < b));
    assert!(ENGLISH.iter().all(|word| word.len() <= 10));
}

#[test]
fn other_languages_abstain() {
    for text in [
        "Kannst du mir bitte erklären, wie man einen Kuchen ohne Eier backt?",
        "Schreib mir eine kurze Bewerbung für eine Stelle als Koch.",
        "Bonjour, pouvez-vous me dire comment renouveler mon passeport à Lyon ?",
        "Résume ce texte en trois phrases s'il te plaît",
        "¿Cuál es la mejor manera de aprender a tocar la guitarra en casa?",
        "Necesito que me ayudes a escribir una carta para mi jefe",
        "Puoi spiegarmi la differenza tra un mutuo fisso e uno variabile?",
        "Você pode me ajudar a planejar uma viagem para o Rio de Janeiro?",
        "Kan je me helpen met het schrijven van een brief aan de gemeente?",
        "Jak mogę szybko nauczyć się grać na pianinie bez nauczyciela?",
        "Hur lagar man köttbullar med gräddsås på bästa sätt hemma?",
        "Bana İstanbul'da gezilecek en güzel yerleri listeler misin?",
        "Tolong jelaskan bagaimana cara membuat nasi goreng yang enak",
        "Làm thế nào để nấu phở bò ngon tại nhà cho gia đình bốn người?",
        "Как приготовить борщ без мяса?",
        "怎么做红烧肉？",
        "東京でおすすめのレストランを教えてください",
        "안녕하세요, 여행 계획을 도와주세요",
        "كيف يمكنني تعلم البرمجة بسرعة؟",
        "मुझे एक कहानी सुनाओ",
        "Πώς μπορώ να μάθω κιθάρα γρήγορα;",
        "תכתוב לי שיר קצר על הים",
        "用 Python 写一个函数来排序列表",
    ] {
        assert!(is_foreign_text(text), "{text}");
    }
}

#[test]
fn english_in_any_dress_passes() {
    for text in [
        "",
        "?",
        "ok",
        "danke",
        "plz fix teh code asap bro its brokn agian",
        "i am wanting to know the how to make biryani for persons four",
        "how u doin 2day m8",
        "whats teh wether liek in pari tomorow",
        "Translate to English: Je voudrais un café s'il vous plaît et une baguette bien cuite",
        "Translate to English: 我想要一杯咖啡，谢谢你的帮助，祝你今天愉快",
        "Was bedeutet das? What does this sentence mean in English, please",
        "Giovanni Rossi, Marco Bianchi, Lucia Ferrari, Paolo Esposito, Anna Romano",
        "SELECT nome, cognome FROM utenti WHERE citta = 'Roma' ORDER BY cognome;",
        "for (int i = 0; i < n; i++) { somma += valori[i]; }",
        "∑ αβγ = λ·μ, ∂φ/∂t = κΔφ",
        "lorem ipsum",
        "¿Qué significa \"hasta la vista\"?",
        "spaghetti carbonara recipe",
        "Explain the difference between ser and estar",
        "asdf qwer zxcv",
        "HELP ME FIX MY WASHING MACHINE IT MAKES NOISE",
        "What does 你好 mean?",
    ] {
        assert!(!is_foreign_text(text), "{text}");
    }
}
