//! The manual's page on transport: its configurations are ones, and its table of requests is true.

use groundwire::config::{Config, Overrides};

const PAGE: &str = include_str!("../../src/manual/upstreams.md");

fn configurations() -> impl Iterator<Item = Config> {
    let blocks = PAGE.split("```toml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    // The files that they name are nobody's here, so they are read, and not looked for.
    blocks.map(|block| Config::from_toml(block, "upstreams.md", &Overrides::default()).unwrap())
}

#[test]
fn every_example_is_a_configuration() {
    assert_eq!(configurations().count(), 4);
    assert!(configurations().next().unwrap().tls.is_some());
}

#[test]
fn the_table_says_where_requests_go() {
    let config = configurations().nth(1).unwrap();
    let (_, table) = PAGE.split_once("| request | goes to |\n|---|---|\n").unwrap();
    let rows: Vec<_> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 5);
    for row in rows {
        let mut cells = row.split('`').skip(1).step_by(2);
        let (asked, there) = (cells.next().unwrap(), cells.next().unwrap());
        let path = asked.split('?').next().unwrap();
        let takes = |to: &groundwire::config::Destination<'_>| to.prefix.is_some_and(|prefix| prefix.matches(path));
        let longest =
            config.destinations().filter(takes).max_by_key(|to| to.prefix.map(|prefix| prefix.as_str().len()));
        let to = longest.unwrap_or_else(|| config.destinations().next().unwrap());
        let rest = &asked[to.prefix.map_or(0, |prefix| prefix.as_str().len())..];
        assert_eq!(format!("{}{rest}", to.url), there);
    }
}
