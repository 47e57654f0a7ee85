//! The prompts, driven through a pseudo-terminal: the keys a person presses and what is in the files afterwards.

use std::time::{Duration, Instant};

use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use expectrl::{ControlCode, Eof, Expect as _};

use crate::common::{APP, Program, Project};

/// A run at a terminal.
struct Terminal {
    session: OsSession,
    seen: String,
}

impl Terminal {
    fn start(project: &Project, arguments: &[&str]) -> Self {
        Self::with(project, arguments, &[])
    }

    fn with(project: &Project, arguments: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = Program::Shell.command(project.path());
        command.args(arguments).envs(env.iter().copied());
        Self::spawn(&command)
    }

    /// The program itself.
    fn tool(project: &Project, arguments: &[&str]) -> Self {
        let mut command = Program::Tool.command(project.path());
        command.args(arguments);
        Self::spawn(&command)
    }

    /// The window has its size before the program looks.
    fn spawn(command: &std::process::Command) -> Self {
        Self::sized(command, (100, 60), "exec \"$0\" \"$@\"")
    }

    /// A window of some columns and rows, in which a shell runs the program; it shows what is typed, as a person's does.
    fn sized(command: &std::process::Command, (columns, rows): (u16, u16), run: &str) -> Self {
        let mut shell = std::process::Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("stty echo; until [ \"$(stty size)\" = '{rows} {columns}' ]; do :; done; {run}"));
        shell.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        command.get_current_dir().map(|folder| shell.current_dir(folder));
        let mut session = OsSession::spawn(shell).expect("a pseudo-terminal");
        session.get_process_mut().set_window_size(columns, rows).expect("a window");
        session.set_expect_timeout(Some(Duration::from_mins(1)));
        Self { session, seen: String::new() }
    }

    /// Waits for a text.
    fn see(&mut self, text: &str) -> &mut Self {
        match self.session.expect(text) {
            Ok(found) => {
                self.seen.push_str(&String::from_utf8_lossy(found.before()));
                self.seen.push_str(text);
            }
            Err(error) => {
                let mut rest = vec![0; 64 * 1024];
                let read = self.session.try_read(&mut rest).unwrap_or(0);
                panic!("`{text}`: {error}; seen:\n{}{}", self.seen, String::from_utf8_lossy(&rest[..read]));
            }
        }
        self
    }

    /// Presses keys, after the prompt that ends the line.
    fn press(&mut self, keys: &str) -> &mut Self {
        self.session.send(keys).expect("the terminal takes keys");
        self
    }

    /// Types what the terminal does not show: once it has stopped to, for what comes before that is lost.
    fn type_unseen(&mut self, keys: &str) -> &mut Self {
        let until = Instant::now() + Duration::from_mins(1);
        while self.session.get_process().get_echo().expect("a pseudo-terminal") {
            assert!(Instant::now() < until, "the terminal still shows what is typed; seen:\n{}", self.seen);
            std::thread::yield_now();
        }
        self.press(keys)
    }

    /// Waits for the end; the status, and everything printed on the way.
    fn end(mut self) -> (i32, String) {
        let rest = self.session.expect(Eof).expect("it ends");
        self.seen.push_str(&String::from_utf8_lossy(rest.as_bytes()));
        match self.session.get_process().wait().expect("a status") {
            WaitStatus::Exited(_, status) => (status, self.seen),
            other => panic!("{other:?}; seen:\n{}", self.seen),
        }
    }
}

/// Up to the first step's prompt, every question answered with its default.
fn to_first_step(terminal: &mut Terminal) {
    terminal.see("Is that right?").see("[?] ").press("y");
    terminal.see("Which areas do you want?").see("portal").press("\r");
    terminal.see("talk to Credyt?").see("plain HTTP").press("\r");
    terminal.see("subscribed to?").press("\r");
    terminal.see("Apply this step?").see("[?] ");
}

#[test]
fn everything_is_approved() {
    let project = Project::app();
    let mut terminal = Terminal::start(&project, &[]);
    to_first_step(&mut terminal);
    terminal.press("a").see("may one call at app.ts:6 cost?").press("0.05\r");
    terminal.see("Apply this step?").see("[?] ").press("a");
    terminal.see("Apply this step?").see("[?] ").press("a").see("Before you go live");
    let (status, seen) = terminal.end();
    assert_eq!(status, 0, "{seen}");
    assert_eq!(project.read("app.ts").matches("record(user.id)").count(), 2);
    assert!(project.exists("portal.ts"));
    assert!(project.read("credyt.toml").contains("areas = [\"key\", \"events\", \"portal\"]"));
    assert!(project.read("credyt.toml").contains("estimate = 0.05"), "{}", project.read("credyt.toml"));
}

#[test]
fn a_place_is_explained_in_the_overview_and_in_a_step() {
    let project = Project::app();
    let mut terminal = Terminal::start(&project, &["--step", "events"]);
    // Three places: one is picked. Escape comes back without a choice.
    terminal.see("Is that right?").see("[x] explain").see("[?] ").press("x");
    terminal.see("Which place?").see("balance").press("\r").see("Who pays").see("Score");
    terminal.see("[?] ").press("x").see("Which place?").see("balance").press("\u{1b}");
    terminal.see("Is that right?").see("[?] ").press("y").see("cost?").press("\r");
    terminal.see("Apply this step?").see("[x] explain").see("[?] ").press("x");
    terminal.see("Which place?").see("app.ts:18").press("\r").see("billable:app.ts#handler:0").see("Score");
    // Only looked at: the step is as it was.
    terminal.see("Apply this step?").see("[?] ").press("a");
    let (status, seen) = terminal.end();
    assert_eq!(status, 0, "{seen}");
    assert_eq!(project.read("app.ts").matches("record(user.id)").count(), 2);
}

#[test]
fn a_step_is_skipped_and_offered_again_by_the_next_run() {
    let project = Project::app();
    let mut terminal = Terminal::start(&project, &[]);
    to_first_step(&mut terminal);
    terminal.press("a").see("cost?").press("\r").see("Apply this step?").see("[?] ").press("s");
    terminal.see("Apply this step?").see("[?] ").press("a");
    let (status, seen) = terminal.end();
    assert_eq!(status, 0, "{seen}");
    assert!(seen.contains("events     skipped"), "{seen}");
    assert_eq!(project.read("app.ts"), APP);
    assert!(project.exists("portal.ts"));
    let plan = project.shell(&["plan", "--json"]).json();
    assert_eq!(plan["steps"][1]["status"], "planned");
}

#[test]
fn one_hunk_is_rejected_and_what_belongs_to_it_goes_along() {
    let project = Project::app();
    let mut terminal = Terminal::start(&project, &["--step", "events"]);
    terminal.see("Is that right?").see("[?] ").press("y").see("cost?").press("\r");
    terminal.see("Apply this step?").see("[?] ").press("h");
    // The import and the first call are one hunk, the second call another, the new file a third; the answers are no choice.
    terminal.see("Take hunk 1 of 3?").see("[?] ").press("y");
    terminal.see("Take hunk 2 of 3?").see("[?] ").press("n");
    terminal.see("Take hunk 3 of 3?").see("[?] ").press("y");
    terminal.see("left out: Report the call at line 18");
    terminal.see("Apply this step?").see("[w]hole").see("[?] ").press("a");
    let (status, seen) = terminal.end();
    assert_eq!(status, 0, "{seen}");
    let text = project.read("app.ts");
    assert!(text.starts_with("import { record }"), "{text}");
    assert_eq!(text.matches("record(user.id)").count(), 1);
    assert!(project.read("credyt.toml").contains("estimate"), "the answers stay");
    assert!(text.contains("export async function later(user: { id: string }) {\n  const second"));
}

#[test]
fn a_file_is_left_out() {
    let project = Project::app();
    let mut terminal = Terminal::start(&project, &["--step", "key"]);
    terminal.see("Is that right?").see("[?] ").press("y").see("plain HTTP").press("\r");
    terminal.see("subscribed to?").press("\r").see("Apply this step?").see("[?] ").press("f");
    terminal.see("Which files?").see("credyt/usage.ts").press(" \r").see("left out: Add the client");
    terminal.see("Apply this step?").see("[w]hole").see("[?] ").press("w").see("credyt/client.ts");
    terminal.see("Apply this step?").see("[f]iles").see("[?] ").press("a");
    let (status, seen) = terminal.end();
    assert_eq!(status, 0, "{seen}");
    assert!(project.exists("credyt/client.ts"));
}

#[test]
fn quitting_keeps_what_was_approved_and_the_next_run_goes_on() {
    let project = Project::app();
    let mut terminal = Terminal::start(&project, &[]);
    to_first_step(&mut terminal);
    terminal.press("a").see("cost?").press("\r").see("Apply this step?").see("[?] ").press("q");
    let (status, seen) = terminal.end();
    assert_eq!(status, 3, "{seen}");
    assert!(seen.contains("Stopped. What was approved stays."), "{seen}");
    assert!(project.exists("credyt/client.ts"));
    assert_eq!(project.read("app.ts"), APP);

    // Nothing is asked twice: the areas, the client and the product are known.
    let mut terminal = Terminal::start(&project, &[]);
    terminal.see("already in the code").see("cost?").press("\r");
    terminal.see("Apply this step?").see("[?] ").press("a");
    terminal.see("Apply this step?").see("[?] ").press("a");
    let (status, seen) = terminal.end();
    assert_eq!(status, 0, "{seen}");
    assert_eq!(project.read("app.ts").matches("record(user.id)").count(), 2);
}

#[test]
fn going_back_undoes_the_step_before() {
    let project = Project::app();
    let mut terminal = Terminal::start(&project, &[]);
    to_first_step(&mut terminal);
    terminal.press("a").see("cost?").press("\r").see("Apply this step?").see("[b]ack").see("[?] ").press("b");
    terminal.see("Put back what `key` changed.").see("talk to Credyt?").see("plain HTTP").press("j\r");
    terminal.see("subscribed to?").press("\r").see("Apply this step?").see("[?] ").press("q");
    let (status, seen) = terminal.end();
    assert_eq!(status, 3, "{seen}");
    assert_eq!(project.changes(), "", "{seen}");
}

#[test]
fn the_editor_changes_what_is_written_and_is_checked() {
    let project = Project::app();
    project.write("edit.sh", "#!/bin/sh\nsed -i 's/default_plan/by hand/' \"$1\"\n");
    project.write("break.sh", "#!/bin/sh\necho 'export const = (' > \"$1\"\n");
    project.commit();
    let script = |name: &str| format!("sh {}", project.path().join(name).display());
    let key = |editor: &str| {
        let mut terminal = Terminal::with(&project, &["--step", "key"], &[("EDITOR", editor)]);
        terminal.see("Is that right?").see("[?] ").press("y").see("plain HTTP").press("\r");
        terminal.see("subscribed to?").press("\r").see("Apply this step?").see("[?] ").press("e");
        terminal.see("Which file?").see("credyt/client.ts").press("\r");
        terminal
    };
    let mut terminal = key(&script("break.sh"));
    terminal.see("warning: ").see("Your edit was not taken").see("[?] ").press("q");
    assert_eq!(terminal.end().0, 3);
    assert!(!project.exists("credyt/client.ts"));

    let mut terminal = key(&script("edit.sh"));
    terminal.see("\"by hand\"").see("Apply this step?").see("[?] ").press("a");
    let (status, seen) = terminal.end();
    assert_eq!(status, 0, "{seen}");
    assert_eq!(project.read("credyt/client.ts"), "export const product = \"by hand\";\n");
}

#[test]
fn places_are_switched_off_before_the_walk() {
    let project = Project::app();
    let mut terminal = Terminal::start(&project, &["--step", "events"]);
    terminal
        .see("Is that right?")
        .see("[?] ")
        .press("c")
        .see("Which places?")
        .see("> [x]")
        .see("balance")
        .press(" \r");
    terminal.see("1 of 3 places will be used.").see("[?] ").press("y").see("app.ts:18 cost?").press("\r");
    terminal.see("Apply this step?").see("[?] ").press("a");
    let (status, seen) = terminal.end();
    assert_eq!(status, 0, "{seen}");
    assert!(project.read("app.ts").contains("{\n  const first = await spend();"));
    assert!(project.read("credyt.toml").contains("[events.\"app.ts#handler:0\"]\nskip = true"));
}

#[test]
fn many_paid_calls_are_asked_about_in_one_list() {
    let project = Project::fixture("nextjs-authjs-prisma");
    let mut terminal = Terminal::tool(&project, &["--step", "events"]);
    terminal.see("Is that right?").see("[?] ").press("y");
    terminal.see("subscribed to?").press("\r");
    terminal.see("Which event types do the paid calls send?").see("image_generated");
    terminal.see("Take these?").see("[?] ").press("c");
    terminal
        .see("Which do you want to answer otherwise?")
        .see("api/image")
        .press(" \r")
        .see("app/api/chat/route.ts");
    terminal.see("send?").press("chat_answered\r").see("chat_answered").see("image_generated");
    terminal.see("Take these?").see("[?] ").press("y");
    terminal.see("Apply this step?").see("[?] ").press("a");
    let (status, seen) = terminal.end();
    assert_eq!(status, 0, "{seen}");
    assert!(project.read("app/api/chat/route.ts").contains("type: \"chat_answered\""), "{seen}");
    assert!(project.read("app/api/image/route.ts").contains("type: \"image_generated\""), "{seen}");
    assert!(project.read("credyt.toml").contains("event_type = \"chat_answered\""));
}

#[test]
fn a_list_is_left_with_q_and_enter_is_a_yes() {
    let project = Project::fixture("nextjs-authjs-prisma");
    let mut terminal = Terminal::tool(&project, &["--step", "events"]);
    terminal.see("Is that right?").see("[?] ").press("\r").see("yes");
    terminal.see("subscribed to?").press("\r");
    terminal.see("Take these?").see("[q]uit").see("[?] ").press("q");
    let (status, seen) = terminal.end();
    assert_eq!(status, 3, "{seen}");
    assert!(seen.contains("Stopped. Nothing was written."), "{seen}");
    assert_eq!(project.changes(), "");
}

#[test]
fn a_key_is_typed_unseen_and_goes_where_git_does_not_look() {
    let project = Project::fixture("nextjs-authjs-prisma");
    project.write(".env", "AUTH_SECRET=s3cret\nDATABASE_URL=file:dev.db\n");
    let mut terminal = Terminal::tool(&project, &["--step", "key"]);
    terminal.see("Is that right?").see("[?] ").press("y");
    terminal.see("written to `.env`, which git ignores").see("Your Credyt test key?");
    terminal.type_unseen("key_live_1234567\r").see("this is a live key").see("Your Credyt test key?");
    terminal.type_unseen("key_test_7654321\r");
    terminal.see("Apply this step?").see("[?] ").press("a");
    let (status, seen) = terminal.end();
    assert_eq!(status, 0, "{seen}");
    let env = project.read(".env");
    assert_eq!(env, "AUTH_SECRET=s3cret\nDATABASE_URL=file:dev.db\nCREDYT_API_KEY=key_test_7654321\n");
    assert!(!seen.contains("7654321") && !seen.contains("1234567") && !seen.contains("s3cret"), "{seen}");
    let found = project.git(&["grep", "--no-index", "-l", "7654321"]);
    assert_eq!(found, ".env\n", "neither the answers nor the journal keep it");

    let mut again = Terminal::tool(&project, &["undo", "key", "--yes"]);
    again.see("restored .env");
    assert_eq!(again.end().0, 0);
    assert_eq!(project.read(".env"), "AUTH_SECRET=s3cret\nDATABASE_URL=file:dev.db\n");
}

#[test]
fn a_key_is_not_asked_for_where_it_could_be_committed() {
    let project = Project::fixture("nextjs-authjs-prisma");
    project.write(".gitignore", "node_modules\n");
    project.write(".env", "AUTH_SECRET=\n");
    project.commit();
    let mut terminal = Terminal::tool(&project, &["--step", "key"]);
    terminal.see("Is that right?").see("[?] ").press("y");
    terminal.see("Apply this step?").see("[?] ").press("a");
    let (status, seen) = terminal.end();
    assert_eq!(status, 0, "{seen}");
    assert!(!seen.contains("Your Credyt test key?"), "{seen}");
}

#[test]
fn ctrl_c_at_a_prompt_stops_with_the_cursor_shown() {
    let project = Project::app();
    let mut terminal = Terminal::start(&project, &[]);
    terminal.see("Is that right?").see("[?] ").press("y").see("Which areas do you want?").see("portal");
    terminal.session.send(ControlCode::EndOfText).expect("a key");
    let (status, seen) = terminal.end();
    assert_eq!(status, 3, "{seen}");
    let hidden = seen.rfind("\u{1b}[?25l").expect("the list hides the cursor");
    assert!(seen.rfind("\u{1b}[?25h").is_some_and(|shown| shown > hidden), "{seen:?}");
    assert_eq!(project.changes(), "");
}

#[test]
fn ctrl_c_at_the_hidden_prompt_shows_again_what_is_typed() {
    let project = Project::fixture("nextjs-authjs-prisma");
    project.write(".env", "AUTH_SECRET=s3cret\nDATABASE_URL=file:dev.db\n");
    let mut command = Program::Tool.command(project.path());
    command.args(["--step", "key"]);
    // The session begins with a terminal that shows nothing.
    let run = "stty echo; trap : INT; \"$0\" \"$@\"; echo status $?; stty -a";
    let mut terminal = Terminal::sized(&command, (100, 60), run);
    terminal.see("Is that right?").see("[?] ").press("y").see("Your Credyt test key?");
    terminal.type_unseen("key_te");
    terminal.session.send(ControlCode::EndOfText).expect("a key");
    terminal.see("Stopped. What was approved stays").see("status 3").see(" echo ");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn ctrl_c_in_the_pager_is_the_pagers() {
    let project = Project::app();
    // Like `less`: reads keys from the terminal, and Ctrl-C does not end it.
    let pager = "cat > /dev/null; trap '' INT; echo PAGING > /dev/tty; read line < /dev/tty";
    project.write("pager.sh", pager);
    project.commit();
    let mut command = Program::Shell.command(project.path());
    command
        .args(["--step", "events"])
        .env("PAGER", format!("sh {}", project.path().join("pager.sh").display()));
    let mut terminal = Terminal::sized(&command, (100, 9), "exec \"$0\" \"$@\"");
    terminal.see("Is that right?").see("[?] ").press("y").see("cost?").press("\r").see("PAGING");
    terminal.session.send(ControlCode::EndOfText).expect("a key");
    terminal.press("\n").see("app.ts  +").see("Apply this step?").see("[?] ").press("a");
    let (status, seen) = terminal.end();
    assert_eq!(status, 0, "{seen}");
    assert_eq!(project.read("app.ts").matches("record(user.id)").count(), 2);
}

#[test]
fn a_terminal_of_few_rows_is_asked_for_numbers() {
    for rows in 1..=3 {
        let project = Project::app();
        let command = Program::Shell.command(project.path());
        let mut terminal = Terminal::sized(&command, (100, rows), "exec \"$0\" \"$@\"");
        terminal.see("Is that right?").see("[?] ").press("y");
        terminal.see("Which areas do you want? ").see("enter takes 1 2 3) ").press("1\r");
        terminal.see("talk to Credyt?").see("enter takes 1) ").press("\r").see("subscribed to?").press("\r");
        terminal.see("Apply this step?").see("[?] ").press("a").see("Before you go live");
        let (status, seen) = terminal.end();
        assert_eq!(status, 0, "{seen}");
        assert!(project.exists("credyt/client.ts") && !project.exists("portal.ts"));
    }
}

#[test]
fn names_of_the_repository_cannot_steer_the_terminal() {
    const SERVER: &str =
        "const app = require('express')();\napp.get('/', (req, res) => res.send('x'));\napp.listen(3000);\n";
    let app = |name: &str| format!("{{ \"name\": \"{name}\", \"dependencies\": {{ \"express\": \"^4\" }} }}");
    let project = Project::new(&[
        ("apps/a\u{1b}]0;PWNED\u{7}\u{1b}[2J/package.json", &app("a\\u001b[2J\\u202ex")),
        ("apps/a\u{1b}]0;PWNED\u{7}\u{1b}[2J/index.js", SERVER),
        ("apps/b/package.json", &app("b")),
        ("apps/b/index.js", SERVER),
    ]);
    let mut terminal = Terminal::tool(&project, &[]);
    terminal.see("Which app do you want to integrate?").see("apps/b");
    terminal.session.send(ControlCode::EndOfText).expect("a key");
    let (_, seen) = terminal.end();
    assert!(
        !seen.contains("\u{1b}]0;") && !seen.contains("\u{1b}[2J") && !seen.contains('\u{202e}'),
        "{seen:?}"
    );
    assert!(seen.contains("\\u{1b}"), "{seen}");
}

#[test]
fn a_dry_run_at_a_terminal_asks_and_writes_nothing() {
    let project = Project::app();
    let mut terminal = Terminal::start(&project, &["--dry-run"]);
    to_first_step(&mut terminal);
    terminal.press("a").see("would be written").see("cost?").press("\r");
    terminal.see("Apply this step?").see("[?] ").press("a");
    terminal.see("Apply this step?").see("[?] ").press("a").see("Nothing was written.");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(project.changes(), "");
    assert!(!project.exists(".credyt"));
}

#[test]
fn the_screens_read_like_this() {
    let project = Project::app();
    let mut terminal = Terminal::start(&project, &["--step", "events"]);
    // A key that comes before the tool reads keys is shown by the terminal itself.
    terminal.see("Is that right?").see("[?] ").type_unseen("y").see("cost?").press("\r");
    terminal.see("Apply this step?").see("[?] ").type_unseen("?").see("[?] ").type_unseen("q");
    let (_, seen) = terminal.end();
    let plain = console::strip_ansi_codes(&seen).replace("\r\n", "\n").replace('\r', "\n");
    insta::assert_snapshot!(plain);
}

#[test]
fn who_pays_is_asked_before_the_places_are_shown() {
    let project = Project::fixture("nextjs-teams-drizzle");
    for (keys, payer) in [("\r", "paid by team.id"), ("\u{1b}[A\r", "paid by session.userId")] {
        let mut terminal = Terminal::tool(&project, &["--offline"]);
        terminal.see("Who pays: each user, or the organisation (teams)?").see("share one").press(keys);
        terminal.see(payer).see("Is that right?").see("[?] ").press("q");
        let (status, seen) = terminal.end();
        assert_eq!(status, 3, "{seen}");
    }
    assert_eq!(project.changes(), "");
}
