//! Three apps that sign users in and make one paid call each.

use super::Files;

pub(super) const NEXT: Files<'static> = &[
    (
        "package.json",
        r#"{"dependencies": {"next": "16", "react": "19", "next-auth": "5.0.0", "openai": "6", "ai": "5", "@ai-sdk/openai": "2", "replicate": "1"}}"#,
    ),
    ("tsconfig.json", r#"{"compilerOptions": {"paths": {"@/*": ["./*"]}}}"#),
    ("app/layout.tsx", "export default function Layout({ children }) {\n  return children;\n}\n"),
    (
        "auth.ts",
        "import NextAuth from \"next-auth\";\n\nexport const { auth, handlers } = NextAuth({ providers: [], callbacks: { session({ session, token }) { session.user.id = token.sub; return session; } } });\n",
    ),
    ("lib/ai.ts", "import OpenAI from \"openai\";\n\nexport const client = new OpenAI();\n"),
    (
        "app/api/ask/route.ts",
        "import { auth } from \"@/auth\";
import { client } from \"@/lib/ai\";

export async function POST(req: Request) {
  const session = await auth();
  if (!session?.user?.id) {
    return new Response(null, { status: 401 });
  }
  const { text } = await req.json();
  const answer = await client.responses.create({ model: \"gpt-5\", input: text });
  return Response.json({ text: answer.output_text });
}
",
    ),
];

pub(super) const EXPRESS: Files<'static> = &[
    (
        "package.json",
        r#"{"dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9", "replicate": "1"}}"#,
    ),
    (
        "auth.js",
        "const jwt = require(\"jsonwebtoken\");

exports.sign = (user) => jwt.sign({ id: user.id }, process.env.SECRET);

exports.requireAuth = (req, res, next) => {
  req.user = jwt.verify(req.get(\"authorization\"), process.env.SECRET);
  next();
};
",
    ),
    (
        "app.js",
        "const express = require(\"express\");
const OpenAI = require(\"openai\");
const { requireAuth } = require(\"./auth\");

const app = express();
const client = new OpenAI();

app.post(\"/ask\", requireAuth, async (req, res) => {
  const answer = await client.responses.create({ model: \"gpt-5\", input: req.body.text });
  res.json({ text: answer.output_text, by: req.user.id });
});
",
    ),
];

pub(super) const FASTAPI: Files<'static> = &[
    ("requirements.txt", "fastapi==0.116\nopenai==2.0\npyjwt==2.9\nhttpx==0.28\nlangchain-openai==1.0\n"),
    (
        "auth.py",
        "import jwt


def sign(user_id: str) -> str:
    return jwt.encode({\"sub\": user_id}, \"secret\")


def current_user_id(token: str) -> str:
    return jwt.decode(token, \"secret\", algorithms=[\"HS256\"])[\"sub\"]
",
    ),
    (
        "main.py",
        "from fastapi import Depends, FastAPI
from openai import OpenAI

from auth import current_user_id

app = FastAPI()
client = OpenAI()


@app.post(\"/ask\")
def ask(text: str, user_id: str = Depends(current_user_id)):
    answer = client.responses.create(model=\"gpt-5\", input=text)
    return {\"text\": answer.output_text}
",
    ),
];

/// The first app with teams, which hold the id of a payment provider, so that they pay.
pub(super) const TEAMS: Files<'static> = &[
    NEXT[0],
    NEXT[1],
    NEXT[2],
    NEXT[3],
    NEXT[4],
    (
        "package.json",
        r#"{"dependencies": {"next": "16", "react": "19", "next-auth": "5.0.0", "openai": "6", "@prisma/client": "6"}}"#,
    ),
    (
        "lib/db.ts",
        "import { PrismaClient } from \"@prisma/client\";\n\nexport const db = new PrismaClient();\n",
    ),
    (
        "prisma/schema.prisma",
        "model User {
  id String @id
}

model Team {
  id               String @id
  name             String
  stripeCustomerId String?
}

model Member {
  id     String @id
  userId String
  user   User   @relation(fields: [userId], references: [id])
  teamId String
  team   Team   @relation(fields: [teamId], references: [id])
}
",
    ),
    (
        "app/api/ask/route.ts",
        "import { auth } from \"@/auth\";
import { client } from \"@/lib/ai\";
import { db } from \"@/lib/db\";

export async function POST(req: Request) {
  const session = await auth();
  if (!session?.user?.id) {
    return new Response(null, { status: 401 });
  }
  const seat = await db.member.findFirst({ where: { userId: session.user.id } });
  if (!seat) {
    return new Response(null, { status: 403 });
  }
  const { text } = await req.json();
  const answer = await client.responses.create({ model: \"gpt-5\", input: text });
  return Response.json({ text: answer.output_text });
}
",
    ),
];
