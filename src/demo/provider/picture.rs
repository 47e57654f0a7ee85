//! A picture of a prompt: a landscape whose colours and hills follow from the words, with the words below it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The longest caption.
const CAPTION: usize = 48;

/// The picture as an address that needs no server.
pub(super) fn data_url(prompt: &str, number: u64) -> String {
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(draw(prompt, number)))
}

fn draw(prompt: &str, number: u64) -> String {
    let seed: [u8; 32] = Sha256::digest(format!("{prompt}/{number}")).into();
    let hue = u32::from(seed[0]) * 360 / 256;
    let sun = (96 + u32::from(seed[1]) * 320 / 256, 110 + u32::from(seed[2]) * 90 / 256);
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 512 512' width='512' height='512'>\
         <defs><linearGradient id='s' x1='0' y1='0' x2='0' y2='1'><stop offset='0' stop-color='hsl({hue} 62% 34%)'/>\
         <stop offset='1' stop-color='hsl({} 78% 78%)'/></linearGradient></defs>\
         <rect width='512' height='512' fill='url(#s)'/><circle cx='{}' cy='{}' r='46' fill='hsl({} 90% 86%)'/>",
        (hue + 40) % 360,
        sun.0,
        sun.1,
        (hue + 50) % 360,
    );
    for (layer, heights) in seed[3..].chunks_exact(6).take(3).enumerate() {
        let base = 300 + 62 * layer as u32;
        let mut path = "M0 512".to_owned();
        for (at, height) in heights.iter().enumerate() {
            let (x, y) = (at as u32 * 512 / 5, base + u32::from(*height) * 70 / 256);
            write!(path, " L{x} {y}").expect("writing to a String cannot fail");
        }
        write!(svg, "<path d='{path} L512 512 Z' fill='hsl({hue} 38% {}%)'/>", 34 - 9 * layer)
            .expect("writing to a String cannot fail");
    }
    let caption: String = prompt.chars().take(CAPTION).collect();
    svg + &format!(
        "<text x='256' y='482' text-anchor='middle' font-family='Georgia, serif' font-size='19' fill='#fff'>{}</text></svg>",
        escape(&caption)
    )
}

fn escape(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    visible.collect::<String>().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_text_and_never_markup() {
        let svg = draw("<script>alert(1)</script> & more", 0);
        assert!(svg.contains("&lt;script&gt;") && !svg.contains("<script"));
        assert_eq!(draw("a", 0), draw("a", 0));
        assert_ne!(draw("a", 0), draw("a", 1));
    }
}
