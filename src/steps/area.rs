//! The integration areas, in the order in which they are walked.

/// One area of the integration; each is one step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// The API key, where the app declares its secrets, and the client module.
    Key,
    /// A Credyt customer for each user.
    Customer,
    /// A usage event after each paid call.
    Events,
    /// A balance check before each paid call.
    Gating,
    /// The hosted portal: see the balance, top up, pay.
    Portal,
    /// The balance, shown in the app.
    Balance,
    /// What a paid call costs the app, on the same event.
    Costs,
    /// Signed webhooks, for products with a recurring fee.
    Webhook,
}

impl Area {
    /// Every area, in order.
    pub const ALL: [Self; 8] = [
        Self::Key,
        Self::Customer,
        Self::Events,
        Self::Gating,
        Self::Portal,
        Self::Balance,
        Self::Costs,
        Self::Webhook,
    ];

    /// The areas of an ordinary run; the rest are offered when there is a reason, or asked for with `--step`.
    pub const USUAL: [Self; 7] =
        [Self::Key, Self::Customer, Self::Events, Self::Gating, Self::Portal, Self::Balance, Self::Costs];

    /// The name on the command line, in `credyt.toml` and in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Customer => "customer",
            Self::Events => "events",
            Self::Gating => "gating",
            Self::Portal => "portal",
            Self::Balance => "balance",
            Self::Costs => "costs",
            Self::Webhook => "webhook",
        }
    }

    /// The heading on the screen.
    pub fn title(self) -> &'static str {
        match self {
            Self::Key => "API key and client",
            Self::Customer => "Customers",
            Self::Events => "Usage events",
            Self::Gating => "Balance checks",
            Self::Portal => "Billing portal",
            Self::Balance => "Balance display",
            Self::Costs => "Costs",
            Self::Webhook => "Webhooks",
        }
    }

    /// What the area does for the app, in one line.
    pub fn what(self) -> &'static str {
        match self {
            Self::Key => {
                "one server-only module that talks to Credyt, and the key where the app keeps its secrets"
            }
            Self::Customer => "a Credyt customer for every user who signs up",
            Self::Events => "one usage event after each successful paid call",
            Self::Gating => "a balance check before each paid call, answered with 402 when it is too low",
            Self::Portal => "a route to the hosted page where users top up, and a link to it",
            Self::Balance => "the balance where users see it",
            Self::Costs => "what each call costs you, on the same event, to see margins",
            Self::Webhook => "an endpoint that hears when a plan with a recurring fee is paid",
        }
    }

    /// The area of this name.
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|area| area.id() == id)
    }
}

impl std::fmt::Display for Area {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}
