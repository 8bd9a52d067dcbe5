//! Every coding and every stack of them, cut anywhere, cut short, damaged, and swollen.
#![allow(clippy::unwrap_used)]

use http::HeaderValue;

use super::*;

fn codings(values: &[&'static str]) -> Result<Codings, UnknownCoding> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
    }
    Codings::of(&headers)
}

#[test]
fn what_is_plain_and_what_is_unknown() {
    for plain in [&[][..], &["identity"], &["Identity, identity"], &[""], &[" , "]] {
        assert!(codings(plain).unwrap().is_identity(), "{plain:?}");
    }
    for unknown in [&["compress"][..], &["gzip, dcb"], &["gzip", "x"], &["br;q=1"], &["gzip,gzip,gzip,gzip"]] {
        assert_eq!(codings(unknown), Err(UnknownCoding), "{unknown:?}");
    }
}

#[cfg(not(feature = "codings"))]
#[test]
fn nothing_is_known_without_the_feature() {
    for name in ["gzip", "deflate", "br", "zstd"] {
        assert_eq!(codings(&[name]), Err(UnknownCoding), "{name}");
    }
}

#[cfg(feature = "codings")]
mod with_decoders {
    use std::io::Write;

    use proptest::prelude::*;

    use super::super::encoding::{encode, flushed};
    use super::*;

    fn known(names: &[&str]) -> Codings {
        let mut headers = HeaderMap::new();
        let list = names.join(", ").replace("bare", "deflate");
        headers.insert(CONTENT_ENCODING, HeaderValue::from_str(&list).unwrap());
        Codings::of(&headers).unwrap()
    }

    fn stacked(names: &[&str], plain: &[u8]) -> Vec<u8> {
        names.iter().fold(plain.to_vec(), |bytes, name| encode(name, &bytes))
    }

    const STACKS: [&[&str]; 11] = [
        &["gzip"],
        &["X-GZIP"],
        &["deflate"],
        &["bare"],
        &["br"],
        &["zstd"],
        &["gzip", "br"],
        &["zstd", "gzip"],
        &["br", "zstd", "deflate"],
        &["bare", "identity", "gzip"],
        &["gzip", "gzip", "gzip"],
    ];

    /// A stack as it is named in the header, and how it is made.
    fn made(names: &'static [&'static str], plain: &[u8]) -> (Codings, Vec<u8>) {
        let lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        let real: Vec<&str> = lower.iter().map(String::as_str).filter(|name| *name != "identity").collect();
        (known(names), stacked(&real, plain))
    }

    #[test]
    fn every_stack_is_read_however_it_is_cut() {
        let long = "a long text with repeats, repeats and repeats. ".repeat(3000);
        for plain in ["", "x", &long] {
            for names in STACKS {
                let (codings, body) = made(names, plain.as_bytes());
                assert_eq!(codings.decode(&body, plain.len()).unwrap(), plain.as_bytes(), "{names:?}");
                let mut out = Vec::new();
                let mut decoder = codings.decoder();
                for piece in body.chunks(7) {
                    assert!(!decoder.has_ended(), "{names:?}");
                    decoder
                        .feed(piece, &mut |plain| {
                            out.extend_from_slice(plain);
                            Ok(())
                        })
                        .unwrap();
                }
                assert!(decoder.has_ended(), "{names:?}");
                assert_eq!(out, plain.as_bytes(), "{names:?}");
            }
        }
    }

    #[test]
    fn what_is_flushed_is_there_at_once() {
        for name in ["gzip", "deflate", "br", "zstd"] {
            let mut decoder = known(&[name]).decoder();
            let pieces = ["data: {\"a\":", "1}\n", "\n", "data: 2\n\n"];
            for (piece, received) in pieces.iter().zip(flushed(name, &pieces.map(str::as_bytes))) {
                let mut out = Vec::new();
                decoder
                    .feed(&received, &mut |plain| {
                        out.extend_from_slice(plain);
                        Ok(())
                    })
                    .unwrap();
                assert_eq!(String::from_utf8(out).unwrap(), *piece, "{name}");
            }
        }
    }

    #[test]
    fn a_bomb_stops_at_the_bound() {
        let zeros = vec![0; 3 << 20];
        for names in [&["gzip"][..], &["deflate"], &["br"], &["zstd"], &["gzip", "gzip"]] {
            let bomb = stacked(names, &zeros);
            assert!(bomb.len() < 64 << 10, "{names:?}: {}", bomb.len());
            let codings = known(names);
            assert_eq!(codings.decode(&bomb, 1 << 20), Err(Undecoded::TooLarge), "{names:?}");
            let (mut seen, mut decoder) = (0, codings.decoder());
            let stopped = decoder.feed(&bomb, &mut |plain| {
                assert!(plain.len() <= STEP);
                seen += plain.len();
                if seen > 1 << 20 { Err(Undecoded::TooLarge) } else { Ok(()) }
            });
            assert_eq!(stopped, Err(Undecoded::TooLarge));
            assert!(seen <= (1 << 20) + STEP, "{names:?}: nothing is decoded beyond it");
        }
        // One byte less than the bound is as good as the bound; one more is not.
        let body = stacked(&["gzip"], &[7; 1000]);
        assert!(known(&["gzip"]).decode(&body, 1000).is_ok());
        assert_eq!(known(&["gzip"]).decode(&body, 999), Err(Undecoded::TooLarge));
    }

    #[test]
    fn what_was_cut_or_damaged_or_lies_is_corrupt() {
        let plain =
            br#"{"messages":[{"role":"user","content":"a text of some length, in which something may be amiss"}]}"#;
        for names in [&["gzip"][..], &["deflate"], &["br"], &["zstd"], &["br", "gzip"]] {
            let (codings, body) = (known(names), stacked(names, plain));
            for cut in 0..body.len() {
                assert_eq!(codings.decode(&body[..cut], 1 << 20), Err(Undecoded::Corrupt), "{names:?} cut at {cut}");
            }
            assert_eq!(codings.decode(plain, 1 << 20), Err(Undecoded::Corrupt), "{names:?}: it is plain");
            let more = [&body[..], b"more"].concat();
            assert_eq!(codings.decode(&more, 1 << 20), Err(Undecoded::Corrupt), "{names:?}: something follows");
        }
        let mut body = encode("gzip", plain);
        let sum = body.len() - 6;
        body[sum] ^= 1;
        assert_eq!(known(&["gzip"]).decode(&body, 1 << 20), Err(Undecoded::Corrupt), "the check sum differs");
    }

    #[test]
    fn members_and_frames_follow_one_another() {
        for name in ["gzip", "zstd"] {
            let body = [encode(name, b"one, "), encode(name, b"two")].concat();
            assert_eq!(known(&[name]).decode(&body, 100).unwrap(), b"one, two", "{name}");
        }
    }

    #[test]
    fn a_window_that_no_coding_may_have_is_refused() {
        let mut to = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        to.window_log(27).unwrap();
        to.write_all(&vec![1; 9 << 20]).unwrap();
        let body = to.finish().unwrap();
        assert_eq!(known(&["zstd"]).decode(&body, 64 << 20), Err(Undecoded::Corrupt));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn no_bytes_disturb_it(bytes in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(), to: u8) {
            for name in ["gzip", "deflate", "bare", "br", "zstd"] {
                let mut body = encode(name, &bytes);
                let at = at.index(body.len());
                body[at] = to;
                let _ = known(&[name]).decode(&body, 1 << 16);
                let _ = known(&[name]).decode(&bytes, 1 << 16);
            }
        }
    }
}
