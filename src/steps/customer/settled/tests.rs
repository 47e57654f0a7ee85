//! Where a customer is made, and under what condition.

use crate::steps::Area;
use crate::steps::paid::tests::plan;

const SUPABASE: (&str, &str) = (
    "package.json",
    r#"{"name": "a", "dependencies": {"next": "15", "@supabase/supabase-js": "2", "@supabase/ssr": "0.5"}}"#,
);
const DRIZZLE: (&str, &str) =
    ("package.json", r#"{"name": "a", "dependencies": {"next": "15", "drizzle-orm": "0.40", "jose": "5"}}"#);
const SCHEMA: (&str, &str) = (
    "db.ts",
    "import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { SignJWT, jwtVerify } from 'jose';
export const users = pgTable('users', { id: text('id').primaryKey(), email: text('email').notNull() });
export const db = drizzle(process.env.DATABASE_URL!);
export const sign = (id: string) => new SignJWT({ id }).sign(key);
export const verify = (token: string) => jwtVerify(token, key);
",
);

/// A sign-up route after the customer step, and what is left to do.
fn supabase(body: &str) -> (String, String) {
    let route = format!(
        "import {{ createClient }} from '@supabase/supabase-js';
const supabase = createClient('a', 'b');
export async function POST(request: Request) {{
  const {{ email }} = await request.json();
  const {{ data: {{ user }} }} = await supabase.auth.getUser();
{body}
  return Response.json({{ ok: true }});
}}
"
    );
    let files = [SUPABASE, ("app/api/signup/route.ts", route.as_str())];
    let (plan, text) = plan(&files, Area::Customer, "app/api/signup/route.ts");
    (text, plan.todo.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn drizzle(body: &str) -> String {
    let route = format!(
        "import {{ db, users }} from '../../../db';
export async function POST(request: Request) {{
  const {{ email }} = await request.json();
{body}
  return Response.json({{ ok: true }});
}}
"
    );
    let files = [DRIZZLE, SCHEMA, ("app/api/signup/route.ts", route.as_str())];
    plan(&files, Area::Customer, "app/api/signup/route.ts").1
}

#[test]
fn a_client_that_answers_with_an_error_is_asked_for_it_first() {
    let insert =
        "  const { data, error: failed } = await supabase.from('users').insert({ email }).select().single();";
    let (text, _) =
        supabase(&format!("{insert}\n  if (failed) return Response.json({{}}, {{ status: 409 }});"));
    let check = text.find("status: 409").expect("the app's own check");
    let call = text.find("await registerCustomer({ id: data.id").expect("the call");
    assert!(check < call && !text.contains("if (!failed)"), "{text}");
    let (text, _) = supabase(&format!("{insert}\n  if (failed) console.error(failed);"));
    assert!(text.contains("  if (!failed) {\n    await registerCustomer({ id: data.id"), "{text}");
    // Nothing keeps the error: the record says it where the statement gives one.
    let (text, _) =
        supabase("  const { data } = await supabase.from('users').insert({ email }).select().single();");
    assert!(text.contains("  if (data) {\n    await registerCustomer({ id: data.id"), "{text}");
    let (text, todo) = supabase("  await supabase.from('users').insert({ id: user.id, email });");
    assert!(!text.contains("registerCustomer"), "{text}");
    assert!(todo.contains("nothing keeps that error"), "{todo}");
}

#[test]
fn a_record_that_may_not_be_there_is_read_only_where_it_is() {
    let rows = "await db.insert(users).values({ email }).onConflictDoNothing().returning()";
    let text = drizzle(&format!(
        "  const [user] = {rows};\n  if (!user) return Response.json({{}}, {{ status: 409 }});"
    ));
    assert!(text.contains("status: 409 });\n  await registerCustomer({ id: user.id"), "{text}");
    let text = drizzle(&format!(
        "  const [user] = {rows};\n  console.log('made');\n  if (!user) return new Response();"
    ));
    assert!(text.contains("  if (user) {\n    await registerCustomer({ id: user.id"), "{text}");
    let text = drizzle(&format!("  const rows = {rows};\n  if (rows.length === 0) return new Response();"));
    assert!(text.contains("new Response();\n  await registerCustomer({ id: rows[0].id"), "{text}");
    let text = drizzle(&format!("  const rows = {rows};"));
    assert!(text.contains("  if (rows[0]) {\n    await registerCustomer({ id: rows[0].id"), "{text}");
    // A check of something else is none of the record.
    let text = drizzle(&format!("  const [user] = {rows};\n  if (user && blocked) return new Response();"));
    assert!(text.contains("  if (user) {\n    await registerCustomer("), "{text}");
    let plain = "await db.insert(users).values({ email }).returning()";
    let text = drizzle(&format!("  const [user] = {plain};"));
    assert!(text.contains(".returning();\n  await registerCustomer({ id: user.id"), "{text}");
}

#[test]
fn only_what_the_insert_gives_back_is_read() {
    let text =
        drizzle("  const [user] = await db.insert(users).values({ email }).returning({ id: users.id });");
    assert!(text.contains("await registerCustomer({ id: user.id, email });"), "{text}");
}

#[test]
fn a_record_that_is_returned_as_it_is_saved_is_named_first() {
    let manifest = r#"{"name": "a", "dependencies": {"@nestjs/common": "11", "@nestjs/core": "11", "@nestjs/typeorm": "11", "@nestjs/passport": "11", "passport-jwt": "4", "typeorm": "0.3", "bcrypt": "5"}}"#;
    let entity = "import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity()
export class User {
  @PrimaryGeneratedColumn('uuid')
  id: string;
  @Column()
  email: string;
  @Column()
  password: string;
}
";
    let controller = "import { Body, Controller, Post } from '@nestjs/common';
import { UserService } from './user.service';
@Controller('auth')
export class AuthController {
  constructor(private readonly users: UserService) {}
  @Post('signup')
  signUp(@Body() dto: { email: string; password: string }) {
    return this.users.signUp(dto);
  }
}
";
    let service = "import { ConflictException, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { User } from './user.entity';
@Injectable()
export class UserService {
  constructor(@InjectRepository(User) private readonly repo: Repository<User>) {}

  async signUp(dto: { email: string; password: string }): Promise<User> {
    const user = this.repo.create(dto);
    try {
      return await this.repo.save(user);
    } catch {
      throw new ConflictException();
    }
  }
}
";
    let files = [
        ("package.json", manifest),
        ("src/user.entity.ts", entity),
        ("src/auth.controller.ts", controller),
        ("src/user.service.ts", service),
    ];
    let (_, text) = plan(&files, Area::Customer, "src/user.service.ts");
    assert!(
        text.contains("      const saved = await this.repo.save(user);\n      await registerCustomer({"),
        "{text}"
    );
    assert!(text.contains("id: user.id"), "{text}");
    assert!(text.contains("      return saved;\n    } catch {"), "{text}");
}

#[test]
fn a_record_with_an_id_of_its_own_registers_nobody_whom_payers_know_by_another() {
    let package = (
        "package.json",
        r#"{"name": "a", "dependencies": {"next": "15", "@clerk/nextjs": "6", "openai": "6", "@prisma/client": "6"}}"#,
    );
    let schema = (
        "prisma/schema.prisma",
        "model User {\n  id String @id @default(cuid())\n  clerkId String @unique\n  email String @unique\n}\n",
    );
    let spends = (
        "app/api/ask/route.ts",
        "import OpenAI from 'openai';\nimport { auth } from '@clerk/nextjs/server';\nconst ai = new OpenAI();\nexport async function POST(request: Request) {\n  const { userId } = await auth();\n  if (!userId) return new Response(null, { status: 401 });\n  const made = await ai.responses.create({ model: 'm', input: await request.text() });\n  return Response.json({ text: made.output_text });\n}\n",
    );
    let registered = |own: &str| {
        let signs_up = format!(
            "import {{ PrismaClient }} from '@prisma/client';\nimport {{ auth }} from '@clerk/nextjs/server';\nconst prisma = new PrismaClient();\nexport async function POST(request: Request) {{\n  const {{ userId }} = await auth();\n  if (!userId) return new Response(null, {{ status: 401 }});\n  const {{ email }} = await request.json();\n  const user = await prisma.user.create({{ data: {{ {own}clerkId: userId, email }} }});\n  return Response.json({{ id: user.id }});\n}}\n"
        );
        let path = "app/api/signup/route.ts";
        let (plan, text) = plan(&[package, schema, spends, (path, &signs_up)], Area::Customer, path);
        (text.contains("registerCustomer("), plan.notes.join("\n"))
    };
    let (is_called, notes) = registered("");
    assert!(!is_called && notes.contains("is known by the id of Clerk"), "{notes}");
    assert!(registered("id: userId, ").0, "the record has the id that payers are known by");
}
