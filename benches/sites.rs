//! How long `sites` takes: a cold process on made-up apps of 300, 3,000 and 10,000 files.
//!
//! `cargo bench --bench sites` prints one line a size. The apps are Next.js apps whose modules import each other as real
//! ones do: few touch users or providers, and many hold the words of those that do.

#![expect(
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement prints, and a fault in it may end it"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SIZES: [usize; 3] = [300, 3_000, 10_000];
const RUNS: usize = 12;
/// One paid route for so many files.
const PER_ROUTE: usize = 75;

fn main() {
    for files in SIZES {
        let app = tempfile::tempdir().unwrap();
        let bytes = write_app(app.path(), files);
        // The first run warms the cache of the file system.
        let mut times: Vec<Duration> = (0..=RUNS).map(|_| run(app.path())).skip(1).collect();
        times.sort();
        println!(
            "{files:>6} files, {:>5.1} MB: {:>4} ms at best, {:>4} ms in the middle of {RUNS}",
            bytes as f64 / 1e6,
            times[0].as_millis(),
            times[RUNS / 2].as_millis(),
        );
    }
}

fn run(app: &Path) -> Duration {
    let start = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_credyt-integrate"))
        .args(["sites", "--json"])
        .current_dir(app)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    let taken = start.elapsed();
    assert!(status.success());
    taken
}

/// Writes an app of so many modules; the bytes it comes to.
fn write_app(root: &Path, files: usize) -> usize {
    let mut bytes = 0;
    let mut write = |path: &str, text: String| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        bytes += text.len();
        fs::write(path, text).unwrap();
    };
    write("package.json", PACKAGE.to_owned());
    write("tsconfig.json", r#"{"compilerOptions": {"baseUrl": ".", "paths": {"@/*": ["./*"]}}}"#.to_owned());
    write("prisma/schema.prisma", SCHEMA.to_owned());
    write("lib/auth.ts", AUTH.to_owned());
    write(
        "lib/db.ts",
        "import { PrismaClient } from \"@prisma/client\";\n\nexport const db = new PrismaClient();\n"
            .to_owned(),
    );
    write("app/api/register/route.ts", REGISTER.to_owned());
    for n in 0..files {
        if n % PER_ROUTE == 0 {
            write(&format!("app/api/draft{n}/route.ts"), route(n));
            write(&format!("lib/drafts/draft{n}.ts"), service(n));
        } else if n % 3 == 0 {
            write(&format!("components/panel{}/card{n}.tsx", n % 40), component(n));
        } else if n % 7 == 0 {
            write(&format!("lib/part{}/tool{n}.test.ts", n % 40), module(n));
        } else {
            write(&format!("lib/part{}/tool{n}.ts", n % 40), module(n));
        }
    }
    bytes
}

const PACKAGE: &str = r#"{
  "name": "bench",
  "dependencies": {
    "next": "15.5.0", "react": "19.1.0", "next-auth": "5.0.0-beta.29",
    "@prisma/client": "6.16.0", "openai": "5.20.0"
  },
  "devDependencies": { "typescript": "5.9.2", "prisma": "6.16.0" }
}
"#;

const SCHEMA: &str =
    "model User {\n  id    String @id @default(cuid())\n  email String @unique\n  name  String?\n}\n";

const AUTH: &str = r#"import NextAuth from "next-auth";
import Credentials from "next-auth/providers/credentials";
import { db } from "@/lib/db";

export const { handlers, auth, signIn, signOut } = NextAuth({
  providers: [
    Credentials({
      authorize: async ({ email }) => db.user.findUnique({ where: { email: String(email) } }),
    }),
  ],
});
"#;

const REGISTER: &str = r#"import { NextResponse } from "next/server";
import { db } from "@/lib/db";

export async function POST(request: Request) {
  const { email, name } = await request.json();
  const user = await db.user.create({ data: { email, name } });
  return NextResponse.json({ id: user.id }, { status: 201 });
}
"#;

fn route(n: usize) -> String {
    format!(
        r#"import {{ NextResponse }} from "next/server";
import {{ auth }} from "@/lib/auth";
import {{ writeDraft }} from "@/lib/drafts/draft{n}";

export async function POST(request: Request) {{
  const session = await auth();
  if (!session?.user?.id) {{
    return NextResponse.json({{ error: "Sign in first." }}, {{ status: 401 }});
  }}
  const {{ topic }} = await request.json();
  return NextResponse.json(await writeDraft(session.user.id, topic));
}}
"#
    )
}

fn service(n: usize) -> String {
    format!(
        r#"import OpenAI from "openai";

const openai = new OpenAI();

export async function writeDraft(userId: string, topic: string) {{
  const answer = await openai.chat.completions.create({{
    model: "gpt-4.1-mini",
    messages: [{{ role: "user", content: `Draft {n} for ${{userId}}: ${{topic}}` }}],
  }});
  return {{ text: answer.choices[0]?.message.content ?? "" }};
}}
"#
    )
}

fn component(n: usize) -> String {
    let mut text = format!(
        "import {{ useState }} from \"react\";\nimport {{ tool{} }} from \"@/lib/part{}/tool{}\";\n\n",
        n + 1,
        (n + 1) % 40,
        n + 1
    );
    writeln!(text, "export function Card{n}({{ user, create }}: {{ user: string; create: () => void }}) {{")
        .unwrap();
    text.push_str(
        "  const [open, setOpen] = useState(false);\n  return (\n    <section className=\"card\">\n",
    );
    for row in 0..40 {
        writeln!(text, "      <p onClick={{() => setOpen(!open)}}>{{tool{}({row}, user)}}</p>", n + 1)
            .unwrap();
    }
    text.push_str("      <button onClick={create}>Create</button>\n    </section>\n  );\n}\n");
    text
}

fn module(n: usize) -> String {
    let mut text = format!(
        "import {{ db }} from \"@/lib/db\";\n\n/** Makes the parts that user {n} asked to create. */\n"
    );
    writeln!(text, "export function tool{n}(size: number, user: string): string {{").unwrap();
    text.push_str("  const parts: string[] = [];\n");
    for row in 0..60 {
        writeln!(
            text,
            "  if (size > {row} && user.length > {n}) {{\n    parts.push(`${{user}}-{row}`);\n  }}"
        )
        .unwrap();
    }
    text.push_str("  return parts.join(\" \");\n}\n\n");
    writeln!(text, "export async function load{n}(id: string) {{").unwrap();
    text.push_str("  return db.user.findUnique({ where: { id } });\n}\n");
    text
}
