//! What holds for every account, whatever happens to it.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Move {
    Credit { amount: Amount, paid: bool, priority: Option<i64>, expires: i64 },
    Debit(Amount),
}

fn amount() -> impl Strategy<Value = Amount> {
    (1_i64..1_000_000, 0_u32..8)
        .prop_map(|(digits, scale)| Amount::from(rust_decimal::Decimal::new(digits, scale)))
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let credit = (amount(), any::<bool>(), prop::option::of(0_i64..3), 1000_i64..2000)
        .prop_map(|(amount, paid, priority, expires)| Move::Credit { amount, paid, priority, expires });
    prop::collection::vec(prop_oneof![credit, amount().prop_map(Move::Debit)], 1..40)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn grant(number: usize, amount: Amount, paid: bool, priority: Option<i64>, expires: i64) -> Grant {
    Grant {
        id: number.to_string(),
        available: amount,
        effective_at: at(0),
        expires_at: at(expires),
        purpose: if paid { PAID } else { "promotion" }.to_owned(),
        priority,
        revenue_basis: None,
        created_at: at(i64::try_from(number).unwrap()),
        origin: None,
    }
}

proptest! {
    #[test]
    fn the_balance_is_what_came_in_less_what_went_out_and_nothing_is_used_out_of_turn(moves in moves()) {
        let mut account = Account::new("default", "USD");
        let mut expected = Amount::ZERO;
        for (number, step) in moves.into_iter().enumerate() {
            let before = account.clone();
            match step {
                Move::Credit { amount, paid, priority, expires } => {
                    account.credit(grant(number, amount, paid, priority, expires), at(500));
                    expected += amount;
                }
                Move::Debit(amount) => {
                    let slices = account.debit(amount, at(500));
                    prop_assert_eq!(slices.iter().map(|slice| slice.amount).sum::<Amount>(), amount);
                    expected -= amount;
                }
            }
            prop_assert_eq!(account.available(at(500)), expected);
            prop_assert!(account.grants.iter().all(|grant| !grant.available.is_negative()));
            // Below zero nothing is left anywhere, and above it nothing is owed.
            let left = account.grants.iter().any(|grant| grant.available.is_positive());
            prop_assert!(!(left && account.overdraft.is_positive()));
            in_turn(&before, &account)?;
        }
    }

    #[test]
    fn what_expires_takes_only_its_own_rest_with_it(moves in moves(), when in 900_i64..2100) {
        let mut account = Account::new("default", "USD");
        for (number, step) in moves.into_iter().enumerate() {
            match step {
                Move::Credit { amount, paid, priority, expires } => account.credit(grant(number, amount, paid, priority, expires), at(500)),
                Move::Debit(amount) => drop(account.debit(amount, at(500))),
            }
        }
        let lapsed: Amount = account.grants.iter().filter(|grant| grant.expires_at <= at(when)).map(|grant| grant.available).sum();
        prop_assert_eq!(account.available(at(when)), account.available(at(500)) - lapsed);
    }
}

/// No grant was touched while one before it in the order had something left.
fn in_turn(before: &Account, after: &Account) -> Result<(), TestCaseError> {
    let turn = |grant: &Grant| {
        (grant.priority.unwrap_or(i64::MAX), grant.purpose == PAID, grant.expires_at, grant.created_at)
    };
    let taken = |grant: &&Grant| {
        before.grants.iter().any(|earlier| earlier.id == grant.id && earlier.available > grant.available)
    };
    for touched in after.grants.iter().filter(taken) {
        let passed_over =
            after.grants.iter().find(|grant| turn(grant) < turn(touched) && grant.available.is_positive());
        prop_assert!(passed_over.is_none(), "{} went before {passed_over:?}", touched.id);
    }
    Ok(())
}
