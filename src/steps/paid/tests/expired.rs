//! Records that a session has let go of, and guests who pay.

use super::*;

/// An app whose sessions expire what they hold, unless `options` says otherwise.
fn rows(options: &str, after_commit: &str) -> [(&'static str, String); 3] {
    let db = format!(
        "from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n\nengine = create_async_engine(\"sqlite+aiosqlite:///a.db\")\nmake = async_sessionmaker(engine{options})\n\n\nclass Base(DeclarativeBase):\n    pass\n\n\nclass User(Base):\n    __tablename__ = \"users\"\n    id: Mapped[int] = mapped_column(primary_key=True)\n    email: Mapped[str]\n\n\nasync def get_db():\n    async with make() as db:\n        yield db\n"
    );
    let main = format!(
        "import jwt\nfrom fastapi import Depends, FastAPI\nfrom openai import AsyncOpenAI\nfrom sqlalchemy.ext.asyncio import AsyncSession\n\nfrom db import User, get_db\n\napp = FastAPI()\nclient = AsyncOpenAI()\n\n\nasync def current_user(token: str, db: AsyncSession = Depends(get_db)) -> User:\n    return await db.get(User, jwt.decode(token, \"s\")[\"sub\"])\n\n\n@app.post(\"/users\")\nasync def sign_up(email: str, db: AsyncSession = Depends(get_db)):\n    user = User(email=email)\n    db.add(user)\n    await db.commit()\n{after_commit}    return {{\"token\": jwt.encode({{\"sub\": str(1)}}, \"s\")}}\n\n\n@app.post(\"/ask\")\nasync def ask(text: str, user: User = Depends(current_user), db: AsyncSession = Depends(get_db)):\n    await db.commit()\n{after_commit}    answer = await client.responses.create(model=\"m\", input=text)\n    return {{\"text\": answer.output_text, \"by\": user.id}}\n"
    );
    let manifest = "fastapi\nopenai\npyjwt\nsqlalchemy\n".to_owned();
    [("requirements.txt", manifest), ("db.py", db), ("main.py", main)]
}

#[test]
fn an_expired_record_is_not_read() {
    for (options, loaded, read) in
        [("", "", false), ("", "    await db.refresh(user)\n", true), (", expire_on_commit=False", "", true)]
    {
        let files = rows(options, loaded);
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        for (area, call) in [
            (Area::Customer, "await register_customer("),
            (Area::Events, "await record_usage("),
            (Area::Gating, "await check_balance("),
        ] {
            let (step, text) = plan(&files, area, "main.py");
            assert_eq!(text.contains(call), read, "{area:?} {options}\n{text}{}", todo_of(&step));
            assert!(
                read || todo_of(&step).contains("cannot be read after `db.commit`"),
                "{}",
                todo_of(&step)
            );
        }
    }
}

#[test]
fn guests_who_pay_are_told_of() {
    let route = "import { createClient } from \"@/lib/supabase\";\nimport { openai } from \"@/lib/openai\";\n\nexport async function POST(request: Request) {\n  const supabase = await createClient();\n  const { data: { user } } = await supabase.auth.getUser();\n  if (!user) return Response.json({}, { status: 401 });\n  const made = await openai.responses.create({ model: \"m\", input: user.id });\n  return Response.json({ text: made.output_text });\n}\n";
    let client = |guests: &str| {
        format!(
            "import {{ createServerClient }} from \"@supabase/ssr\";\n\nexport async function createClient() {{\n  const client = createServerClient(\"u\", \"k\", {{ cookies: {{}} }});\n{guests}  return client;\n}}\n"
        )
    };
    let package = r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "@supabase/ssr": "0.5", "openai": "6"}, "devDependencies": {"typescript": "5"}}"#;
    for (guests, told) in [("", false), ("  await client.auth.signInAnonymously();\n", true)] {
        let client = client(guests);
        let files = [
            ("package.json", package),
            ("tsconfig.json", "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}}}"),
            ("lib/supabase.ts", client.as_str()),
            ("lib/openai.ts", "import OpenAI from \"openai\";\nexport const openai = new OpenAI();\n"),
            ("app/ask/route.ts", route),
        ];
        let (step, text) = plan(&files, Area::Events, "app/ask/route.ts");
        assert!(text.contains("userId: user.id"), "{text}{}", todo_of(&step));
        assert_eq!(todo_of(&step).contains("`is_anonymous`"), told, "{}", todo_of(&step));
    }
}
