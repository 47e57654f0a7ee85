//! Where an organisation pays: one that the sender of a request names, and users who act for none.

use super::apps::TEAMS;
use super::{Case, charges_nobody, see};

const ROUTE: &str = "app/api/ask/route.ts";

fn route(lines: &str) -> String {
    format!(
        "import {{ auth }} from \"@/auth\";
import {{ client }} from \"@/lib/ai\";
import {{ db }} from \"@/lib/db\";
export async function POST(req: Request) {{
  const session = await auth();
  if (!session?.user?.id) return new Response(null, {{ status: 401 }});
  const body = await req.json();
{lines}
  const answer = await client.responses.create({{ model: \"gpt-5\", input: body.text }});
  return Response.json(answer);
}}
"
    )
}

#[test]
fn a_team_that_the_client_names_pays_for_nothing() {
    for (name, lines) in [
        ("an id in the body", "  const teamId = body.teamId;"),
        ("an id in a header", "  const teamId = req.headers.get(\"x-team-id\");"),
        ("a team in the body", "  const team = body.team;"),
        (
            "the record of an id in the body",
            "  const team = await db.team.findUniqueOrThrow({ where: { id: body.teamId } });",
        ),
        (
            "a member of it who is somebody else",
            "  const seat = await db.member.findFirstOrThrow({ where: { userId: body.userId } });",
        ),
        (
            "an id in the body before the user's own",
            "  const seat = await db.member.findFirst({ where: { userId: session.user.id } });\n  const team = { id: body.teamId ?? seat?.teamId };",
        ),
    ] {
        let seen = see(TEAMS, &[(ROUTE, &route(lines))]);
        assert_eq!(seen.edited, [""; 0], "{name}");
        let charged: Vec<&String> =
            seen.selected.iter().filter(|l| !l.ends_with(" -") && !l.ends_with("seat.teamId")).collect();
        assert_eq!(charged, [""; 0], "{name}");
    }
}

#[test]
fn a_user_who_may_be_in_no_team_is_not_charged() {
    let seat = "  const seat = await db.member.findFirst({ where: { userId: session.user.id } });";
    for (name, lines) in [
        ("nothing is checked", seat.to_owned()),
        ("something else is", format!("{seat}\n  if (!seat && body.text) return new Response(null);")),
    ] {
        assert_eq!(see(TEAMS, &[(ROUTE, &route(&lines))]).edited, [""; 0], "{name}");
    }
}

#[test]
fn only_the_user_is_known_and_the_team_pays() {
    let text = route("");
    let case: [Case<'_>; 1] = [("no team in scope", TEAMS, &[(ROUTE, &text)])];
    charges_nobody(&case);
}

#[test]
fn of_two_kinds_of_organisation_neither_pays_until_one_is_named() {
    let schema = "model User {
  id String @id
}

model Team {
  id String @id
}

model Company {
  id String @id
}

model Seat {
  id        String  @id
  userId    String
  user      User    @relation(fields: [userId], references: [id])
  teamId    String
  team      Team    @relation(fields: [teamId], references: [id])
  companyId String
  company   Company @relation(fields: [companyId], references: [id])
}
";
    let text =
        route("  const seat = await db.seat.findFirstOrThrow({ where: { userId: session.user.id } });");
    let asked = "version = 1\npayer = \"organisation\"\n";
    let case = [("prisma/schema.prisma", schema), (ROUTE, text.as_str()), ("credyt.toml", asked)];
    charges_nobody(&[("neither is named", TEAMS, &case)]);
    let named = format!("{asked}organisation = \"Company\"\n");
    let case = [case[0], case[1], ("credyt.toml", named.as_str())];
    assert_eq!(see(TEAMS, &case).selected, [format!("{ROUTE}:9 seat.companyId")]);
}

#[test]
fn an_active_organisation_that_may_be_none_pays_for_nothing() {
    let package = r#"{"dependencies": {"next": "16", "react": "19", "@clerk/nextjs": "6", "openai": "6"}}"#;
    let asked = "version = 1\npayer = \"organisation\"\n";
    for check in ["if (!userId) return new Response(null, { status: 401 });", ""] {
        let text = format!(
            "import {{ auth }} from \"@clerk/nextjs/server\";\nimport {{ client }} from \"@/lib/ai\";\nexport async function POST(req: Request) {{\n  const {{ userId, orgId }} = await auth();\n  {check}\n  return Response.json(await client.responses.create({{ model: \"gpt-5\", input: \"x\" }}));\n}}\n"
        );
        let case = [("package.json", package), (ROUTE, text.as_str()), ("credyt.toml", asked)];
        assert_eq!(see(super::apps::NEXT, &case).edited, [""; 0], "{check}");
    }
}
