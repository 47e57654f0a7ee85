//! A running app with its sandbox and its provider.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result, ensure};
use credyt_integrate::sandbox::SANDBOX_KEY;

use crate::app::{Action, App};
use crate::ledger::{Ledger, WEBHOOK_SECRET};
use crate::person::Person;
use crate::prepare::Prepared;
use crate::process::{Server, run};
use crate::provider::{Mode, Provider};

/// How the world around the app is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    Usual,
    /// Credyt knows none of the vendors whose costs are sent.
    WithoutVendors,
}

/// Everything one test needs.
pub(crate) struct Stage {
    pub(crate) app: &'static App,
    pub(crate) world: World,
    pub(crate) base: String,
    pub(crate) ledger: Ledger,
    pub(crate) provider: Provider,
    server: Server,
}

impl Stage {
    /// Builds the app if need be, and starts it with an empty database.
    pub(crate) async fn set(prepared: &Prepared, world: World) -> Result<Self> {
        prepared.build()?;
        let provider = Provider::start().await?;
        let port = free_port()?;
        let base = format!("http://127.0.0.1:{port}");
        let webhook = prepared.app.plan.as_ref().map(|plan| format!("{base}{}", plan.webhook));
        let ledger = Ledger::start(world == World::Usual, webhook, &prepared.file("")).await?;
        let data = prepared.file("data");
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        std::fs::create_dir_all(&data)?;
        let values = BTreeMap::from([
            ("port".to_owned(), port.to_string()),
            ("provider".to_owned(), provider.base().to_owned()),
        ]);
        let log = prepared.file("migrate.log");
        for command in prepared.app.migrate {
            run(prepared.command(command, &values), &log)?;
        }
        let mut command = prepared.command(prepared.app.start, &values);
        command.env("CREDYT_API_KEY", SANDBOX_KEY).env("CREDYT_API_URL", ledger.url());
        let ready = format!("{base}{}", prepared.app.ready);
        if prepared.app.plan.is_some() {
            command.env("CREDYT_WEBHOOK_SECRET", WEBHOOK_SECRET).env("CREDYT_RETURN_URL", came_back(&base));
        }
        let server = Server::start(command, &ready, &prepared.file("app.log")).await?;
        Ok(Self { app: prepared.app, world, base, ledger, provider, server })
    }

    /// Everything as it was after the start, but for what people did.
    pub(crate) fn reset(&self) {
        self.ledger.behave_well();
        self.provider.switch(Mode::Answer);
    }

    /// A person who has signed up; `<user_id>` is known.
    pub(crate) async fn sign_up(&self) -> Result<Person> {
        let mut person = Person::new(&self.base);
        self.sign_up_as(&mut person).await?;
        Ok(person)
    }

    /// Signs a new person up.
    pub(crate) async fn sign_up_as(&self, person: &mut Person) -> Result<()> {
        person.make(self.app.sign_up).await.context("signing up")?;
        if let Some(who) = &self.app.who {
            person.make(std::slice::from_ref(who)).await.context("asking who one is")?;
        }
        person.value("user_id").map(drop)
    }

    /// A person who has signed up and owns some dollars.
    pub(crate) async fn funded(&self) -> Result<Person> {
        let person = self.sign_up().await?;
        self.ledger.fund(person.value("user_id")?, "5").await?;
        Ok(person)
    }

    /// A person with dollars who has done what comes before an action; and how many events that made.
    pub(crate) async fn ready_for(&self, action: &Action) -> Result<(Person, usize)> {
        let mut person = self.funded().await?;
        let before = self.provider.count();
        person.make(action.before).await.context("what comes before the action")?;
        let made = (self.provider.count() - before) as usize;
        self.ledger.events_soon(person.value("user_id")?, made).await?;
        Ok((person, made))
    }

    /// Does an action that is to succeed.
    pub(crate) async fn act(&self, person: &mut Person, action: &Action) -> Result<()> {
        let answer = person.call(&action.call).await?;
        ensure!(answer.status == action.call.status, "{} answered {answer:?}", action.name);
        person.take(&action.call, &answer)
    }

    /// The end of what the app printed after the first so many bytes.
    pub(crate) fn printed_since(&self, start: usize) -> String {
        self.server.printed_since(start)
    }

    /// Everything the app printed.
    pub(crate) fn printed(&self) -> String {
        self.server.printed()
    }

    pub(crate) async fn strike(self) {
        drop(self.server);
        self.ledger.stop().await;
    }
}

/// Where users come back to after paying for a plan.
pub(crate) fn came_back(base: &str) -> String {
    format!("{base}/?plan=paid")
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
