use super::*;

fn parse(text: &str) -> Result<Answers, AnswersError> {
    Answers::parse(FILE_NAME, text)
}

fn set(answers: &mut Answers, argument: &str) {
    answers.set_argument(argument).unwrap();
}

#[test]
fn without_a_file_the_documented_defaults_hold() {
    let answers = Answers::default();
    assert_eq!((answers.product(), answers.asset()), ("default_plan", "USD"));
    assert_eq!(answers.client(), ClientStyle::Sdk);
    assert_eq!(answers.on_unavailable(), OnUnavailable::Allow);
    assert_eq!(answers.event("app/a.ts#POST:0"), EventAnswers::default());
    assert_eq!(answers.text(), "");
}

#[test]
fn answers_are_added_without_touching_what_a_person_wrote() {
    let before = "# ours\nversion = 1\nasset = \"USD\" # cents are fine\r\n\n# calls\n[events.\"a.ts#POST:0\"]\n  estimate = 0.10\n";
    let mut answers = parse(before).unwrap();
    answers.set(&Key::top("product"), Value::Text("pro".into())).unwrap();
    answers.set(&Key::event("a.ts#POST:0", "estimate"), Value::Number("0.2".parse().unwrap())).unwrap();
    answers.set(&Key::event("a.ts#POST:0", "vendor"), Value::Text("acme".into())).unwrap();
    assert_eq!(
        answers.text(),
        "# ours\nversion = 1\nasset = \"USD\" # cents are fine\r\nproduct = \"pro\"\r\n\n# calls\n[events.\"a.ts#POST:0\"]\n  estimate = 0.2\nvendor = \"acme\"\r\n"
    );
    assert_eq!(parse(answers.text()).unwrap(), answers);
}

#[test]
fn a_new_file_reads_back_and_says_the_same_when_answered_again() {
    let mut answers = Answers::default();
    set(&mut answers, "areas=key,customer");
    set(&mut answers, "events.'app/api/image/route.ts#POST:0'.event_type=image_generated");
    set(&mut answers, "product=pro");
    answers.set_site("signup:app/register/route.ts#POST", false).unwrap();
    answers.set_site("billable:lib/x.ts#run:1", true).unwrap();
    let text = answers.text().to_owned();
    insta::assert_snapshot!(text, @r##"
    # Answers given to `credyt-integrate`, so that a rerun asks nothing twice.
    # Commit this file; it holds no secret.
    version = 1
    areas = ["key", "customer"]
    product = "pro"

    [events."app/api/image/route.ts#POST:0"]
    event_type = "image_generated"

    [sites]
    "signup:app/register/route.ts#POST" = false

    [events."lib/x.ts#run:1"]
    skip = false
    "##);
    set(&mut answers, "product=pro");
    assert_eq!(answers.text(), text);
    assert_eq!(parse(&text).unwrap(), answers);
    assert_eq!(answers.site("billable:lib/x.ts#run:1"), Some(true));
    assert_eq!(answers.site("signup:app/register/route.ts#POST"), Some(false));
    assert_eq!(answers.areas(), Some(vec![Area::Key, Area::Customer]));
}

#[test]
fn a_mistake_is_named_with_its_line_and_the_way_out() {
    let cases = [
        (
            "version = 1\nproducts = \"x\"\n",
            "unknown key `products` in `credyt.toml` (line 2)",
            "a similar key exists: `product`",
        ),
        (
            "\n[events.\"a#b:0\"]\nestimat = 1\n",
            "unknown key `events.\"a#b:0\".estimat` in `credyt.toml` (line 3)",
            "a similar key exists: `estimate`",
        ),
        (
            "on_unavailable = \"maybe\"",
            "`on_unavailable` in `credyt.toml` must be `\"allow\"` or `\"block\"` (line 1)",
            "correct the line, or delete it to be asked again",
        ),
        (
            "[events.\"a#b:0\"]\nestimate = -1",
            "`events.\"a#b:0\".estimate` in `credyt.toml` must be a number that is not negative, such as 0.01 (line 2)",
            "correct the line, or delete it to be asked again",
        ),
        (
            "events = 3",
            "`events` in `credyt.toml` must be a table under a `[header]` (line 1)",
            "correct the line",
        ),
        (
            "\nsites = {}",
            "`sites` in `credyt.toml` must be a table under a `[header]` (line 2)",
            "correct the line",
        ),
        ("version = 2", "`credyt.toml` has version 2, and this build knows version 1", "use the version"),
    ];
    for (text, message, hint) in cases {
        let error = parse(text).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(error.hint().starts_with(hint), "{}", error.hint());
    }
    let error = parse("asset = \"USD\"\nproduct = ").unwrap_err();
    assert!(matches!(error, AnswersError::Syntax { line: 2, .. }), "{error}");
}

#[test]
fn arguments_take_toml_or_bare_text() {
    let mut answers = Answers::default();
    set(&mut answers, "asset=IMG");
    set(&mut answers, "events.\"a=b#c:0\".estimate=0.05");
    set(&mut answers, "store_customer_id=true");
    assert_eq!(answers.asset(), "IMG");
    assert_eq!(answers.event("a=b#c:0").estimate, Some("0.05".parse().unwrap()));
    assert_eq!(answers.store_customer_id(), Some(true));
    for bad in ["asset", "nope=1", "store_customer_id=perhaps", "areas=key,kye", "client=soap"] {
        assert!(answers.set_argument(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_text_that_does_not_read_as_what_it_is_is_refused_with_its_line() {
    for text in ["a\\nb", "a\\u0000b", "\\u202eevil", "a\\u200bb", "\\u001b[31mred"] {
        let error = parse(&format!("product = \"{text}\"\n")).unwrap_err();
        assert!(
            matches!(&error, AnswersError::BadValue { key, line: 1, .. } if key == "product"),
            "{text}: {error}"
        );
    }
    assert_eq!(parse("product = \"naïve 日本\"\n").unwrap().product(), "naïve 日本");
}
