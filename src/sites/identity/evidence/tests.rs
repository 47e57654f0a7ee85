//! Sessions of Auth.js and NextAuth: whose id is in them, and where nobody's is.

use crate::catalog::Catalog;
use crate::fingerprint::fingerprint;
use crate::resolve::Program;
use crate::sites::{self, Detail};
use crate::workspace::Workspace;

const V5: &str =
    r#"{"dependencies": {"next": "16", "next-auth": "^5.0.0", "openai": "6", "@prisma/client": "6"}}"#;
const V4: &str =
    r#"{"dependencies": {"next": "14", "next-auth": "^4.24.0", "openai": "6", "@prisma/client": "6"}}"#;
const SCHEMA: &str = "generator client {\n  provider = \"prisma-client-js\"\n}\nmodel User {\n  id String @id\n  email String? @unique\n}\n";
const ROUTE: &str = "const session = await auth();
  if (!session?.user) return Response.json({}, { status: 401 });";

/// Who pays in a route that starts with `head`, with the app's own `auth` module; and what is said of it.
fn payer(
    package: &str,
    ext: &str,
    auth: &str,
    head: &str,
    more: &[(&str, &str)],
) -> (Option<String>, String) {
    let route = format!(
        "import OpenAI from 'openai';
import {{ auth, prisma }} from '../../../auth';
import {{ getServerSession }} from 'next-auth';
import {{ options, getCurrentUser }} from '../../../auth';
const openai = new OpenAI();
export async function POST(request) {{
  {head}
  const r = await openai.responses.create({{ model: 'm', input: 'x' }});
  return Response.json(r);
}}
"
    );
    let (at, file) = (format!("auth.{ext}"), format!("app/api/chat/route.{ext}"));
    let files = [("package.json", package), ("prisma/schema.prisma", SCHEMA), (&at, auth), (&file, &route)];
    let workspace = Workspace::in_memory(files.iter().chain(more).copied());
    let catalog = Catalog::embedded().unwrap();
    let found = fingerprint(&workspace, &catalog);
    let program = Program::new(&workspace);
    let sites = sites::find(&program, &catalog, &found);
    let paid = sites.iter().find_map(|site| match &site.detail {
        Detail::Billable(billable) => Some((billable, site)),
        _ => None,
    });
    let (billable, site) = paid.expect("the call is found");
    let identity = billable.plan.identity.as_ref().filter(|i| !i.nullable);
    (identity.map(|i| i.id.clone()), site.evidence.join("\n"))
}

fn v5(options: &str) -> Option<String> {
    let auth = format!("import NextAuth from 'next-auth';\nexport const {{ auth }} = NextAuth({options});\n");
    payer(V5, "ts", &auth, ROUTE, &[]).0
}

#[test]
fn an_id_counts_only_where_the_app_puts_it_into_the_session() {
    let some = Some("session.user.id".to_owned());
    for (options, expected) in [
        ("{ providers: [] }", None),
        ("{ adapter: PrismaAdapter(prisma) }", some.clone()),
        ("{ adapter: PrismaAdapter(prisma), session: { strategy: 'jwt' } }", None),
        (
            "{ callbacks: { session({ session, token }) { session.user.id = token.sub; return session; } } }",
            some.clone(),
        ),
        (
            "{ callbacks: { session({ session, token }) { session.user.name = token.name; return session; } } }",
            None,
        ),
        (
            "{ callbacks: { session: ({ session, user }) => ({ ...session, user: { ...session.user, id: user.id } }) } }",
            some.clone(),
        ),
        ("{ callbacks: { session: ({ session }) => ({ ...session, user: { ...session.user } }) } }", None),
        ("{ callbacks: { jwt({ token, user }) { token.id = user.id; return token; } } }", None),
    ] {
        assert_eq!(v5(options), expected, "{options}");
    }
    let (_, said) = payer(
        V5,
        "ts",
        "import NextAuth from 'next-auth';\nexport const { auth } = NextAuth({});\n",
        ROUTE,
        &[],
    );
    assert!(said.contains("let `callbacks.session` set `session.user.id`"), "{said}");
}

#[test]
fn a_type_of_the_app_says_that_the_id_is_there() {
    let auth = "import NextAuth from 'next-auth';\nexport const { auth } = NextAuth({});\n";
    let declared = |session: &str| {
        let text = format!("declare module 'next-auth' {{\n  interface Session {{ user: {session} }}\n}}\n");
        payer(V5, "ts", auth, ROUTE, &[("types/next-auth.d.ts", &text)]).0
    };
    assert_eq!(declared("{ id: string } & DefaultSession['user']").as_deref(), Some("session.user.id"));
    assert_eq!(declared("{ role: string; width: number }"), None);
}

#[test]
fn in_typescript_nextauth_4_also_has_to_be_told_the_type() {
    const OPTIONS: &str = "export const options = { callbacks: { session({ session, token }) { session.user.id = token.sub; return session; } } };\n";
    const HEAD: &str = "const session = await getServerSession(options);
  if (!session?.user?.email) return Response.json({}, { status: 401 });";
    assert_eq!(payer(V4, "js", OPTIONS, HEAD, &[]).0.as_deref(), Some("session.user.id"));
    let (payer_in_ts, said) = payer(V4, "ts", OPTIONS, HEAD, &[]);
    assert_eq!(payer_in_ts, None);
    assert!(said.contains("declare module \"next-auth\""), "{said}");
}

#[test]
fn the_handlers_own_cast_and_the_users_own_record_name_the_user() {
    const OPTIONS: &str = "import { PrismaClient } from '@prisma/client';
import { getServerSession } from 'next-auth';
export const prisma = new PrismaClient();
export const options = {};
export async function getCurrentUser() {
  const session = await getServerSession(options);
  if (!session?.user?.email) return null;
  return prisma.user.findUnique({ where: { email: session.user.email } });
}
";
    const SESSION: &str = "const session = await getServerSession(options);
  if (!session?.user?.email) return Response.json({}, { status: 401 });\n";
    let with = |rest: &str| payer(V4, "ts", OPTIONS, &format!("{SESSION}  {rest}"), &[]).0;
    assert_eq!(with("const userId = (session.user as Account).id;").as_deref(), Some("userId"));
    assert_eq!(with("const userId = session.user.id;"), None, "nothing says that it is there");
    let by_mail = "const user = await prisma.user.findUnique({ where: { email: session.user.email } });";
    let leaves = "if (!user) return Response.json({}, { status: 404 });";
    assert_eq!(with(&format!("{by_mail}\n  {leaves}")).as_deref(), Some("user.id"));
    assert_eq!(with(by_mail), None, "there may be no such user");
    let own = "const user = await getCurrentUser();\n  if (!user) return Response.json({}, { status: 401 });";
    assert_eq!(payer(V4, "ts", OPTIONS, own, &[]).0.as_deref(), Some("user.id"));
    let other = "const user = await prisma.user.findUnique({ where: { email: request.email } });";
    assert_eq!(with(&format!("{other}\n  {leaves}")), None, "an address that anybody may send");
}

#[test]
fn an_id_beside_the_user_is_not_the_users_whatever_a_type_says() {
    let types = (
        "types.d.ts",
        "import 'next-auth';\ndeclare module 'next-auth' {\n  interface Session {\n    user: { id: string };\n  }\n}\n",
    );
    let with = |callback: &str| {
        let auth = format!(
            "import NextAuth from 'next-auth';\nexport const {{ auth }} = NextAuth({{ session: {{ strategy: 'jwt' }}, callbacks: {{ session({{ session, token }}) {{ {callback} }} }} }});\n"
        );
        payer(V5, "ts", &auth, ROUTE, &[types])
    };
    let beside = with("session.userId = token.sub; return session;");
    assert_eq!(beside.0, None);
    assert!(beside.1.contains("auth.ts:2 puts the user's id elsewhere into the session"), "{}", beside.1);
    assert_eq!(with("return { ...session, id: token.sub };").0, None);
    let both = with("session.userId = token.sub; session.user.id = token.sub; return session;");
    assert_eq!(both.0.as_deref(), Some("session.user.id"));
    let other = with("session.accessToken = token.accessToken; return session;");
    assert_eq!(other.0.as_deref(), Some("session.user.id"), "the type says so");
}
