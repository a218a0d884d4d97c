//! Tests for parsing and printing times, days and spans.

use super::*;

#[test]
fn event_times_parse_to_utc_microseconds() {
    let parse = |text| Timestamp::parse(text).map(Timestamp::micros);
    assert_eq!(parse("1970-01-01T00:00:00Z"), Some(0));
    assert_eq!(parse("2026-01-31T23:59:59Z"), Some(1_769_903_999_000_000));
    assert_eq!(parse("2026-01-31T23:59:59.5Z"), Some(1_769_903_999_500_000));
    assert_eq!(parse("2026-01-31T23:59:59.1234567+01:30"), Some(1_769_898_599_123_456));
    assert_eq!(parse("2026-01-31T23:59:59-08:00"), Some(1_769_932_799_000_000));
}

#[test]
fn other_text_is_not_an_event_time() {
    for text in [
        "",
        "2026-01-31",
        "2026-01-31 23:59:59Z",
        "2026-01-31T23:59:60Z",
        "2026-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-01-31T23:59:59",
        "2026-01-31T23:59:59.Z",
        "2026-01-31T23:59:59z",
        "2026-01-31T23:59:59Z ",
        "2026-01-31T23:59:59+0100",
        "2026-01-31T23:59:59+24:00",
        "2026-01-31T23:59:59-00:60",
        "2026-01-31T23:59:59+99:99",
        "2026-01-31T23:59:5\u{661}Z",
    ] {
        assert_eq!(Timestamp::parse(text), None, "{text}");
    }
}

#[test]
fn parse_any_form_accepts_other_forms() {
    let parse = |text| Timestamp::parse_any_form(text).map(|(time, form)| (time.to_string(), form));
    let noon = |form| Some(("2026-01-31T12:00:00Z".to_owned(), form));
    assert_eq!(parse("2026-01-31T12:00:00Z"), noon(TimeForm::Usual));
    assert_eq!(parse("2026-01-31T13:30:00+01:30"), noon(TimeForm::Usual));
    for text in ["2026-01-31 12:00:00", "2026-01-31T12:00:00", "2026-01-31 12:00:00.000000000"] {
        assert_eq!(parse(text), noon(TimeForm::WithoutZone), "{text}");
    }
    for text in [
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00:00z",
        "2026-01-31T12:00:00.0+0000",
        "2026-01-31T04:00:00-0800",
        "2026-01-31 13:30:00+01:30",
    ] {
        assert_eq!(parse(text), noon(TimeForm::Other), "{text}");
    }
    for text in [
        "",
        "2026-01-31",
        "2026-01-31t12:00:00Z",
        "2026-01-31  12:00:00",
        "2026-01-31 12:00",
        "2026-01-31 12:00:00 UTC",
        "2026-01-31 12:00:00 +0000",
        "2026-01-31 12:00:00.",
        "2026-01-31 12:00:00+00",
        "2026-01-31 12:00:00Zz",
        "2026-02-29 12:00:00",
        "0001-01-01 00:00:00+0001",
        "2026-01-31 12:00:0\u{661}",
        "1769860800",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn every_byte_of_a_time_is_checked() {
    let text = "2024-02-29T20:45:33Z";
    for at in 0..text.len() {
        for byte in 0..128 {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = byte;
            let changed = String::from_utf8(bytes).unwrap();
            let is_in_form = byte.is_ascii_digit() == text.as_bytes()[at].is_ascii_digit()
                && (byte.is_ascii_digit() || changed == text);
            match Timestamp::parse(&changed) {
                Some(time) => assert_eq!(time.to_string(), changed),
                // The 29th of another month or year, the 25th hour, the 60th minute.
                None => assert!(!is_in_form || changed != text),
            }
            assert!(is_in_form || Timestamp::parse(&changed).is_none(), "{changed}");
        }
    }
    for hours in 0..24 * 366 * 5 {
        let time = Timestamp::from_seconds(1_672_531_200 + hours * 3_607);
        assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
    }
}

#[test]
fn printing_and_parsing_are_inverse() {
    for number in (-700_000..2_900_000).step_by(37) {
        let day = Day::from_number(number);
        assert_eq!(day.to_string().parse(), Ok(day));
        assert_eq!(Timestamp::parse(&day.end().to_string()), Some(day.end()));
    }
}

#[test]
fn weeks_begin_on_monday_and_months_on_the_first() {
    let day = |text: &str| text.parse::<Day>().unwrap();
    for (given, monday, first) in [
        ("2024-03-10", "2024-03-04", "2024-03-01"),
        ("2024-03-11", "2024-03-11", "2024-03-01"),
        ("2024-02-29", "2024-02-26", "2024-02-01"),
        ("1969-12-31", "1969-12-29", "1969-12-01"),
    ] {
        assert_eq!((day(given).monday(), day(given).first_of_month()), (day(monday), day(first)));
    }
}

#[test]
fn years_that_rfc_3339_does_not_have_are_written_with_a_sign() {
    let written = |micros| Timestamp::from_micros(micros).to_string();
    assert_eq!(written(i64::MAX), "+294247-01-10T04:00:54.775807Z");
    assert_eq!(written(i64::MIN), "-290308-12-21T19:59:05.224192Z");
    assert_eq!(written(0), "1970-01-01T00:00:00Z");
    assert_eq!(written(1_500_000), "1970-01-01T00:00:01.5Z");
}

#[test]
fn bounds_accept_days_and_instants_with_and_without_an_offset() {
    let start = |text: &str| text.parse::<Bound>().map(|bound| bound.start().to_string());
    assert_eq!(start("2024-03-01T10:00").as_deref(), Ok("2024-03-01T10:00:00Z"));
    assert_eq!(start("2024-03-01 10:00:05").as_deref(), Ok("2024-03-01T10:00:05Z"));
    assert_eq!(start("2024-03-01T10:00:05+02:00").as_deref(), Ok("2024-03-01T08:00:05Z"));
    for text in [
        "2024-03-01T10:00Z",
        "2024-03-01 10:00z",
        "2024-03-01T12:00+02:00",
        "2024-03-01T12:00+0200",
        "2024-03-01T12:00:00 +02",
        "2024-03-01T08:00:00.0-0200",
    ] {
        assert_eq!(start(text).as_deref(), Ok("2024-03-01T10:00:00Z"), "{text}");
    }
    for text in ["2024-03-01T10:00+é", "2024-03-01T10:00+1:0", "2024-03-01T1:00Z", "2024-03-01é10:00", "24h"]
    {
        assert!(text.parse::<Bound>().is_err(), "{text}");
    }
    for text in ["", "yesterday", "2024-13-01", "2024-03-01T25:00", "2024-3-1", "2024-03-01T10:00 CET"] {
        assert!(text.parse::<Bound>().is_err(), "{text}");
    }
}

#[test]
fn spans_need_a_whole_number_and_a_known_unit() {
    assert_eq!("2w".parse(), Ok(Span::days(14)));
    assert_eq!("90m".parse::<Span>().unwrap().to_string(), "90m");
    assert_eq!("0".parse::<Span>().unwrap().to_string(), "0d");
    for text in [
        "",
        "d",
        "-1d",
        "+1d",
        "1.5d",
        "1y",
        "3M",
        "3 months",
        "99999999d",
        "1é",
        "1 2d",
        "d 1",
        "1-d",
        "1d2h",
        "٣d",
    ] {
        assert!(text.parse::<Span>().is_err(), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn all_spellings_of_a_span_are_equal(
        number in 0..5_000_u32,
        (short, size, names) in proptest::sample::select(vec![
            ("s", 1, &["s", "sec", "secs", "second", "seconds"][..]),
            ("m", 60, &["m", "min", "mins", "minute", "minutes"][..]),
            ("h", 3_600, &["h", "H", "hr", "hrs", "hour", "Hours"][..]),
            ("d", 86_400, &["", "d", "D", "day", "days", "DAYS"][..]),
            ("w", 604_800, &["w", "week", "weeks"][..]),
        ]),
        blanks in " {0,3}",
    ) {
        let span = Span(i64::from(number) * size);
        for name in names {
            let text = format!("{blanks}{number}{blanks}{name}{blanks}");
            proptest::prop_assert_eq!(text.parse::<Span>(), Ok(span), "{}", text);
        }
        proptest::prop_assert_eq!(format!("{number}{short}").parse::<Span>(), Ok(span));
        proptest::prop_assert_eq!(span.to_string().parse::<Span>(), Ok(span));
    }

    #[test]
    fn span_errors_name_valid_spans(text in "[0-9]{0,3}[ a-zA-Z.+-]{0,8}") {
        if let Err(error) = text.parse::<Span>() {
            let text = error.to_string();
            proptest::prop_assert!(text.contains("30d") && text.contains("weeks"), "{}", text);
        }
    }
}
