use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

/// A customer of the sandbox in the making.
struct Story {
    watch: Watch,
    look: Look,
}

impl Story {
    fn begin(sandbox: bool) -> Self {
        let look = Look { at: at(0), customers: Vec::new(), requests: sandbox.then(Vec::new) };
        Self { watch: Watch::new(&look, None, false), look }
    }

    fn sign_up(&mut self, second: i64) -> Vec<News> {
        let balances = Balances::from([("default:USD".to_owned(), Amount::ZERO)]);
        let external_id = Some("user_1".to_owned());
        self.look.customers =
            vec![SeenCustomer { id: "cust_1".to_owned(), external_id, balances, ..SeenCustomer::default() }];
        self.see(second)
    }

    fn request(&mut self, second: i64, method: &str, path: &str, status: u16) {
        let (method, path, reason) = (method.to_owned(), path.to_owned(), Some("external_id".to_owned()));
        self.look.requests.as_mut().unwrap().push(SeenRequest {
            at: at(second),
            method,
            path,
            status,
            reason,
        });
    }

    fn event(&mut self, second: i64, fee: &str) {
        let fees = (!fee.is_empty()).then(|| (fee.parse().unwrap(), "USD".to_owned()));
        self.look.customers[0].events.push(SeenEvent {
            id: format!("e{second}"),
            event_type: "image_generated".to_owned(),
            at: at(second),
            fees: Some(fees.into_iter().collect()),
            doubt: None,
        });
    }

    fn top_up(&mut self, second: i64) {
        self.look.customers[0].top_ups.push(SeenTopUp { id: format!("t{second}"), at: at(second) });
    }

    fn balance(&mut self, amount: &str) {
        self.look.customers[0].balances.insert("default:USD".to_owned(), amount.parse().unwrap());
    }

    fn see(&mut self, second: i64) -> Vec<News> {
        self.look.at = at(second);
        self.watch.observe(&self.look)
    }

    fn status(&self, check: Check) -> Status {
        self.watch.outcomes().into_iter().find(|outcome| outcome.check == check).unwrap().status
    }
}

#[test]
fn a_new_user_who_is_refused_tops_up_and_goes_on_shows_all_five() {
    let mut story = Story::begin(true);
    assert_eq!(story.sign_up(1).len(), 1);
    let refusal = Refusal { at: at(2), request: "POST /api/image".to_owned() };
    assert_eq!(story.watch.refused(&refusal).len(), 1);
    assert!(story.watch.refused(&refusal).is_empty(), "told once");
    story.request(3, "POST", "/billing-portal/sessions", 200);
    story.top_up(5);
    story.balance("20");
    story.see(6);
    assert!(!story.watch.complete());
    story.event(8, "0.05");
    let news = story.see(9);
    assert_eq!(news.len(), 2, "it proves the charge and that use goes on: {news:?}");
    assert!(story.watch.complete());
    assert!(story.watch.outcomes().iter().all(|outcome| outcome.status == Status::Seen));
    assert!(story.see(10).is_empty());
}

#[test]
fn customers_from_before_do_not_count_unless_asked_for() {
    let mut story = Story::begin(true);
    story.sign_up(1);
    story.event(2, "1");
    for (wanted, holds) in [(None, false), (Some("user_1"), true)] {
        let mut watch = Watch::new(&story.look, wanted, false);
        watch.observe(&Look { at: at(3), ..story.look.clone() });
        assert_eq!(watch.outcomes()[0].holds(), holds);
        assert!(!watch.outcomes()[1].holds(), "what it did before proves nothing");
    }
}

#[test]
fn a_charge_with_nothing_to_spend_fails_the_refusal_for_good() {
    let mut story = Story::begin(true);
    story.sign_up(1);
    story.event(2, "0.05");
    story.balance("-0.05");
    story.see(3);
    assert_eq!(story.status(Check::Refusal), Status::Failed);
    assert_eq!(story.status(Check::Usage), Status::Seen);
    story.watch.refused(&Refusal { at: at(4), request: "POST /other".to_owned() });
    assert_eq!(story.status(Check::Refusal), Status::Failed, "another route may be the guarded one");
    assert!(story.watch.outcomes()[2].change.as_ref().unwrap().contains("gating"));
}

#[test]
fn a_call_that_began_with_a_balance_or_costs_nothing_is_no_failure() {
    let mut story = Story::begin(true);
    story.sign_up(1);
    story.event(2, "0");
    story.see(3);
    story.top_up(4);
    story.balance("0.05");
    story.see(5);
    story.event(6, "0.05");
    story.balance("0");
    story.see(7);
    // Two ran side by side; the second ends when the first has emptied the balance.
    story.event(20, "0.05");
    story.balance("-0.05");
    story.see(21);
    assert_eq!(story.status(Check::Refusal), Status::Missing);
    story.event(200, "0.05");
    story.see(201);
    // The top-up came before the balance was empty, so it excuses nothing.
    assert_eq!(story.status(Check::Refusal), Status::Failed);
}

#[test]
fn without_the_answer_of_the_app_a_refusal_is_inferred_from_its_quiet() {
    let mut story = Story::begin(true);
    story.sign_up(1);
    assert!(story.see(30).is_empty(), "nobody asked for the balance");
    story.request(31, "GET", "/customers/cust_1/wallet", 200);
    assert!(story.see(33).is_empty(), "too early to tell");
    story.see(40);
    assert_eq!(story.status(Check::Refusal), Status::Inferred);
    story.watch.refused(&Refusal { at: at(41), request: "POST /api/image".to_owned() });
    assert_eq!(story.status(Check::Refusal), Status::Seen);
}

#[test]
fn nothing_is_inferred_where_answers_are_seen() {
    let mut story = Story::begin(true);
    story.watch = Watch::new(&story.look, None, true);
    story.sign_up(1);
    // A page that shows the balance asks for it, too.
    story.request(2, "GET", "/customers/cust_1/wallet", 200);
    story.see(3);
    story.see(60);
    assert_eq!(story.status(Check::Refusal), Status::Missing);
}

#[test]
fn an_account_shows_top_ups_but_not_where_they_were_made() {
    let mut story = Story::begin(false);
    story.sign_up(1);
    story.top_up(2);
    story.balance("5");
    story.see(3);
    assert_eq!(story.status(Check::TopUp), Status::Inferred);
}

#[test]
fn a_top_up_without_a_portal_session_is_not_the_portal() {
    let mut story = Story::begin(true);
    story.sign_up(1);
    story.top_up(2);
    story.see(3);
    assert_eq!(story.status(Check::TopUp), Status::Inferred);
    story.request(4, "POST", "/billing-portal/sessions", 200);
    story.top_up(5);
    story.see(6);
    assert_eq!(story.status(Check::TopUp), Status::Seen);
}

#[test]
fn what_goes_wrong_is_told_once_and_what_clients_expect_is_not() {
    let mut story = Story::begin(true);
    story.request(1, "GET", "/customers?external_id=user_1", 404);
    story.request(2, "POST", "/customers", 422);
    story.request(3, "POST", "/events", 401);
    story.request(4, "POST", "/events", 401);
    let news = story.see(5);
    assert!(matches!(news.as_slice(), [News::Trouble(text)] if text.contains("401")), "{news:?}");
    story.sign_up(6);
    story.event(7, "");
    let news = story.see(8);
    assert!(matches!(news.as_slice(), [News::Trouble(text)] if text.contains("not charged")), "{news:?}");
    assert!(story.watch.outcomes()[1].change.as_ref().unwrap().contains("not charged"));
}
