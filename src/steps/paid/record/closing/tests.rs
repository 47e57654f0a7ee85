//! Ways in which a FastAPI route sends a stream that is metered.

use crate::steps::Area;
use crate::steps::paid::tests::plan;

const REQUIREMENTS: (&str, &str) = ("requirements.txt", "fastapi\nopenai\npyjwt\n");
const AUTH: (&str, &str) = (
    "auth.py",
    "import jwt\nfrom fastapi.security import OAuth2PasswordBearer\nfrom fastapi import Depends\n\noauth = OAuth2PasswordBearer(tokenUrl=\"t\")\n\n\ndef sign(user_id: str) -> str:\n    return jwt.encode({\"sub\": user_id}, \"s\")\n\n\ndef current_user_id(token: str = Depends(oauth)) -> str:\n    return jwt.decode(token, \"s\")[\"sub\"]\n",
);
const HEAD: &str = "from fastapi import BackgroundTasks, Depends, FastAPI\nfrom fastapi.responses import StreamingResponse\nfrom openai import OpenAI\n\nfrom auth import current_user_id\n\napp = FastAPI()\nclient = OpenAI()\n\n\ndef words(chunks):\n    for chunk in chunks:\n        yield chunk.choices[0].delta.content or \"\"\n\n\n@app.post(\"/ask\")\n";
const MAKE: &str = "stream = client.chat.completions.create(model=\"m\", messages=[], stream=True)\n";

/// The route after the step, without what is above it.
fn route(body: &str) -> String {
    let main = format!("{HEAD}{}", body.replace("MAKE\n", MAKE));
    let (_, text) = plan(&[REQUIREMENTS, AUTH, ("main.py", &main)], Area::Events, "main.py");
    assert!(text.contains("metered = meter_chat_completion("), "not metered at all: {text}");
    text
}

#[test]
fn what_reads_the_metered_stream_is_closed_with_the_response() {
    let text = route(
        "def ask(user_id: str = Depends(current_user_id)):\n    MAKE\n    return StreamingResponse(words(stream), media_type=\"text/plain\")\n",
    );
    let sent = "    return StreamingResponse(\n        words(metered),\n        media_type=\"text/plain\",\n        background=BackgroundTask(metered.close),\n    )\n";
    assert!(text.contains(sent), "{text}");
    assert!(
        text.contains("from openai import OpenAI\nfrom starlette.background import BackgroundTask\n"),
        "{text}"
    );
}

#[test]
fn a_stream_that_gets_a_name_on_the_way_is_found() {
    let text = route(
        "def ask(user_id: str = Depends(current_user_id)):\n    MAKE\n    lines = words(stream)\n    return StreamingResponse(lines)\n",
    );
    assert!(text.contains("    lines = words(metered)\n    return StreamingResponse(lines, background=BackgroundTask(metered.close))\n"), "{text}");
}

#[test]
fn a_generator_that_meters_is_named_and_closed() {
    let generator = "def ask(user_id: str = Depends(current_user_id)):\n    def generate():\n        MAKE\n        for chunk in stream:\n            yield chunk.choices[0].delta.content or \"\"\n\n";
    let made =
        route(&format!("{generator}    return StreamingResponse(generate(), media_type=\"text/plain\")\n"));
    assert!(
        made.contains("    pieces = generate()\n    return StreamingResponse(\n        pieces,\n        media_type=\"text/plain\",\n        background=BackgroundTask(pieces.close),\n    )\n"),
        "{made}"
    );
    let named = route(&format!("{generator}    answer = generate()\n    return StreamingResponse(answer)\n"));
    assert!(
        named.contains("    answer = generate()\n    return StreamingResponse(answer, background=BackgroundTask(answer.close))\n"),
        "{named}"
    );
}

#[test]
fn what_the_handler_runs_afterwards_anyway_is_kept() {
    let text = route(
        "def ask(tasks: BackgroundTasks, user_id: str = Depends(current_user_id)):\n    tasks.add_task(print)\n    MAKE\n    return StreamingResponse(words(stream))\n",
    );
    assert!(
        text.contains("    tasks.add_task(metered.close)\n    return StreamingResponse(words(metered))\n"),
        "{text}"
    );
    assert!(!text.contains("BackgroundTask("), "{text}");
    let own = route(
        "def ask(user_id: str = Depends(current_user_id)):\n    MAKE\n    return StreamingResponse(words(stream), background=later)\n",
    );
    assert!(own.contains("    return StreamingResponse(words(metered), background=later)\n"), "{own}");
}

#[test]
fn a_generator_of_a_service_is_closed_where_its_response_is() {
    let service = format!(
        "from openai import OpenAI\n\nclient = OpenAI()\n\n\ndef answer(user_id: str):\n    {MAKE}    for chunk in stream:\n        yield chunk.choices[0].delta.content or \"\"\n"
    );
    let main = "from fastapi import Depends, FastAPI\nfrom fastapi.responses import StreamingResponse\n\nfrom auth import current_user_id\nfrom service import answer\n\napp = FastAPI()\n\n\n@app.post(\"/ask\")\ndef ask(user_id: str = Depends(current_user_id)):\n    return StreamingResponse(answer(user_id))\n";
    let files = [REQUIREMENTS, AUTH, ("service.py", service.as_str()), ("main.py", main)];
    let (_, text) = plan(&files, Area::Events, "service.py");
    assert!(text.contains("    for chunk in metered:\n"), "{text}");
    let (_, text) = plan(&files, Area::Events, "main.py");
    assert!(
        text.contains("    pieces = answer(user_id)\n    return StreamingResponse(pieces, background=BackgroundTask(pieces.close))\n"),
        "{text}"
    );
}

#[test]
fn an_asynchronous_stream_is_left_to_its_server_which_cancels_it() {
    let main = "from fastapi import Depends, FastAPI\nfrom fastapi.responses import StreamingResponse\nfrom openai import AsyncOpenAI\n\nfrom auth import current_user_id\n\napp = FastAPI()\nclient = AsyncOpenAI()\n\n\n@app.post(\"/ask\")\nasync def ask(user_id: str = Depends(current_user_id)):\n    async def generate():\n        stream = await client.chat.completions.create(model=\"m\", messages=[], stream=True)\n        async for chunk in stream:\n            yield chunk.choices[0].delta.content or \"\"\n\n    return StreamingResponse(generate())\n";
    let (_, text) = plan(&[REQUIREMENTS, AUTH, ("main.py", main)], Area::Events, "main.py");
    assert!(text.contains("        async for chunk in metered:\n"), "{text}");
    assert!(text.contains("    return StreamingResponse(generate())\n"), "{text}");
}
