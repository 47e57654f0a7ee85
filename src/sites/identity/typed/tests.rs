use crate::sites::identity::flow::tests::payers;

const GUARD: &str = "import jwt from \"jsonwebtoken\";
export const issue = (u: { id: string }) => jwt.sign({ id: u.id }, process.env.S!);
TYPES
export function signedIn(req: TYPE, res: Response, next: NextFunction) {
  try {
    const token = jwt.verify(String(req.headers.authorization), process.env.S!) as { id: string };
    req.user = { id: token.id };
    next();
  } catch {
    res.status(401).json({ error: \"signed out\" });
  }
}
";

/// The payer in a route with these parameters, where the guard has this type of a request.
fn payer(types: &str, of_type: &str, params: &str, more: &[(&str, &str)]) -> String {
    let manifest = "{\"name\": \"app\", \"dependencies\": {\"openai\": \"5\", \"express\": \"4\", \"jsonwebtoken\": \"9\", \"typescript\": \"5\"}}";
    let head = "import type { NextFunction, Request, Response } from \"express\";\n";
    let guard = format!("{head}{}", GUARD.replace("TYPES", types).replace("TYPE", of_type));
    let app = format!(
        "import express from \"express\";
import OpenAI from \"openai\";
import {{ signedIn, type SignedIn }} from \"./guard\";
const openai = new OpenAI();
const app = express();
app.post(\"/draft\", signedIn, async ({params}) => {{
  const made = await openai.chat.completions.create({{ model: \"m\", messages: [] }});
  res.json({{ made }});
}});
"
    );
    let files = [("package.json", manifest), ("src/guard.ts", guard.as_str()), ("src/app.ts", app.as_str())];
    let files: Vec<(&str, &str)> = files.iter().chain(more).copied().collect();
    payers(&files).join(" ")
}

const OWN: &str = "export interface SignedIn extends Request {\n  user?: { id: string };\n}";

#[test]
fn a_member_of_the_apps_own_type_is_only_there_where_that_type_is_said() {
    assert_eq!(payer(OWN, "SignedIn", "req, res", &[]), "-");
    assert_eq!(payer(OWN, "SignedIn", "req: Request, res", &[]), "-");
    assert_eq!(payer(OWN, "SignedIn", "req: SignedIn, res", &[]), "req.user!.id");
    assert_eq!(payer(OWN, "SignedIn", "req: any, res", &[]), "req.user.id");
}

#[test]
fn a_member_that_the_type_always_has_needs_no_mark() {
    let sure = "export type SignedIn = Request & { user: { id: string } };";
    assert_eq!(payer(sure, "SignedIn", "req: SignedIn, res", &[]), "req.user.id");
    assert_eq!(payer(sure, "SignedIn", "req: Request & { user: { id: string } }, res", &[]), "req.user.id");
}

#[test]
fn what_the_app_adds_to_the_frameworks_type_is_there_everywhere() {
    let added = |mark: &str| {
        format!(
            "declare global {{\n  namespace Express {{\n    interface Request {{\n      user{mark}: {{ id: string }};\n    }}\n  }}\n}}\nexport {{}};\n"
        )
    };
    assert_eq!(payer("", "Request", "req, res", &[("src/types/express.d.ts", &added(""))]), "req.user.id");
    assert_eq!(payer("", "Request", "req, res", &[("src/types/express.d.ts", &added("?"))]), "req.user!.id");
    let module = "import \"express\";\ndeclare module \"express\" {\n  interface Request {\n    user: { id: string };\n  }\n}\n";
    assert_eq!(payer("", "Request", "req, res", &[("src/types.ts", module)]), "req.user.id");
}
