//! The share of a thread that goes to replies.

use super::*;

#[test]
fn replies_get_their_share_of_a_thread_and_no_turn_waits_for_the_rest() {
    let mut play = Play::ready(Limits { threads: 1, reply_share: 25, ..LIMITS });
    assert!(play.roster.may_read(play.now));
    let read = |play: &mut Play| {
        assert!(play.reply());
        play.step(0, Outcome::Fine);
        assert!(matches!(play.threads[0].1, Doing::Reading(_)));
        play.pass(5);
        play.step(0, Outcome::Fine);
    };
    read(&mut play);
    // It took five milliseconds, a quarter of the twenty that follow from its beginning.
    assert!(play.reply());
    play.pass(14);
    play.step(0, Outcome::Fine);
    assert_eq!(play.threads[0].1, Doing::Idle);
    assert!(!play.roster.may_read(play.now));
    assert_eq!(play.ask(), None);
    play.step(0, Outcome::Fine);
    assert!(matches!(play.threads[0].1, Doing::Running(_)), "a turn");
    play.step(0, Outcome::Fine);
    play.pass(1);
    assert!(play.roster.may_read(play.now));
    play.step(0, Outcome::Fine);
    assert!(matches!(play.threads[0].1, Doing::Reading(_)));
    play.pass(5);
    play.step(0, Outcome::Fine);
    // Whoever waits for the last replies does not wait for the rests between them.
    assert!(play.reply());
    play.step(0, Outcome::Fine);
    assert_eq!(play.threads[0].1, Doing::Idle);
    play.roster.hurry(true);
    play.step(0, Outcome::Fine);
    assert!(matches!(play.threads[0].1, Doing::Reading(_)));
    play.pass(5);
    play.step(0, Outcome::Fine);
    // It looks once more, finds nothing, and waits for as long as it takes: then it must be told of the next.
    play.step(0, Outcome::Fine);
    assert_eq!(play.threads[0].1, Doing::Idle);
    play.roster.hurry(false);
    assert!(play.roster.may_read(play.now));
}
