//! Small apps, each with one thing to tell: where somebody signs up, and where nobody does.

mod forms;

use crate::catalog::Catalog;
use crate::fingerprint::App;
use crate::resolve::Program;
use crate::sites::cx::Cx;
use crate::sites::{Detail, Hook, Signup, Site};
use crate::workspace::Workspace;

const NEXT: &[&str] = &["frameworks/nextjs-app"];
const PRISMA: &str = "model User {\n  id String @id @default(cuid())\n  email String @unique\n  password String\n}\n\nmodel Session {\n  id String @id\n  userId String\n}\n";
const CLIENT: (&str, &str) = (
    "lib/prisma.ts",
    "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();",
);

fn sites(picked: &[&str], files: &[(&str, &str)]) -> Vec<Site> {
    let workspace = Workspace::in_memory(files.iter().copied());
    let program = Program::new(&workspace);
    let catalog = Catalog::embedded().unwrap();
    let entries = picked.iter().map(|p| (*p).to_owned()).collect();
    let app = App { root: ".".to_owned(), entries, folders: vec![String::new()], ..App::default() };
    let cx = Cx::new(&program, &catalog, &app);
    super::signups(&cx)
}

fn signup(site: &Site) -> &Signup {
    match &site.detail {
        Detail::Signup(signup) => signup,
        other => panic!("a sign-up is expected, not {other:?}"),
    }
}

/// `* file:first-last symbol how id`, a star when it is preselected.
fn seen(picked: &[&str], files: &[(&str, &str)]) -> Vec<String> {
    let line = |s: &Site| {
        let how = serde_json::to_value(signup(s).how).unwrap();
        format!(
            "{} {}:{}-{} {} {} {}",
            if s.selected { "*" } else { "-" },
            s.file,
            s.line,
            s.end_line,
            s.symbol.as_deref().unwrap_or("?"),
            how.as_str().unwrap(),
            signup(s).user_id.as_deref().unwrap_or("?"),
        )
    };
    sites(picked, files).iter().map(line).collect()
}

fn prisma(files: &[(&str, &str)]) -> Vec<String> {
    let mut all = vec![("prisma/schema.prisma", PRISMA), CLIENT];
    all.extend_from_slice(files);
    seen(&["frameworks/nextjs-app", "orm/prisma"], &all)
}

const NONE: [&str; 0] = [];

#[test]
fn an_insert_in_a_handler_is_its_own_door() {
    let route = "import { prisma } from '@/lib/prisma';\n\nexport async function POST(request: Request) {\n  const { email, password } = await request.json();\n  const created = await prisma.user.create({\n    data: { email, password },\n  });\n  return Response.json({ id: created.id });\n}\n";
    let files = [
        ("tsconfig.json", r#"{"compilerOptions":{"paths":{"@/*":["./*"]}}}"#),
        ("app/api/register/route.ts", route),
    ];
    assert_eq!(prisma(&files), ["* app/api/register/route.ts:5-7 POST handler created.id"]);
}

#[test]
fn what_is_no_new_user_is_no_sign_up() {
    let route = "import { prisma } from '../../../lib/prisma';\n\nexport async function POST(request: Request) {\n  const session = await prisma.session.create({ data: { userId: '1' } });\n  await prisma.user.update({ where: { id: '1' }, data: { email: 'a@b.c' } });\n  const found = await prisma.user.findUnique({ where: { id: '1' } });\n  await prisma.user.delete({ where: { id: '1' } });\n  return Response.json({ session, found });\n}\n";
    assert_eq!(prisma(&[("app/api/login/route.ts", route)]), NONE);
}

#[test]
fn a_function_that_only_has_the_name_is_no_sign_up() {
    let mail = "export async function createUser(email: string) {\n  await fetch('https://mail.example/send', { method: 'POST', body: email });\n}\n";
    let route = "import { createUser } from '../../../lib/mail';\nexport async function POST(request: Request) {\n  const user = { create: async (x: unknown) => x };\n  await user.create({ data: 1 });\n  await createUser('a@b.c');\n  return new Response();\n}\n";
    assert_eq!(prisma(&[("lib/mail.ts", mail), ("app/api/mail/route.ts", route)]), NONE);
}

#[test]
fn a_client_of_something_else_is_not_the_orms() {
    let route = "import Vendor from 'some-sdk';\nconst vendor = new Vendor();\nexport async function POST() {\n  const user = await vendor.user.create({ data: { email: 'a' } });\n  return Response.json(user);\n}\n";
    assert_eq!(prisma(&[("app/api/vendor/route.ts", route)]), NONE);
}

#[test]
fn seeds_scripts_and_tests_are_shown_at_most() {
    let make = "import { prisma } from '../lib/prisma';\nexport async function seedUsers() {\n  const user = await prisma.user.create({ data: { email: 'a', password: 'b' } });\n}\n";
    assert_eq!(
        prisma(&[("prisma/seed.ts", make), ("tests/user.ts", make), ("lib/users.test.ts", make)]),
        NONE
    );
    assert_eq!(prisma(&[("bin/make-admin.ts", make)]), ["- bin/make-admin.ts:3-3 seedUsers service user.id"]);
    assert_eq!(prisma(&[("lib/demo-data.ts", make)]), ["- lib/demo-data.ts:3-3 seedUsers service user.id"]);
}

#[test]
fn one_handler_in_front_of_a_service_is_the_door() {
    let service = "import { prisma } from './prisma';\nexport async function register(email: string) {\n  const user = await prisma.user.create({ data: { email, password: '' } });\n  return { user, fresh: true };\n}\n";
    let action = "'use server';\nimport { register } from '../lib/users';\nexport async function signUp(form: FormData) {\n  const { user: account } = await register(String(form.get('email')));\n  return account.id;\n}\n";
    assert_eq!(
        prisma(&[("lib/users.ts", service), ("app/actions.ts", action)]),
        ["* app/actions.ts:4-4 signUp handler account.id"]
    );
}

#[test]
fn several_handlers_share_the_service() {
    let service = "import { prisma } from './prisma';\nexport const register = (email: string) => prisma.user.create({ data: { email, password: '' } });\n";
    let action = "'use server';\nimport { register } from '../lib/users';\nexport async function signUp(form: FormData) {\n  const user = await register('a');\n  return user.id;\n}\nexport async function invite(form: FormData) {\n  const user = await register('b');\n  return user.id;\n}\n";
    let files = [("lib/users.ts", service), ("app/actions.ts", action)];
    assert_eq!(prisma(&files), ["* lib/users.ts:2-2 register service user.id"]);
    let mut all = vec![("prisma/schema.prisma", PRISMA), CLIENT];
    all.extend(files);
    let all = sites(&["frameworks/nextjs-app", "orm/prisma"], &all);
    assert_eq!(signup(&all[0]).plan.bind.as_deref(), Some("user"), "nothing names the value yet");
    // A seed that goes through the service would make customers: then each handler is a door.
    let seed = "import { register } from '../lib/users';\nregister('seed');\n";
    assert_eq!(
        prisma(&[files[0], files[1], ("prisma/seed.ts", seed)]),
        ["* app/actions.ts:4-4 signUp handler user.id", "* app/actions.ts:8-8 invite handler user.id"]
    );
}

#[test]
fn a_service_that_nothing_calls_is_not_chosen() {
    let service = "import { prisma } from './prisma';\nexport async function register(email: string) {\n  const user = await prisma.user.create({ data: { email, password: '' } });\n  return user;\n}\n";
    assert_eq!(prisma(&[("lib/users.ts", service)]), ["- lib/users.ts:3-3 register service user.id"]);
}

#[test]
fn a_transaction_counts_when_it_is_over() {
    let action = "'use server';\nimport { prisma } from '../lib/prisma';\nexport async function signUp() {\n  const user = await prisma.$transaction(async (tx) => {\n    const created = await tx.user.create({ data: { email: 'a', password: 'b' } });\n    await tx.session.create({ data: { userId: created.id } });\n    return created;\n  });\n  return user.id;\n}\n";
    assert_eq!(prisma(&[("app/actions.ts", action)]), ["* app/actions.ts:4-8 signUp handler user.id"]);
}

#[test]
fn an_account_that_a_program_uses_is_no_sign_up() {
    let route = |make: &str| {
        let text = format!(
            "import {{ db }} from '@/lib/db';\nexport async function POST(request: Request) {{\n  const {{ email }} = await request.json();\n  {make}\n  return Response.json({{}});\n}}\n"
        );
        prisma(&[("app/api/tokens/route.ts", text.as_str())])
    };
    for make in [
        "const user = await db.user.create({ data: { email, isMachine: true } });",
        "const machineUser = await db.user.create({ data: { email } });",
    ] {
        assert!(route(make).iter().all(|site| site.starts_with('-')), "{:?}", route(make));
    }
    let person = route("const user = await db.user.create({ data: { email, isMachine: false } });");
    assert!(!person.is_empty() && person.iter().all(|site| site.starts_with('*')), "{person:?}");
}

#[test]
fn guests_get_their_customer_later() {
    let action = "'use server';\nimport { prisma } from '../lib/prisma';\nexport async function startAsGuest() {\n  const user = await prisma.user.create({ data: { email: `guest-${Date.now()}`, password: '' } });\n  return user.id;\n}\n";
    assert_eq!(prisma(&[("app/actions.ts", action)]), ["* app/actions.ts:4-4 startAsGuest handler user.id"]);
}

#[test]
fn a_table_is_told_from_others_by_its_declaration() {
    let schema = "import { pgTable, text } from 'drizzle-orm/pg-core';\nexport const users = pgTable('users', { id: text('id').primaryKey(), email: text('email') });\nexport const accounts = pgTable('accounts', { userId: text('user_id'), provider: text('provider') });\n";
    let action = "'use server';\nimport { drizzle } from 'drizzle-orm/postgres-js';\nimport { users, accounts } from '../db/schema';\nconst db = drizzle(process.env.URL!);\nexport async function signUp() {\n  const [user] = await db.insert(users).values({ id: '1', email: 'a' }).returning();\n  await db.insert(accounts).values({ userId: user.id, provider: 'x' });\n}\n";
    assert_eq!(
        seen(
            &["frameworks/nextjs-app", "orm/drizzle"],
            &[("db/schema.ts", schema), ("app/actions.ts", action)]
        ),
        ["* app/actions.ts:6-6 signUp handler user.id"]
    );
}

#[test]
fn an_insert_without_its_row_gives_no_id_unless_the_app_chose_it() {
    let schema = "import { pgTable, text } from 'drizzle-orm/pg-core';\nexport const users = pgTable('users', { id: text('id').primaryKey(), email: text('email') });\n";
    let action = |values: &str| {
        format!(
            "'use server';\nimport {{ drizzle }} from 'drizzle-orm/postgres-js';\nimport {{ users }} from '../db/schema';\nconst db = drizzle('x');\nexport async function signUp() {{\n  const id = crypto.randomUUID();\n  await db.insert(users).values({values});\n}}\n"
        )
    };
    let seen = |values| {
        let text = action(values);
        seen(
            &["frameworks/nextjs-app", "orm/drizzle"],
            &[("db/schema.ts", schema), ("app/actions.ts", &text)],
        )
    };
    assert_eq!(seen("{ email: 'a' }"), ["* app/actions.ts:7-7 signUp handler ?"]);
    assert_eq!(seen("{ id, email: 'a' }"), ["* app/actions.ts:7-7 signUp handler id"]);
}

#[test]
fn mongoose_saves_a_new_document_and_updates_an_old_one() {
    let model = "const mongoose = require('mongoose');\nconst schema = new mongoose.Schema({ email: String, password: String });\nmodule.exports = mongoose.model('User', schema);\n";
    let app = "const express = require('express');\nconst User = require('./models/User');\nconst app = express();\napp.post('/signup', async (req, res) => {\n  const user = new User({ email: req.body.email });\n  await user.save();\n  res.json(user);\n});\napp.post('/profile', async (req, res) => {\n  const user = await User.findById(req.user.id);\n  user.email = req.body.email;\n  await user.save();\n  res.json(user);\n});\n";
    assert_eq!(
        seen(&["frameworks/express", "orm/mongoose"], &[("models/User.js", model), ("app.js", app)]),
        ["* app.js:6-6 ? handler user.id"]
    );
}

#[test]
fn a_repository_saves_what_it_creates_and_not_what_it_found() {
    let entity = "import { Entity, PrimaryGeneratedColumn, Column } from 'typeorm';\n@Entity()\nexport class User {\n  @PrimaryGeneratedColumn('uuid')\n  userId: string;\n  @Column()\n  email: string;\n}\n";
    let app = "import express from 'express';\nimport { dataSource } from './db';\nimport { User } from './user.entity';\nconst app = express();\nconst users = dataSource.getRepository(User);\napp.post('/signup', async (req, res) => {\n  const user = users.create({ email: req.body.email });\n  await users.save(user);\n  res.json(user);\n});\napp.post('/me', async (req, res) => {\n  const user = await users.findOneBy({ userId: '1' });\n  await users.save(user);\n  res.json(user);\n});\n";
    assert_eq!(
        seen(
            &["frameworks/express", "orm/typeorm"],
            &[("user.entity.ts", entity), ("db.ts", "export const dataSource = make();"), ("app.ts", app)]
        ),
        ["* app.ts:8-8 ? handler user.userId"]
    );
}

const SQLALCHEMY: &str = "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n\nclass Base(DeclarativeBase):\n    pass\n\nclass User(Base):\n    __tablename__ = \"users\"\n    user_id: Mapped[int] = mapped_column(primary_key=True)\n    email: Mapped[str]\n\nclass Item(Base):\n    __tablename__ = \"items\"\n    id: Mapped[int] = mapped_column(primary_key=True)\n";

fn fastapi(main: &str, more: &[(&str, &str)]) -> Vec<String> {
    let mut files = vec![("models.py", SQLALCHEMY), ("main.py", main)];
    files.extend_from_slice(more);
    seen(&["frameworks/fastapi", "orm/sqlalchemy"], &files)
}

#[test]
fn a_session_gives_the_id_after_its_commit() {
    let main = "from fastapi import FastAPI\nfrom models import User, Item\n\napp = FastAPI()\n\n@app.post(\"/signup\")\ndef sign_up(body, session):\n    user = User(email=body.email)\n    session.add(user)\n    session.commit()\n    session.refresh(user)\n    item = Item()\n    session.add(item)\n    session.commit()\n    return user\n";
    assert_eq!(fastapi(main, &[]), ["* main.py:9-11 sign_up handler user.user_id"]);
}

#[test]
fn a_record_that_was_read_is_not_new() {
    let main = "from fastapi import FastAPI\nfrom models import User\n\napp = FastAPI()\n\n@app.patch(\"/me\")\ndef update(body, session):\n    user = session.get(User, 1)\n    user.email = body.email\n    session.add(user)\n    session.commit()\n    return user\n";
    assert_eq!(fastapi(main, &[]), NONE);
}

#[test]
fn routes_for_development_and_commands_are_not_chosen() {
    let dev = "from fastapi import APIRouter\nfrom models import User\n\nrouter = APIRouter()\n\n@router.post(\"/users\")\ndef make(session):\n    user = User(email=\"a\")\n    session.add(user)\n    session.commit()\n    return user\n";
    let main = |condition: &str| {
        format!(
            "from fastapi import FastAPI\nimport playground\nfrom settings import settings\n\napp = FastAPI()\n{condition}    app.include_router(playground.router)\n"
        )
    };
    let only_dev = main("if settings.ENVIRONMENT == \"local\":\n");
    assert_eq!(
        fastapi(&only_dev, &[("playground.py", dev)]),
        ["- playground.py:9-10 make handler user.user_id"]
    );
    let flag = main("if settings.FEATURE_TEAMS:\n");
    assert_eq!(fastapi(&flag, &[("playground.py", dev)]), ["* playground.py:9-10 make handler user.user_id"]);
    let command = "import click\nfrom models import User\n\n@click.command()\ndef add(session):\n    user = User(email=\"a\")\n    session.add(user)\n    session.commit()\n";
    assert_eq!(fastapi("", &[("admin.py", command)]), ["- admin.py:7-8 add service user.user_id"]);
}

const DJANGO: &[&str] = &["frameworks/django", "orm/django-orm", "auth/django-auth"];

#[test]
fn django_users_come_from_views_and_managers() {
    let urls = (
        "shop/urls.py",
        "from django.urls import path\nfrom . import views\n\nurlpatterns = [path(\"signup\", views.signup)]\n",
    );
    let view = "from django.contrib.auth.models import User\n\ndef signup(request):\n    user = User.objects.create_user(request.POST[\"email\"])\n    return user\n";
    assert_eq!(
        seen(DJANGO, &[urls, ("shop/views.py", view)]),
        ["* shop/views.py:4-4 signup handler user.id"]
    );
    let models = "from django.contrib.auth.models import AbstractBaseUser, BaseUserManager\nfrom django.db import models\n\nclass UserManager(BaseUserManager):\n    def create_user(self, email):\n        user = self.model(email=email)\n        user.save(using=self._db)\n        return user\n\nclass User(AbstractBaseUser):\n    email = models.EmailField()\n    objects = UserManager()\n";
    let views = "from django.contrib.auth import get_user_model\nfrom .models import User\n\ndef signup(request):\n    user = User.objects.create_user(request.POST[\"email\"])\n    return user\n\ndef invite(request):\n    get_user_model().objects.create_user(\"a\")\n";
    assert_eq!(
        seen(DJANGO, &[("shop/models.py", models), ("shop/views.py", views)]),
        ["* shop/models.py:7-7 UserManager.create_user service user.id"],
        "the manager is the one place behind both"
    );
}

#[test]
fn a_signal_for_new_users_sees_them_all() {
    let view = "from django.contrib.auth.models import User\n\ndef signup(request):\n    user = User.objects.create_user(request.POST[\"email\"])\n    return user\n";
    let urls = (
        "shop/urls.py",
        "from django.urls import path\nfrom . import views\n\nurlpatterns = [path(\"signup\", views.signup)]\n",
    );
    let signal = |sender: &str, test: &str| {
        format!(
            "from django.db.models.signals import post_save\nfrom django.dispatch import receiver\nfrom django.contrib.auth.models import User\nfrom .models import Order\n\n@receiver(post_save, sender={sender})\ndef welcome(sender, instance, created, **kwargs):\n    {test}\n        greet(instance)\n"
        )
    };
    let seen = |sender, test: &str| {
        seen(DJANGO, &[urls, ("shop/views.py", view), ("shop/signals.py", &signal(sender, test))])
    };
    assert_eq!(
        seen("User", "if created:"),
        [
            "* shop/signals.py:6-9 welcome orm-signal instance.pk",
            "- shop/views.py:4-4 signup handler user.id"
        ]
    );
    let only_view = ["* shop/views.py:4-4 signup handler user.id"];
    assert_eq!(seen("Order", "if created:"), only_view, "another record's signal");
    assert_eq!(seen("User", "if created and instance.vip:"), only_view, "it is run at every save");
}

#[test]
fn an_auth_library_s_hook_is_used_where_it_is_or_written_where_it_is_not() {
    let auth = |rest: &str| {
        format!(
            "import {{ betterAuth }} from 'better-auth';\nexport const auth = betterAuth({{\n  secret: 'x',\n  emailAndPassword: {{ enabled: true }},{rest}\n}});\n"
        )
    };
    let picked = ["frameworks/nextjs-app", "auth/better-auth"];
    let missing = auth("");
    assert_eq!(
        seen(&picked, &[("lib/auth.ts", &missing)]),
        ["* lib/auth.ts:4-4 databaseHooks.user.create.after auth-event-hook user.id"]
    );
    let keys = |text: &str| match &signup(&sites(&picked, &[("lib/auth.ts", text)])[0]).plan.hook {
        Some(Hook::Missing { path, .. }) => path.join("."),
        other => format!("{other:?}"),
    };
    assert_eq!(keys(&missing), "databaseHooks.user.create.after");
    assert_eq!(
        keys(&auth("\n  databaseHooks: { user: { create: { before: async (user) => {} } } },")),
        "after",
        "the objects that are there are used"
    );
    let there =
        auth("\n  databaseHooks: { user: { create: { after: async (account) => { greet(account); } } } },");
    assert_eq!(
        seen(&picked, &[("lib/auth.ts", &there)]),
        ["* lib/auth.ts:5-5 databaseHooks.user.create.after auth-event-hook account.id"]
    );
}

#[test]
fn authjs_tells_of_new_users_only_with_an_adapter() {
    let auth = |adapter: &str| {
        format!(
            "import NextAuth from 'next-auth';\nconst options = {{\n  {adapter}providers: [],\n}} satisfies object;\nexport const {{ auth, handlers }} = NextAuth(options);\n"
        )
    };
    let picked = ["frameworks/nextjs-app", "auth/authjs"];
    assert_eq!(seen(&picked, &[("auth.ts", &auth(""))]), NONE);
    assert_eq!(
        seen(&picked, &[("auth.ts", &auth("adapter: Adapter(db), "))]),
        ["* auth.ts:3-3 events.createUser auth-event-hook user.id"]
    );
}

#[test]
fn hosted_users_are_known_by_their_webhook() {
    let picked = ["frameworks/nextjs-app", "auth/clerk"];
    let page = "import { auth } from '@clerk/nextjs/server';\nexport default async function Page() {\n  const { userId } = await auth();\n  return userId;\n}\n";
    assert_eq!(seen(&picked, &[("app/page.tsx", page)]), NONE, "no line of the app makes a user");
    let hook = "import { verifyWebhook } from '@clerk/nextjs/webhooks';\nexport async function POST(request: Request) {\n  const event = await verifyWebhook(request);\n  if (event.type === 'user.created') {\n    console.log(event.data.id);\n  }\n  if (event.type === 'user.deleted') {\n    console.log('bye');\n  }\n  return new Response();\n}\n";
    assert_eq!(
        seen(&picked, &[("app/api/webhooks/route.ts", hook)]),
        ["* app/api/webhooks/route.ts:4-6 POST webhook event.data.id"]
    );
}

#[test]
fn a_table_known_by_its_name_only() {
    let app = "import express from 'express';\nimport knex from 'knex';\nconst db = knex({});\nconst app = express();\napp.post('/signup', async (req, res) => {\n  const [user] = await db('users').insert({ email: req.body.email }).returning('*');\n  await db('sessions').insert({ user_id: user.id });\n  res.json(user);\n});\n";
    assert_eq!(
        seen(&["frameworks/express", "orm/knex"], &[("app.ts", app)]),
        ["* app.ts:6-6 ? handler user.id"]
    );
}

#[test]
fn the_app_s_own_row_inside_a_webhook_is_not_a_second_door() {
    let hook = "import { Webhook } from 'svix';\nimport { prisma } from '../../../lib/prisma';\nexport async function POST(request: Request) {\n  const wh = new Webhook('secret');\n  const evt = wh.verify(await request.text(), {}) as { type: string };\n  if (evt.type === 'user.created') {\n    await prisma.user.create({ data: { email: 'a', password: '' } });\n  }\n  return new Response();\n}\n";
    let files = [("prisma/schema.prisma", PRISMA), CLIENT, ("app/api/hooks/route.ts", hook)];
    assert_eq!(
        seen(&["frameworks/nextjs-app", "orm/prisma", "auth/clerk"], &files),
        ["* app/api/hooks/route.ts:6-8 POST webhook evt.data.id"],
        "the provider's id is the one that requests carry"
    );
}

#[test]
fn a_service_class_on_top_of_the_client_is_the_client() {
    let client = "import { PrismaClient } from '@prisma/client';\nexport class PrismaService extends PrismaClient {}\n";
    let service = "import { PrismaService } from './prisma.service';\nexport class UsersService {\n  constructor(private readonly prisma: PrismaService) {}\n  async create(email: string) {\n    const user = await this.prisma.user.create({ data: { email, password: '' } });\n    return user;\n  }\n}\n";
    assert_eq!(
        prisma(&[("src/prisma.service.ts", client), ("src/users.service.ts", service)]),
        ["* src/users.service.ts:5-5 UsersService.create service user.id"]
    );
}

#[test]
fn a_record_that_is_handed_to_a_callback_is_named_there() {
    let model = "const mongoose = require('mongoose');\nconst schema = new mongoose.Schema({ email: String });\nmodule.exports = mongoose.model('User', schema);\n";
    let app = "const express = require('express');\nconst User = require('./models/User');\nconst app = express();\napp.post('/signup', (req, res) => {\n  new User({ email: req.body.email }).save().then((created) => {\n    res.json(created);\n  });\n});\n";
    let files = [("models/User.js", model), ("app.js", app)];
    let picked = ["frameworks/express", "orm/mongoose"];
    assert_eq!(seen(&picked, &files), ["* app.js:5-7 ? handler created.id"]);
    assert!(matches!(signup(&sites(&picked, &files)[0]).plan.hook, Some(Hook::Body(_))));
}

#[test]
fn a_form_of_the_library_makes_users_when_it_is_saved() {
    let urls = (
        "shop/urls.py",
        "from django.urls import path\nfrom . import views\n\nurlpatterns = [path(\"signup\", views.signup)]\n",
    );
    let view = |save: &str| {
        format!(
            "from django.contrib.auth.forms import UserCreationForm\nfrom .forms import OrderForm\n\nclass SignUpForm(UserCreationForm):\n    pass\n\ndef signup(request):\n    form = SignUpForm(request.POST)\n    order = OrderForm(request.POST)\n    order.save()\n    {save}\n    return form\n"
        )
    };
    let seen = |save: &str| seen(DJANGO, &[urls, ("shop/views.py", &view(save))]);
    assert_eq!(seen("user = form.save()"), ["* shop/views.py:11-11 signup handler user.pk"]);
    assert_eq!(
        seen("user = form.save(commit=False)\n    user.email = \"a\"\n    user.save()"),
        ["* shop/views.py:13-13 signup handler user.pk"]
    );
}

#[test]
fn sql_by_hand_gives_what_it_returns() {
    let app = |sql: &str| {
        format!(
            "import express from 'express';\nimport {{ pool }} from './db';\nconst app = express();\napp.post('/signup', async (req, res) => {{\n  const result = await pool.query('{sql}', [req.body.email]);\n  res.json(result);\n}});\n"
        )
    };
    let seen = |sql: &str| seen(&["frameworks/express", "orm/raw-sql"], &[("app.ts", &app(sql))]);
    assert_eq!(
        seen("INSERT INTO users (email) VALUES ($1) RETURNING id"),
        ["* app.ts:5-5 ? handler result.rows[0].id"]
    );
    assert_eq!(seen("INSERT INTO users (email) VALUES ($1)"), ["* app.ts:5-5 ? handler ?"]);
    assert_eq!(seen("INSERT INTO sessions (user_id) VALUES ($1)"), NONE);
    assert_eq!(seen("UPDATE users SET email = $1"), NONE);
}

#[test]
fn the_sample_apps() {
    let root = camino::Utf8PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
    let catalog = Catalog::embedded().unwrap();
    let mut names: Vec<_> = std::fs::read_dir(&root).unwrap().map(|e| e.unwrap().file_name()).collect();
    // Those are about paid calls.
    names.retain(|name| !name.to_str().unwrap().starts_with("shape-"));
    names.sort();
    let mut lines = Vec::new();
    for name in names {
        let name = name.to_str().unwrap();
        let workspace = Workspace::open(&root.join(name)).unwrap();
        let program = Program::new(&workspace);
        let found = crate::fingerprint::fingerprint(&workspace, &catalog);
        for app in &found.apps {
            for s in super::signups(&Cx::new(&program, &catalog, app)) {
                let id = signup(&s).user_id.clone().unwrap_or_default();
                let star = if s.selected { "*" } else { "-" };
                lines.push(format!("{star} {name}/{}:{} {id}", s.file, s.line));
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    * express-jwt-prisma/src/controllers/auth.controller.ts:22 user.id
    * express-passport-mongoose/controllers/user.js:50 user.id
    * fastapi-async-replicate/auth.py:50 user.id
    * fastapi-sqlmodel-jwt/app/api/routes/auth.py:18 user.id
    * nextjs-authjs-prisma/app/api/register/route.ts:20 user.id
    * nextjs-jwt-drizzle/src/app/(auth)/actions.ts:34 user.id
    * nextjs-teams-drizzle/src/app/(auth)/actions.ts:31 created.id
    * refuse-no-paid-call/src/routes/auth.js:27 user.id
    ");
}

#[test]
fn nothing_is_found_without_accounts() {
    let route = "export async function POST(request: Request) {\n  const user = await create(request);\n  return Response.json(user);\n}\n";
    assert_eq!(seen(NEXT, &[("app/api/users/route.ts", route)]), NONE);
}

#[test]
fn guests_are_found_where_the_auth_library_makes_them_and_nothing_is_written_there() {
    let service = "import { prisma } from './prisma';\nexport async function createGuest() {\n  return prisma.user.create({ data: { email: `guest-${Date.now()}` } });\n}\n";
    let auth = "import NextAuth from 'next-auth';\nimport Credentials from 'next-auth/providers/credentials';\nimport { createGuest } from './guests';\nexport const { auth } = NextAuth({\n  providers: [\n    Credentials({\n      async authorize() {\n        const guest = await createGuest();\n        return { ...guest };\n      },\n    }),\n  ],\n});\n";
    let mut all = vec![("prisma/schema.prisma", PRISMA), CLIENT];
    all.extend([("lib/guests.ts", service), ("lib/auth.ts", auth)]);
    let picked = ["frameworks/nextjs-app", "orm/prisma", "auth/authjs"];
    let found: Vec<String> = seen(&picked, &all).into_iter().filter(|l| l.contains("authorize")).collect();
    assert_eq!(found, ["* lib/auth.ts:8-8 authorize handler guest.id"]);
    let made = sites(&picked, &all);
    let guest = made.iter().find(|s| s.symbol.as_deref() == Some("authorize")).unwrap();
    assert!(signup(guest).plan.later);
}

#[test]
fn what_only_runs_when_the_program_starts_is_no_sign_up() {
    let users = "import { prisma } from './prisma';\nexport async function ensureOwner() {\n  const user = await prisma.user.create({ data: { email: 'a', password: 'b' } });\n}\n";
    let head = "import { ensureOwner } from './lib/users';\nimport { connect } from './lib/db';\n";
    let shown = |code: &str| prisma(&[("lib/users.ts", users), ("worker.ts", &format!("{head}{code}\n"))]);
    for code in [
        "ensureOwner();",
        "async function main() {\n  await ensureOwner();\n}\nmain();",
        "connect().then(() => ensureOwner());",
        "(async () => {\n  await ensureOwner();\n})();",
    ] {
        assert_eq!(shown(code), ["- lib/users.ts:3-3 ensureOwner service user.id"], "{code}");
    }
    // What cannot be followed may well be asked for.
    let open = "export const onJoin = (bus) => bus.on('join', () => ensureOwner());";
    assert_eq!(shown(open), ["* lib/users.ts:3-3 ensureOwner service user.id"]);
}
