use std::collections::BTreeMap;

use crate::answers::Payer;
use crate::catalog::Catalog;
use crate::fingerprint::{Fingerprint, fingerprint};
use crate::resolve::Program;
use crate::sites::cx::Cx;
use crate::sites::{Detail, Site, find};
use crate::workspace::Workspace;

use super::{Payers, Paying};

type Files<'a> = &'a [(&'a str, &'a str)];

const SCHEMA: &str = "model User {
  id    String @id
  email String
  seats Member[]
}

model Team {
  id               String  @id
  name             String
  stripeCustomerId String?
  members          Member[]
}

model Member {
  id     String @id
  userId String
  user   User   @relation(fields: [userId], references: [id])
  teamId String
  team   Team   @relation(fields: [teamId], references: [id])
}
";

const NEXT: Files<'static> = &[
    (
        "package.json",
        r#"{"dependencies": {"next": "16", "react": "19", "next-auth": "5.0.0", "openai": "6", "@prisma/client": "6"}}"#,
    ),
    ("tsconfig.json", r#"{"compilerOptions": {"paths": {"@/*": ["./*"]}}}"#),
    ("app/layout.tsx", "export default function Layout({ children }) {\n  return children;\n}\n"),
    (
        "auth.ts",
        "import NextAuth from \"next-auth\";\n\nexport const { auth, handlers } = NextAuth({ providers: [], callbacks: { session({ session, token }) { session.user.id = token.sub; return session; } } });\n",
    ),
    (
        "lib/db.ts",
        "import { PrismaClient } from \"@prisma/client\";\n\nexport const db = new PrismaClient();\n",
    ),
    ("lib/ai.ts", "import OpenAI from \"openai\";\n\nexport const client = new OpenAI();\n"),
    ("prisma/schema.prisma", SCHEMA),
];

const ROUTE: &str = "app/api/ask/route.ts";

/// A route whose lines stand before its paid call.
fn route(lines: &str) -> String {
    format!(
        "import {{ auth }} from \"@/auth\";
import {{ client }} from \"@/lib/ai\";
import {{ db }} from \"@/lib/db\";
import {{ currentTeam }} from \"@/lib/team\";

export async function POST(req: Request) {{
  const session = await auth();
  if (!session?.user?.id) return new Response(null, {{ status: 401 }});
  const body = await req.json();
{lines}
  return Response.json(await client.responses.create({{ model: \"gpt-5\", input: body.text }}));
}}
"
    )
}

fn look<T>(base: Files<'_>, case: Files<'_>, see: impl FnOnce(&Program, &Catalog, &Fingerprint) -> T) -> T {
    let files: BTreeMap<&str, &str> = base.iter().chain(case).copied().collect();
    let workspace = Workspace::in_memory(files);
    let catalog = Catalog::embedded().unwrap_or_else(|e| panic!("{e}"));
    let found = fingerprint(&workspace, &catalog);
    see(&Program::new(&workspace), &catalog, &found)
}

fn sites(base: Files<'_>, case: Files<'_>) -> Vec<Site> {
    look(base, case, find)
}

/// Who pays for the only paid call: the expression, with a mark when it may be missing.
fn payer(base: Files<'_>, case: Files<'_>) -> String {
    let sites = sites(base, case);
    let paid = sites.iter().find_map(|s| match &s.detail {
        Detail::Billable(billable) => Some(billable),
        _ => None,
    });
    match &paid.expect("the call is seen").plan.identity {
        Some(identity) if identity.nullable => format!("{}?", identity.id),
        Some(identity) => identity.id.clone(),
        None => "-".to_owned(),
    }
}

fn payers(base: Files<'_>, case: Files<'_>) -> Payers {
    look(base, case, |program, catalog, found| Payers::find(&Cx::new(program, catalog, &found.apps[0])))
}

#[test]
fn the_record_that_is_billed_already_pays_and_says_why() {
    let payers = payers(NEXT, &[]);
    assert_eq!(payers.default, Payer::Organisation);
    assert!(matches!(payers.paying(), Paying::Organisation(o) if o.name == "Team" && o.noun == "team"));
    let why: Vec<String> =
        payers.organisations[0].evidence.iter().map(|e| format!("{}:{} {}", e.file, e.line, e.why)).collect();
    assert_eq!(
        why,
        [
            "prisma/schema.prisma:7 declares `Team`",
            "prisma/schema.prisma:19 `Member` ties users to it (`teamId`)",
            "prisma/schema.prisma:10 already holds an id of a payment provider (`stripeCustomerId`)",
        ]
    );
}

#[test]
fn without_a_billing_id_on_it_each_user_pays_until_somebody_says_otherwise() {
    let plain = SCHEMA.replace("  stripeCustomerId String?\n", "");
    let of_user = SCHEMA.replace("  email String\n", "  email String\n  stripeCustomerId String?\n");
    for schema in [&plain, &of_user] {
        let payers = payers(NEXT, &[("prisma/schema.prisma", schema)]);
        assert_eq!((payers.default, payers.is_open()), (Payer::User, true), "{schema}");
        assert!(matches!(payers.paying(), Paying::User));
    }
    let answered: Files<'_> =
        &[("prisma/schema.prisma", &plain), ("credyt.toml", "version = 1\npayer = \"organisation\"\n")];
    assert!(matches!(payers(NEXT, answered).paying(), Paying::Organisation(o) if o.name == "Team"));
    let user: Files<'_> = &[("credyt.toml", "version = 1\npayer = \"user\"\n")];
    assert!(matches!(payers(NEXT, user).paying(), Paying::User));
    assert_eq!(payer(NEXT, &[user[0], (ROUTE, &route(""))]), "session.user.id");
}

#[test]
fn a_record_type_without_users_is_no_organisation() {
    let alone = "model User {\n  id String @id\n}\n\nmodel Account {\n  id String @id\n  stripeCustomerId String?\n}\n";
    assert!(!payers(NEXT, &[("prisma/schema.prisma", alone)]).is_open());
    // A login that is kept with a provider, as sign-in libraries have them.
    let login = "model User {\n  id String @id\n  accounts Account[]\n}\n\nmodel Account {\n  id String @id\n  userId String\n  user User @relation(fields: [userId], references: [id])\n}\n";
    assert!(!payers(NEXT, &[("prisma/schema.prisma", login)]).is_open());
}

#[test]
fn of_two_organisations_the_one_that_is_named_pays_and_without_a_name_none() {
    let two = SCHEMA.replace("  stripeCustomerId String?\n", "")
        + "\nmodel Company {\n  id String @id\n}\n\nmodel Seat {\n  id String @id\n  userId String\n  user User @relation(fields: [userId], references: [id])\n  companyId String\n  company Company @relation(fields: [companyId], references: [id])\n}\n";
    let schema = ("prisma/schema.prisma", two.as_str());
    let unnamed = ("credyt.toml", "version = 1\npayer = \"organisation\"\n");
    assert!(matches!(payers(NEXT, &[schema, unnamed]).paying(), Paying::Unclear));
    let named = ("credyt.toml", "version = 1\npayer = \"organisation\"\norganisation = \"Company\"\n");
    assert!(
        matches!(payers(NEXT, &[schema, named]).paying(), Paying::Organisation(o) if o.name == "Company")
    );
}

#[test]
fn a_team_that_the_app_loads_for_the_signed_in_user_pays() {
    let cases = [
        (
            "the membership of the user",
            "  const seat = await db.member.findFirst({ where: { userId: session.user.id } });\n  if (!seat) return new Response(null, { status: 403 });",
            "seat.teamId",
        ),
        (
            "under another name of the user",
            "  const userId = session.user.id;\n  const seat = await db.member.findFirstOrThrow({ where: { userId }, include: { team: true } });\n  const team = seat.team;",
            "team.id",
        ),
        (
            "a team of the request that the user is a member of",
            "  const team = await db.team.findFirst({ where: { id: body.teamId, members: { some: { userId: session.user.id } } } });\n  if (!team) return new Response(null, { status: 403 });",
            "team.id",
        ),
        (
            "not checked",
            "  const seat = await db.member.findFirst({ where: { userId: session.user.id } });",
            "seat.teamId?",
        ),
    ];
    for (name, lines, expected) in cases {
        assert_eq!(payer(NEXT, &[(ROUTE, &route(lines))]), expected, "{name}");
    }
}

#[test]
fn a_team_that_the_request_names_pays_for_nothing() {
    let cases = [
        ("an id of the body", "  const teamId = body.teamId;"),
        ("its record", "  const team = await db.team.findUniqueOrThrow({ where: { id: body.teamId } });"),
        (
            "the user is only looked up beside it",
            "  const team = await db.team.findUniqueOrThrow({ where: { id: body.teamId }, include: { members: { where: { userId: session.user.id } } } });",
        ),
        (
            "or in an alternative",
            "  const team = await db.team.findFirstOrThrow({ where: { OR: [{ id: body.teamId }, { members: { some: { userId: session.user.id } } }] } });",
        ),
        (
            "the user's or the request's",
            "  const seat = await db.member.findFirstOrThrow({ where: { userId: session.user.id } });\n  const teamId = body.teamId ?? seat.teamId;\n  const team = { id: teamId };",
        ),
    ];
    for (name, lines) in cases {
        let got = payer(NEXT, &[(ROUTE, &route(lines))]);
        assert!(got == "-" || got == "seat.teamId", "{name}: {got}");
    }
    let unguarded = "import { auth } from \"@/auth\";\nimport { client } from \"@/lib/ai\";\nimport { db } from \"@/lib/db\";\nexport async function POST(req: Request) {\n  const session = await auth();\n  const seat = await db.member.findFirstOrThrow({ where: { userId: session?.user?.id } });\n  return Response.json(await client.responses.create({ model: \"gpt-5\", input: \"x\" }));\n}\n";
    assert_eq!(payer(NEXT, &[(ROUTE, unguarded)]), "-", "a condition without a value finds anybody's");
}

const TEAM: &str = "import { cache } from \"react\";
import { auth } from \"@/auth\";
import { db } from \"@/lib/db\";

export const currentTeam = cache(async () => {
  const session = await auth();
  if (!session?.user?.id) return null;
  const seat = await db.member.findFirst({ where: { userId: session.user.id }, include: { team: true } });
  return seat?.team ?? null;
});

export async function teamOf(id: string) {
  const session = await auth();
  if (!session?.user?.id) return null;
  return await db.team.findUnique({ where: { id } });
}

export async function seatOf(userId: string) {
  return await db.member.findFirstOrThrow({ where: { userId } });
}

export function withTeam<T>(action: (team: { id: string }, form: FormData) => Promise<T>) {
  return async (form: FormData) => {
    const team = await currentTeam();
    if (!team) throw new Error(\"no team\");
    return action(team, form);
  };
}
";

#[test]
fn a_team_is_followed_through_functions_of_the_app() {
    let cases = [
        (
            "it reads the session",
            "  const team = await currentTeam();\n  if (!team) return new Response(null, { status: 403 });",
            "team.id",
        ),
        ("it is told the user", "  const seat = await seatOf(session.user.id);", "seat.teamId"),
        ("it is told who knows whom", "  const seat = await seatOf(body.userId);", "-"),
        ("it reads the session and another team", "  const team = await teamOf(body.teamId);", "-"),
    ];
    for (name, lines, expected) in cases {
        let text = route(lines).replace("import { currentTeam }", "import { currentTeam, seatOf, teamOf }");
        assert_eq!(payer(NEXT, &[("lib/team.ts", TEAM), (ROUTE, &text)]), expected, "{name}");
    }
}

#[test]
fn a_wrapper_hands_the_team_to_what_it_wraps() {
    let action = "\"use server\";\nimport { client } from \"@/lib/ai\";\nimport { withTeam } from \"@/lib/team\";\n\nexport const ask = withTeam(async (team, form) => {\n  const answer = await client.responses.create({ model: \"gpt-5\", input: String(form.get(\"text\")) });\n  return answer.output_text;\n});\n";
    assert_eq!(payer(NEXT, &[("lib/team.ts", TEAM), ("app/actions.ts", action)]), "team.id");
}

#[test]
fn a_sign_up_that_makes_a_team_is_one_place_and_a_new_member_is_none() {
    let register = "import { db } from \"@/lib/db\";\n\nexport async function POST(req: Request) {\n  const { email, teamId } = await req.json();\n  const user = await db.user.create({ data: { email } });\n  if (teamId) {\n    await db.member.create({ data: { userId: user.id, teamId } });\n    return Response.json(user);\n  }\n  const team = await db.team.create({ data: { name: email } });\n  await db.member.create({ data: { userId: user.id, teamId: team.id } });\n  return Response.json(user);\n}\n";
    let found = sites(NEXT, &[("app/api/register/route.ts", register)]);
    let of_signup = |s: &Site| match &s.detail {
        Detail::Signup(p) => {
            let (id, email) =
                (p.user_id.clone().unwrap_or_default(), p.user_email.clone().unwrap_or_default());
            Some(format!("{}-{} {} {id} {email}", s.line, s.end_line, s.selected))
        }
        _ => None,
    };
    let signups: Vec<String> = found.iter().filter_map(of_signup).collect();
    assert_eq!(signups, ["5-10 true team.id user.email"]);
}

const CLERK: Files<'static> = &[
    (
        "package.json",
        r#"{"dependencies": {"next": "16", "react": "19", "@clerk/nextjs": "6", "openai": "6"}}"#,
    ),
    ("app/layout.tsx", "export default function Layout({ children }) {\n  return children;\n}\n"),
    ("credyt.toml", "version = 1\npayer = \"organisation\"\n"),
];

#[test]
fn the_active_organisation_of_a_sign_in_library_counts_behind_a_check_of_its_own() {
    let cases = [
        ("{ userId, orgId }", "if (!userId || !orgId) return new Response(null, { status: 401 });", "orgId"),
        ("{ userId, orgId }", "if (!userId) return new Response(null, { status: 401 });", "orgId?"),
        ("{ orgId }", "if (!orgId && req.url) return new Response(null, { status: 401 });", "orgId?"),
        (
            "{ userId }",
            "if (!userId) return new Response(null, { status: 401 });\n  const { orgId } = await req.json();",
            "-",
        ),
    ];
    for (pattern, check, expected) in cases {
        let text = format!(
            "import {{ auth }} from \"@clerk/nextjs/server\";\nimport OpenAI from \"openai\";\nconst client = new OpenAI();\nexport async function POST(req: Request) {{\n  const {pattern} = await auth();\n  {check}\n  return Response.json(await client.responses.create({{ model: \"gpt-5\", input: \"x\" }}));\n}}\n"
        );
        assert_eq!(payer(CLERK, &[(ROUTE, &text)]), expected, "{pattern} {check}");
    }
}

const FASTAPI: Files<'static> = &[
    ("requirements.txt", "fastapi==0.116\nopenai==2.0\npyjwt==2.9\nsqlmodel==0.0.24\n"),
    (
        "models.py",
        "from sqlmodel import Field, SQLModel


class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    stripe_customer_id: str | None = None


class User(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    email: str
    team_id: int = Field(foreign_key=\"team.id\")
",
    ),
    (
        "deps.py",
        "from typing import Annotated

import jwt
from fastapi import Depends
from sqlmodel import Session

from db import engine
from models import Team, User


def sign(user: User) -> str:
    return jwt.encode({\"sub\": user.id}, \"secret\")


def get_current_user(token: str) -> User:
    payload = jwt.decode(token, \"secret\", algorithms=[\"HS256\"])
    with Session(engine) as session:
        return session.get(User, payload[\"sub\"])


CurrentUser = Annotated[User, Depends(get_current_user)]


def get_current_team(user: CurrentUser) -> Team:
    with Session(engine) as session:
        team = session.get(Team, user.team_id)
        if team is None:
            raise LookupError
        return team


def get_any_team(team_id: int, user: CurrentUser) -> Team:
    with Session(engine) as session:
        return session.get(Team, team_id)


CurrentTeam = Annotated[Team, Depends(get_current_team)]
AnyTeam = Annotated[Team, Depends(get_any_team)]
",
    ),
    ("db.py", "from sqlmodel import create_engine\n\nengine = create_engine(\"sqlite://\")\n"),
];

#[test]
fn a_team_is_a_member_of_the_injected_user_or_injected_itself() {
    for (param, expected) in
        [("user: CurrentUser", "user.team_id"), ("team: CurrentTeam", "team.id"), ("team: AnyTeam", "-")]
    {
        let main = format!(
            "from fastapi import FastAPI\nfrom openai import OpenAI\n\nfrom deps import AnyTeam, CurrentTeam, CurrentUser\n\napp = FastAPI()\nclient = OpenAI()\n\n\n@app.post(\"/ask\")\ndef ask(text: str, {param}):\n    answer = client.responses.create(model=\"gpt-5\", input=text)\n    return {{\"text\": answer.output_text}}\n"
        );
        assert_eq!(payer(FASTAPI, &[("main.py", &main)]), expected, "{param}");
    }
}

const BETTER: Files<'static> = &[
    (
        "package.json",
        r#"{"dependencies": {"next": "16", "react": "19", "better-auth": "1.4.0", "openai": "6"}}"#,
    ),
    ("tsconfig.json", r#"{"compilerOptions": {"paths": {"@/*": ["./*"]}}}"#),
    ("app/layout.tsx", "export default function Layout({ children }) {\n  return children;\n}\n"),
    (
        "lib/auth.ts",
        "import { betterAuth } from \"better-auth\";\nimport { organization } from \"better-auth/plugins\";\n\nexport const auth = betterAuth({\n  plugins: [organization({ teams: { enabled: true } })],\n});\n",
    ),
    ("credyt.toml", "version = 1\npayer = \"organisation\"\n"),
];

#[test]
fn a_library_that_keeps_organisations_tells_of_each_new_one() {
    let route = |check: &str| {
        format!(
            "import {{ headers }} from \"next/headers\";\nimport OpenAI from \"openai\";\nimport {{ auth }} from \"@/lib/auth\";\nconst client = new OpenAI();\nexport async function POST(req: Request) {{\n  const session = await auth.api.getSession({{ headers: await headers() }});\n  {check}\n  return Response.json(await client.responses.create({{ model: \"gpt-5\", input: \"x\" }}));\n}}\n"
        )
    };
    let active = "session.session.activeOrganizationId";
    let checked =
        route("if (!session?.session.activeOrganizationId) return new Response(null, { status: 403 });");
    assert_eq!(payer(BETTER, &[(ROUTE, &checked)]), active);
    let signed_in = route("if (!session) return new Response(null, { status: 401 });");
    assert_eq!(payer(BETTER, &[(ROUTE, &signed_in)]), format!("{active}?"));
    let found = sites(BETTER, &[(ROUTE, &checked)]);
    let founded = found.iter().filter(|s| s.selected).find_map(|s| match &s.detail {
        Detail::Signup(signup) => Some((s.symbol.clone(), signup.user_id.clone(), signup.user_email.clone())),
        _ => None,
    });
    let text = |t: &str| Some(t.to_owned());
    let hook = text("organizationHooks.afterCreateOrganization");
    assert_eq!(founded, Some((hook, text("organization.id"), text("user.email"))));
}

#[test]
fn of_a_list_only_the_first_is_a_record_and_of_a_selection_only_what_it_lists() {
    let package = NEXT[0].1.replace("\"@prisma/client\": \"6\"", "\"drizzle-orm\": \"0.45\"");
    let schema = "import { pgTable, text } from \"drizzle-orm/pg-core\";
export const users = pgTable(\"users\", { id: text(\"id\").primaryKey() });
export const teams = pgTable(\"teams\", { id: text(\"id\").primaryKey(), name: text(\"name\"), stripeCustomerId: text(\"stripe\") });
export const members = pgTable(\"members\", {
  userId: text(\"user_id\").notNull().references(() => users.id),
  teamId: text(\"team_id\").notNull().references(() => teams.id),
});
";
    let read = |what: &str| {
        format!("await db.select({what}).from(members).where(eq(members.userId, session.user.id))")
    };
    let gone = "if (!seat) return new Response(null, { status: 403 });";
    let cases = [
        (format!("  const [seat] = {};\n  {gone}", read("")), "seat.teamId"),
        (format!("  const seat = {};\n  {gone}", read("")), "-"),
        (format!("  const [seat] = {};\n  {gone}", read("{ team: members.teamId }")), "seat.team"),
        (format!("  const [seat] = {};\n  {gone}", read("{ user: members.userId }")), "-"),
    ];
    for (lines, expected) in cases {
        let text = route(&lines).replace(
            "import { db }",
            "import { eq } from \"drizzle-orm\";\nimport { members } from \"@/lib/schema\";\nimport { db }",
        );
        let db = "import { drizzle } from \"drizzle-orm/node-postgres\";\n\nexport const db = drizzle();\n";
        let case: Files<'_> =
            &[("package.json", &package), ("lib/schema.ts", schema), ("lib/db.ts", db), (ROUTE, &text)];
        assert_eq!(payer(NEXT, case), expected, "{lines}");
    }
}
