use serde_json::{Value, json};

use super::Provider;

async fn ask(path: &str, body: Value) -> String {
    let provider = Provider::start().await.unwrap();
    let http = crate::credyt::http_builder().build().unwrap();
    let address = format!("{}{path}", provider.url());
    let request = http.post(address).header("content-type", "application/json").body(body.to_string());
    request.send().await.unwrap().text().await.unwrap()
}

/// The `data:` lines of a stream.
fn events(stream: &str) -> Vec<Value> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[tokio::test]
async fn a_chat_completion_streams_what_it_says_whole_and_counts_the_same_tokens() {
    let asked = json!({"model": "m", "messages": [{"role": "user", "content": "A lighthouse, please"}]});
    let whole: Value =
        serde_json::from_str(&ask("/openai/v1/chat/completions", asked.clone()).await).unwrap();
    let said = whole["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(said.contains("A lighthouse, please"));

    let mut streamed = asked;
    streamed["stream"] = json!(true);
    streamed["stream_options"] = json!({"include_usage": true});
    let text = ask("/openai/v1/chat/completions", streamed).await;
    let events = events(&text);
    let pieces: String =
        events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(pieces, said);
    assert_eq!(events.last().unwrap()["usage"], whole["usage"]);
    assert!(text.trim_end().ends_with("data: [DONE]"));
}

#[tokio::test]
async fn a_message_streams_in_named_events_with_its_usage_at_the_end() {
    let part = json!([{"type": "text", "text": "A kettle"}]);
    let asked = json!({"model": "m", "system": "Be brief", "messages": [{"role": "user", "content": part}]});
    let whole: Value = serde_json::from_str(&ask("/anthropic/v1/messages", asked.clone()).await).unwrap();
    let said = whole["content"][0]["text"].as_str().unwrap();
    assert!(said.contains("A kettle"));
    let mut streamed = asked;
    streamed["stream"] = json!(true);
    let text = ask("/anthropic/v1/messages", streamed).await;
    let events = events(&text);
    let pieces: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    assert_eq!(pieces, said);
    assert_eq!(events[0]["message"]["usage"]["input_tokens"], whole["usage"]["input_tokens"]);
    let usage = &events.iter().find(|event| event["type"] == "message_delta").unwrap()["usage"];
    assert_eq!(usage["output_tokens"], whole["usage"]["output_tokens"]);
    assert!(text.contains("event: message_stop"));
}

#[tokio::test]
async fn a_prediction_is_ready_at_once_with_as_many_pictures_as_wanted() {
    let asked = json!({"input": {"prompt": "a fox", "num_outputs": 2}});
    let made: Value =
        serde_json::from_str(&ask("/replicate/v1/models/a/b/predictions", asked).await).unwrap();
    assert_eq!(made["status"], "succeeded");
    let pictures = made["output"].as_array().unwrap();
    assert!(
        pictures.len() == 2
            && pictures.iter().all(|p| p.as_str().unwrap().starts_with("data:image/svg+xml;base64,"))
    );
    let asked = json!({"input": {"image": "data:,x"}});
    let made: Value = serde_json::from_str(&ask("/replicate/v1/predictions", asked).await).unwrap();
    assert!(made["output"].is_string(), "a changed picture is one, not a list");
}
