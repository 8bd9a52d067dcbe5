//! Which values a sentence holds.

use super::*;

fn shown(text: &str) -> Vec<String> {
    values(text).iter().map(|value| format!("{:?} {}", value.kind, &text[value.at.clone()])).collect()
}

#[test]
fn values_of_all_kinds() {
    for (text, wanted) in [
        (
            "Members can borrow up to five books for three weeks",
            &["Count(\"book\") up to five books", "Span(\"long\") three weeks"][..],
        ),
        ("Book for 4 people on Friday at 7 pm", &["People 4 people", "When on Friday at 7 pm"]),
        ("It's only four of us", &["People four of us"]),
        ("Two of the guests are vegan", &["Count(\"part\") Two", "Class(\"diet\") vegan"]),
        ("1,260 in total, among four.", &["Number 1,260", "People four"]),
        ("We're nineteen in all", &["People nineteen"]),
        ("a rent reduction of 20 percent", &["Percent 20 percent"]),
        ("a 15 euro voucher, or €20", &["Money 15 euro", "Money €20"]),
        ("5.4 by 4.2 metres and 2.6 metres high", &["Size 5.4 by 4.2 metres", "Measure(\"m high\") 2.6 metres high"]),
        ("about 2 kilos", &["Measure(\"kg\") about 2 kilos"]),
        ("We moved to JUnit 5 and MySQL 8", &["Class(\"framework\") JUnit 5", "Class(\"database\") MySQL 8"]),
        ("name it 2024-05-31_001 in a.csv", &["Code 2024-05-31_001", "Code a.csv"]),
        ("sign it Jonas Berg", &["Name Jonas Berg"]),
        ("I was thinking of a pie chart", &["Class(\"chart\") pie chart"]),
        ("she's applying as data analyst", &["Class(\"job\") data analyst"]),
        ("nice, go to Nice", &["Class(\"place\") Nice"]),
        ("one of them", &[]),
    ] {
        assert_eq!(shown(text), wanted, "{text}");
    }
}
