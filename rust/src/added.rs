//! Tokens that files beside tokenizer.json name (src/text/named_tokens.cpp).

use serde_json::Value;
use tokenizers::{AddedToken, Tokenizer};

use crate::{failed, Failure};

/// Adds `listed` and then `special`, lists of {content, lstrip, ...}. A listed token has an "id", which must
/// be the one it gets. Special tokens are left out of decoded texts; those that are there keep their
/// properties.
pub fn add(tokenizer: &mut Tokenizer, tokens: &Value) -> Result<(), Failure> {
    let list = |name: &str| tokens[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let special: Vec<AddedToken> = list("special").iter().map(read).collect();
    let mut wanted: Vec<AddedToken> = list("listed").iter().map(read).collect();
    let known = tokenizer.get_added_tokens_decoder();
    for token in special {
        let there = |other: &&mut AddedToken| other.content == token.content;
        if let Some(other) = wanted.iter_mut().find(there) {
            other.special = true;
            continue;
        }
        let own = known.values().find(|other| other.content == token.content).cloned();
        wanted.push(AddedToken { special: true, ..own.unwrap_or(token) });
    }
    wanted.retain(|token| !known.values().any(|other| other == token));
    if !wanted.is_empty() {
        tokenizer.add_tokens(wanted).map_err(failed)?;
    }
    for token in list("listed") {
        let (content, id) = (token["content"].as_str().unwrap_or(""), token["id"].as_u64());
        let own = tokenizer.token_to_id(content).map(u64::from);
        if let (Some(id), Some(own)) = (id, own.filter(|own| Some(*own) != id)) {
            return Err(Failure::Failed(format!(
                "the token {content:?} has the id {id} there, but gets {own} behind those of tokenizer.json"
            )));
        }
    }
    Ok(())
}

fn read(token: &Value) -> AddedToken {
    let flag = |name: &str| token[name].as_bool();
    let special = flag("special").unwrap_or(false);
    AddedToken::from(token["content"].as_str().unwrap_or(""), special)
        .single_word(flag("single_word").unwrap_or(false))
        .lstrip(flag("lstrip").unwrap_or(false))
        .rstrip(flag("rstrip").unwrap_or(false))
        .normalized(flag("normalized").unwrap_or(!special))
}
